"""The arithmetic of the page to learn from, in a browser, beside `recurra.cells` and JAX."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from recurra.cells import CELLS, Weights, bias_shape
from recurra.studio.learn import bundled

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
NEEDS = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to run the arithmetic")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--dump-dom",
]
FEATURES, UNITS, TIMESTEPS, CLASSES = 3, 4, 6, 5
EXACT = {"rtol": 1e-12, "atol": 1e-12}
WAYS = [(name, biased) for name in CELLS for biased in (True, False)]


def in_browser(script: str, given: Any, folder: Path) -> Any:
    """Run a script after the modules; give the object that it calls `found`."""
    page = folder / "page.html"
    code = f"{bundled('cells.js', 'training.js')}\nconst given = {json.dumps(given)};\n{script}"
    page.write_text(
        f'<meta charset="utf-8"><pre></pre><script type="module">{code}\n'
        'document.querySelector("pre").textContent = JSON.stringify(found);</script>',
        "utf-8",
    )
    run = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=300,
    )
    (said,) = re.findall("<pre>(.*?)</pre>", run.stdout, re.DOTALL)
    assert said, run.stderr[-2000:]
    return json.loads(unescape(said))


def weights_of(name: str, biased: bool, seed: int) -> Weights:
    """Random weights, other ones for each gate; the kernels are far from symmetric."""
    draw, cell = np.random.default_rng(seed), CELLS[name]
    columns = cell.gates * UNITS
    bias = draw.normal(size=bias_shape(cell, columns)) if biased else None
    return Weights(
        draw.normal(size=(FEATURES, columns)), draw.normal(size=(UNITS, columns)) * 0.7, bias
    )


def flat(array: Any) -> list[float] | None:
    return None if array is None else np.asarray(array).ravel().tolist()


def spoken(weights: Weights) -> dict[str, Any]:
    """Weights as the page has them."""
    named = {name: flat(array) for name, array in weights._asdict().items()}
    return {"features": FEATURES, "units": UNITS, **named}


REVIVED = """
const weightsOf = (each) => ({ ...each, kernel: Float64Array.from(each.kernel),
  recurrent_kernel: Float64Array.from(each.recurrent_kernel),
  bias: each.bias && Float64Array.from(each.bias) });
const plain = (value) => ArrayBuffer.isView(value) ? [...value]
  : Array.isArray(value) ? value.map(plain)
  : value && typeof value === "object"
    ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)])) : value;
