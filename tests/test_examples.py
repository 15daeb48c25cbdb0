"""Every example runs, quickly, and does better than what it is shown beside."""

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
MARGIN = {
    "state_detection": 5.0,  # minutes sooner
    "video_classification": 0.2,  # of accuracy
    "image_captioning": 0.2,  # of captions
    "game_play": 0.3,  # of games
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MARGIN)
def test_the_example_beats_its_baseline(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ours, theirs = module.main(quick=True)
    assert ours > theirs + MARGIN[name]
    assert len(capsys.readouterr().out.splitlines()) >= 3


def test_every_example_is_tested() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(MARGIN)
