"""What a saved model remembers of texts and numbers, without Keras."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recurra import SequenceClassifier, runtime
from recurra.errors import SettingsError
from recurra.inside import look_inside
from recurra.runtime.memory import remembered, unit_habits

TEXTS = [f"{who} {what} 7" for who in ("ann", "bob", "cho", "Dae") for what in ("won", "slept")] * 5


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[SequenceClassifier, Path]:
    labels = ["yes" if "won" in text else "no" for text in TEXTS]
    model = SequenceClassifier("gru", epochs=1, members=1).fit(TEXTS, labels)
    model.save(folder := tmp_path_factory.mktemp("memory") / "model")
    return model, folder


def test_states_of_a_saved_model_are_those_that_the_network_in_keras_has(saved: Any) -> None:
    model, folder = saved
    text = "Dae won 7 ann"
    inside, found = look_inside(model, text), remembered(runtime.load(folder), text)
    assert found.steps == inside.tokens
    assert found.of == inside.of == "yes"
    assert found.trace.answer == pytest.approx(inside.score, abs=1e-6)
    (reading,), (layer,) = inside.readings, found.trace.layers
    assert list(layer.values) == list(reading.values)
    for letter, values in reading.values.items():
        np.testing.assert_allclose(layer.values[letter], values, atol=1e-5)


def test_leaving_out_what_moves_the_answer_changes_it(saved: Any) -> None:
    model = runtime.load(saved[1])
    found = remembered(model, "ann won 7")
    assert (found.trace.moves > 0).all()
    assert len(found.trace.moves) == 3


def test_a_unit_is_shown_where_it_is_highest(saved: Any) -> None:
    model = runtime.load(saved[1])
    habits = unit_habits(model, [*TEXTS[:8], ""])
    states = [remembered(model, text).trace.layers[0].values["h"] for text in TEXTS[:8]]
    assert len(habits) == states[0].shape[1]
    for habit in habits[:5]:
        best = max(range(8), key=lambda n: float(states[n][:, habit.unit].max()))
        first = habit.on[0]
        assert first.row == best
        assert first.steps == TEXTS[best].split()
        np.testing.assert_array_equal(first.values, states[best][:, habit.unit])
        assert [s.values.max() for s in habit.on] == sorted(
            (s.values.max() for s in habit.on), reverse=True
        )
        sevens = np.mean([each[2, habit.unit] for each in states])
        assert dict(habit.tokens)["7"] == pytest.approx(sevens)
        assert -1 <= habit.keeps <= 1


def test_a_unit_that_counts_steps_is_said_to_follow_the_position() -> None:
    from recurra.runtime.memory import _followed

    position = np.arange(9.0)
    things = {"length": np.array([3, 1, 4, 1, 5, 9, 2, 6, 5.0]), "position": position}
    assert _followed(2 - position, things) == ("position", pytest.approx(-1))


def test_nothing_to_read_is_told(saved: Any) -> None:
    model = runtime.load(saved[1])
    with pytest.raises(SettingsError, match="must have a step"):
        remembered(model, "")
    with pytest.raises(SettingsError, match="reads no step"):
        unit_habits(model, ["", " "])


def test_memory_is_shown_without_keras_or_jax(saved: Any) -> None:
    code = f"""
import sys
from recurra import runtime
from recurra.runtime.memory import unit_habits
unit_habits(runtime.load({str(saved[1])!r}), ["ann won 7"])
print(sorted({{"keras", "jax", "sklearn", "pandas"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
