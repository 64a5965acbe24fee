"""Standard output carries state lines and nothing else, whoever prints."""

from __future__ import annotations

from pathlib import Path

from target_w50.sandbox import Sandbox
from tests.support import record, run_target, schema, settings, state

PRINTS_EVERYWHERE = """
import atexit, os, subprocess, sys

print("printed before the program begins")
sys.stdout.write("held back, without a line end ")
atexit.register(print, "printed at the end")

import requests

send = requests.adapters.HTTPAdapter.send

def talkative(*args, **kwargs):
    print("printed by a library, in whatever thread")
    sys.__stdout__.write("written past sys.stdout\\n")
    os.write(1, b"written to the descriptor\\n")
    subprocess.run(["echo", "written by a child"])
    return send(*args, **kwargs)

requests.adapters.HTTPAdapter.send = talkative
"""


def test_nothing_but_states_comes_out_even_when_a_library_prints(sandbox: Sandbox, tmp_path: Path) -> None:
    """Python imports `sitecustomize` before all else: it stands for a library that talks."""
    (tmp_path / "sitecustomize.py").write_text(PRINTS_EVERYWHERE)
    messages = [schema(), record(1), state(1), record(2), state(2)]
    config = settings(sandbox, max_contacts_per_job=1)
    # Unbuffered, what is printed before the program begins is gone before it can do anything about it.
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONUNBUFFERED": ""}
    finished = run_target(tmp_path, config, messages, environment=environment)
    assert (finished.status, finished.bookmarks) == (0, [1, 2])
    for words in (
        "printed before the program begins",
        "held back",
        "printed by a library",
        "written past",
        "written to the descriptor",
        "written by a child",
        "printed at the end",
    ):
        assert words in finished.stderr


def test_a_program_that_is_refused_its_settings_prints_nothing_on_standard_output(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    finished = run_target(tmp_path, settings(sandbox, nonsense=1), [schema()])
    assert (finished.status, finished.stdout) == (2, "")


def test_a_state_line_larger_than_a_pipe_comes_out_whole(sandbox: Sandbox, tmp_path: Path) -> None:
    large = "x" * 300_000
    finished = run_target(tmp_path, settings(sandbox), [schema(), record(1), state(large)])
    assert (finished.status, finished.bookmarks) == (0, [large])
