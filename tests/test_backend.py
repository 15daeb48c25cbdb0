"""The process in which networks work: a fork of it is refused before it would wait for ever."""

import subprocess
import sys

CODE = """
import os, sys
import numpy as np
from recurra import SequenceForecaster
from recurra.errors import RecurraError

series = np.sin(np.arange(120))
forecaster = SequenceForecaster(window=4, horizon=2, units=2, epochs=1)
{before}
child = os.fork()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
try:
    {asked}
    print("answered")
except RecurraError as error:
    print(error)
sys.stdout.flush()
os._exit(0)
"""
ASKED = ("forecaster.fit(series)", "forecaster.predict(series[:4][None])")


def said_in_a_fork(before: str, asked: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", CODE.format(before=before, asked=asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_fork_of_a_process_where_a_network_worked_is_refused_to_fit_and_to_predict() -> None:
    for asked in ASKED:
        said = said_in_a_fork("forecaster.fit(series)", asked)
        assert said.startswith("networks work in the process that they began in")
        assert "get_context('spawn')" in said
        assert len(said.splitlines()) == 1


def test_a_fork_of_a_process_where_no_network_worked_yet_answers() -> None:
    assert said_in_a_fork("", f"{ASKED[0]}; {ASKED[1]}") == "answered\n"
