"""`make demo-meltano`: the job of `meltano.yml` against a sandbox, and the state that Meltano keeps of it."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from dev.meltano_project import JOB, STATE_ID, MeltanoProject
from target_w50.cli.demo.sandbox_process import running_sandbox

TOKEN = "demo-token"  # noqa: S105  # of a sandbox that lives for seconds
LOG_LINES = 12
LINE_LENGTH = 180


def demo(home: Path) -> int:
    """Run the job once and show what came of it.

    Args:
        home: folder for Meltano's database and the metrics of this run.

    Returns:
        Meltano's exit status.
    """
    with running_sandbox(token=TOKEN) as sandbox:
        project = MeltanoProject(home=home, api_url=sandbox.url, auth_token=TOKEN)
        print(f"Sandbox  a W50 on this machine alone, at {sandbox.url}")
        print(f"Running  meltano run {JOB}")
        run = project.meltano("run", JOB)
        if run.returncode:
            print(run.stderr)
            return run.returncode
        print("The end of Meltano's log:")
        for line in run.stderr.splitlines()[-LOG_LINES:]:
            print(f"  {line if len(line) <= LINE_LENGTH else line[:LINE_LENGTH] + ' ...'}")
        for contact_list in sandbox.contents()["Lists"]:
            name, count = contact_list["Name"], contact_list["Count"]
            print(f"W50      contact list {name}: {count} contacts")
        print(f"State    meltano state get {STATE_ID}")
        print(json.dumps(project.state(), indent=2))
    return 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="w50-meltano-") as folder:
        sys.exit(demo(Path(folder)))
