"""`w50 demo`: the main job on the sample contacts, against a sandbox that lives as long as the command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import click

from target_w50.cli.demo.child_programs import own_program
from target_w50.cli.demo.printout import DemoRun, print_report, print_start
from target_w50.cli.demo.sample_data import SINGER_FILE, sample_data_folder
from target_w50.cli.demo.sandbox_process import running_sandbox
from target_w50.cli.output import console
from target_w50.w50 import MEDIA_TYPES

TOKEN = "demo-token"  # noqa: S105  # of a sandbox that lives for seconds
CONTACT_LIST = "Newsletter"
TARGET = own_program("target_w50")


@click.command(
    "demo",
    short_help="Sample contacts into a sandbox, shown readably.",
    epilog="Example: w50 demo --media-type application/xml",
)
@click.option(
    "--media-type",
    type=click.Choice(MEDIA_TYPES),
    default=MEDIA_TYPES[0],
    show_default=True,
    help="What is spoken with the sandbox.",
)
@click.option(
    "--keep", is_flag=True, help="Keep the configuration, state, metrics and log, and say where they are."
)
def demo_command(media_type: str, *, keep: bool) -> int:
    """Send the sample contacts through the real target-w50 program to a local sandbox.

    Shows what was created, updated and refused, the state and the metrics. Nothing leaves this machine. The
    exit status is the target's.
    """
    return demo(media_type=media_type, keep=keep)


def demo(*, media_type: str, keep: bool) -> int:
    """Run the demo.

    Args:
        media_type: what is spoken with the sandbox.
        keep: whether the files of the run stay.

    Returns:
        The exit status of `target-w50`.
    """
    sample = sample_data_folder() / SINGER_FILE
    folder = Path(tempfile.mkdtemp(prefix="w50-demo-"))
    out = console()
    try:
        with running_sandbox("--job-seconds", "0.3", token=TOKEN) as sandbox:
            config = _config(sandbox.url, folder, media_type)
            (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
            print_start(out, sandbox.url, sample, config)
            exit_status = _run_target(folder, sample)
            print_report(out, DemoRun.read(folder, sandbox.contents(), exit_status))
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if keep:
        out.print(f"\nConfiguration, state, metrics and log are kept in {folder}")
    return exit_status


def _config(api_url: str, folder: Path, media_type: str) -> dict[str, Any]:
    return {
        "api_url": api_url,
        "auth_token": TOKEN,
        "streams": [{"stream": "contacts", "contact_list": CONTACT_LIST, "match_fields": ["Email"]}],
        "media_type": media_type,
        # Small import jobs, so that a run of a few hundred contacts shows more than one.
        "max_contacts_per_job": 120,
        "poll_interval_s": 0.2,
        "metrics_path": str(folder / "metrics.singer"),
        "journal": str(folder / "journal.db"),
    }


def _run_target(folder: Path, sample: Path) -> int:
    """Run the program as a tap would; a death by signal N counts as 128 + N."""
    # A proxy that the environment names must not get between the target and a loopback address.
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    with (
        sample.open("rb") as messages,
        (folder / "state.jsonl").open("wb") as state,
        (folder / "target.log").open("wb") as log,
    ):
        process = subprocess.run(  # noqa: S603  # our own program
            [*TARGET, "--config", str(folder / "config.json")],
            stdin=messages,
            stdout=state,
            stderr=log,
            env=environment,
            check=False,
        )
    return process.returncode if process.returncode >= 0 else 128 - process.returncode