"""


@pytest.fixture(scope="module")
def there_and_back(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, Any, Any]]:
    """What is given for each cell, and what the browser makes of it."""
    draw = np.random.default_rng(7)
    cases, weights = [], []
    for number, (name, biased) in enumerate(WAYS):
        cell = CELLS[name]
        weights.append(weights_of(name, biased, number))
        cases.append(
            {
                "name": name,
                "weights": spoken(weights[-1]),
                "inputs": draw.normal(size=(TIMESTEPS, FEATURES)).tolist(),
                "start": draw.normal(size=(cell.states, UNITS)).tolist(),
                "said": draw.normal(size=(TIMESTEPS, UNITS)).tolist(),
            }
        )
    script = """
    const found = given.map((each) => {
      const weights = weightsOf(each.weights);
      const start = each.start.map((part) => Float64Array.from(part));
      const inputs = each.inputs.map((x) => Float64Array.from(x));
      const steps = forward(each.name, inputs, weights, start);
      return plain({ steps, back: backward(each.name, steps, each.said, weights) });
    });"""
    found = in_browser(REVIVED + script, cases, tmp_path_factory.mktemp("cells"))
    return list(zip(cases, weights, found, strict=True))


@NEEDS
def test_every_gate_and_state_in_the_browser_is_that_of_the_textbook_cell(
    there_and_back: list[tuple[Any, Any, Any]],
) -> None:
    for case, weights, found in there_and_back:
        cell = CELLS[case["name"]]
        state = tuple(np.array([part]) for part in case["start"])
        assert len(found["steps"]) == TIMESTEPS
        for x, made in zip(case["inputs"], found["steps"], strict=True):
            gates = cell.gates_of(np.array([x]), state, weights)
            assert "".join(made["gates"]) == "".join(gates) == cell.letters
            for letter, value in gates.items():
                np.testing.assert_allclose(made["gates"][letter], value[0], **EXACT)
            state = cell.step(np.array([x]), state, weights)
            np.testing.assert_allclose(made["after"], [part[0] for part in state], **EXACT)


@NEEDS
def test_gradients_through_time_in_the_browser_are_those_of_jax(
    there_and_back: list[tuple[Any, Any, Any]],
) -> None:
    with jax.enable_x64(True):
        for case, weights, found in there_and_back:
            cell, said = CELLS[case["name"]], jnp.array(case["said"])

            def total(
                weights: Any, inputs: Any, start: Any, cell: Any = cell, said: Any = said
            ) -> Any:
                state, sum_ = tuple(part[None] for part in start), 0.0
                for x, slopes in zip(inputs, said, strict=True):
                    state = cell.step(x[None], state, weights)
                    sum_ = sum_ + (state[0][0] * slopes).sum()
                return sum_

            given = (
                Weights(*(None if w is None else jnp.array(w) for w in weights)),
                jnp.array(case["inputs"]),
                jnp.array(case["start"]),
            )
            wanted, inputs, start = jax.grad(total, argnums=(0, 1, 2))(*given)
            back = found["back"]
            np.testing.assert_allclose(back["inputs"], inputs, **EXACT)
            np.testing.assert_allclose(back["start"], start, **EXACT)
            for name, array in wanted._asdict().items():
                assert (array is None) == (back["gradients"][name] is None)
                if array is not None:
                    np.testing.assert_allclose(back["gradients"][name], flat(array), **EXACT)


@NEEDS
def test_the_loss_its_gradients_and_steps_of_adam_in_the_browser_are_those_of_jax_and_keras(
    tmp_path: Path,
) -> None:
    draw = np.random.default_rng(3)
    weights = weights_of("lstm", True, 5)
    dense = draw.normal(size=(UNITS, CLASSES)), draw.normal(size=CLASSES)
    inputs = draw.normal(size=(2, TIMESTEPS, FEATURES))
    targets = draw.integers(-1, CLASSES, size=(2, TIMESTEPS))
    given = {
        "cell": spoken(weights),
        "dense": [flat(array) for array in dense],
        "rows": [
            {"inputs": x.tolist(), "targets": y.tolist()}
            for x, y in zip(inputs, targets, strict=True)
        ],
    }
    script = f"""
    const net = {{ name: "lstm", classes: {CLASSES}, cell: weightsOf(given.cell), dense: {{
      kernel: Float64Array.from(given.dense[0]), bias: Float64Array.from(given.dense[1]) }} }};
    const first = plain(lossOf(net, given.rows));
    const move = adam(net, {{ rate: 0.01, clip: 0.5 }});
    const norms = [1, 2, 3].map(() => move(lossOf(net, given.rows).gradients));
    const found = {{ first, norms, after: plain([net.cell.kernel, net.cell.recurrent_kernel,
      net.cell.bias, net.dense.kernel, net.dense.bias]) }};"""
    found = in_browser(REVIVED + script, given, tmp_path)
    with jax.enable_x64(True):

        def loss(kernel: Any, recurrent: Any, bias: Any, over: Any, added: Any) -> Any:
            state = (jnp.zeros((2, UNITS)), jnp.zeros((2, UNITS)))
            total = 0.0
            for t in range(TIMESTEPS):
                state = CELLS["lstm"].step(inputs[:, t], state, Weights(kernel, recurrent, bias))
                logs = jax.nn.log_softmax(state[0] @ over + added)
                asked = targets[:, t] >= 0
                total = total - (logs[jnp.arange(2), targets[:, t]] * asked).sum()
            return total / (targets >= 0).sum()

        values = [jnp.array(each) for each in (*weights, *dense)]
        wanted, slopes = jax.value_and_grad(loss, argnums=range(5))(*values)
        np.testing.assert_allclose(found["first"]["loss"], wanted, **EXACT)
        given_back = found["first"]["gradients"]
        for where, name, slope in zip(
            ("cell", "cell", "cell", "dense", "dense"),
            ("kernel", "recurrent_kernel", "bias", "kernel", "bias"),
            slopes,
            strict=True,
        ):
            np.testing.assert_allclose(given_back[where][name], flat(slope), **EXACT)
        means = [0.0 * each for each in values]
        squares = [0.0 * each for each in values]
        for step in (1, 2, 3):  # the rule as Keras writes it, of gradients clipped by their norm
            slopes = jax.grad(loss, argnums=range(5))(*values)
            norm = jnp.sqrt(sum((each**2).sum() for each in slopes))
            np.testing.assert_allclose(found["norms"][step - 1], norm, rtol=1e-10)
            size = 0.01 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            for n, slope in enumerate(slopes):
                clipped = slope * min(1.0, 0.5 / norm)
                means[n] = means[n] + (clipped - means[n]) * 0.1
                squares[n] = squares[n] + (clipped**2 - squares[n]) * 0.001
                values[n] = values[n] - size * means[n] / (jnp.sqrt(squares[n]) + 1e-7)
        for array, value in zip(found["after"], values, strict=True):
            np.testing.assert_allclose(array, flat(value), rtol=1e-9, atol=1e-11)
