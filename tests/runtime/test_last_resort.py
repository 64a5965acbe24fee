"""Signals that end a program which the interpreter can't end any more, and those that need not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

BEGIN = """
import ctypes, os, signal, sys
sys.path.insert(0, sys.argv[1])
number = signal.Signals(int(sys.argv[2]))
from target_w50.runtime import last_resort
last_resort.PATIENCE_S = 0.5
hold_the_interpreter = ctypes.PyDLL(None).usleep
"""
WATCHED = """
from target_w50.runtime.signals import Watch
from target_w50.runtime.stop import Stop
stop = Stop()
Watch(stop, 2, lambda _: None).start()
"""
ALONE = """
signal.signal(number, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, {number})
only = last_resort.LastResort({number})
only.start()
"""
HOLD = "hold_the_interpreter(600_000_000)\n"
HOLD_FOR_A_WHILE = "hold_the_interpreter(700_000)\n"
SIGNAL_MYSELF = "os.kill(os.getpid(), number)\n"
LEARN = "assert signal.sigwait({number}) is number; only.put_off(); only.end_with(number)\n"
SIGNS_OF_LIFE = "import time\nfor _ in range(100): time.sleep(0.01); only.put_off()\n"
SAY = "print('goes on', flush=True)\n"

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])


def ran(number: signal.Signals, *steps: str) -> tuple[int, str]:
    """The status and the words of a program of these steps."""
    command = [sys.executable, "-c", BEGIN + "".join(steps), str(REPOSITORY), str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


@SIGNALS
def test_a_signal_that_nobody_can_learn_of_ends_the_program(number: signal.Signals) -> None:
    in_a_moment = (
        "os.posix_spawn('/bin/sh', ['sh', '-c', f'sleep 0.2; kill -{number:d} {os.getpid()}'], {})\n"
    )
    assert ran(number, WATCHED, in_a_moment, HOLD) == (-number, "")


@SIGNALS
def test_a_signal_that_was_learned_of_ends_a_program_that_hangs_later(number: signal.Signals) -> None:
    assert ran(number, ALONE, SIGNS_OF_LIFE, SAY, SIGNAL_MYSELF, LEARN, HOLD) == (-number, "goes on\n")


def test_no_signal_and_no_sign_of_life_ends_nothing() -> None:
    assert ran(signal.SIGTERM, ALONE, HOLD_FOR_A_WHILE, HOLD_FOR_A_WHILE, SAY) == (0, "goes on\n")


def test_a_signal_waits_while_there_are_signs_of_life() -> None:
    """Whoever learns of it ends the program in good order."""
    steps = (ALONE, SIGNS_OF_LIFE, SIGNAL_MYSELF, SIGNS_OF_LIFE, SAY, "os._exit(3)")
    assert ran(signal.SIGTERM, *steps) == (3, "goes on\n")
