"""`make demo-meltano`: the job of `meltano.yml` against a sandbox, and the state that Meltano keeps of it.

Then once more as in a container without a disk: metrics and quarantine go to an S3 server on this machine,
and the report is made from there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dev.meltano_project import JOB, REPOSITORY, STATE_ID, MeltanoProject
from dev.s3_server import BUCKET, S3Server
from target_w50.cli.demo.sandbox_process import running_sandbox

TOKEN = "demo-token"  # noqa: S105  # of a sandbox that lives for seconds
LOG_LINES = 12
LINE_LENGTH = 180
W50 = Path(sys.executable).with_name("w50")
METRICS = f"s3://{BUCKET}/metrics/{{run_id}}.singer"
QUARANTINE = f"s3://{BUCKET}/quarantine/{{run_id}}.singer"
WITHOUT_ADDRESS = {"customer_id": 999, "first_name": "Nobody"}
"""A contact that the tap reads as well, and that no one can be matched with."""


def demo(home: Path) -> int:
    """Run the job once and show what came of it, then with outputs at URLs.

    Args:
        home: folder for Meltano's databases and the metrics of the first run.

    Returns:
        The exit status of what failed first, or 0.
    """
    with running_sandbox(token=TOKEN) as sandbox:
        project = MeltanoProject(home=home, api_url=sandbox.url, auth_token=TOKEN)
        print(f"Sandbox  a W50 on this machine alone, at {sandbox.url}")
        status = run(project)
        if status:
            return status
        for contact_list in sandbox.contents()["Lists"]:
            name, count = contact_list["Name"], contact_list["Count"]
            print(f"W50      contact list {name}: {count} contacts")
        print(f"State    meltano state get {STATE_ID}")
        print(json.dumps(project.state(), indent=2))
        with S3Server() as store:
            return demo_at_urls(home / "at-urls", sandbox.url, store)


def run(project: MeltanoProject) -> int:
    """Run the job; returns Meltano's exit status."""
    print(f"Running  meltano run {JOB}")
    ended = project.meltano("run", JOB)
    if ended.returncode:
        print(ended.stderr)
        return ended.returncode
    print("The end of Meltano's log:")
    for line in ended.stderr.splitlines()[-LOG_LINES:]:
        print(f"  {line if len(line) <= LINE_LENGTH else line[:LINE_LENGTH] + ' ...'}")
    return 0


def demo_at_urls(home: Path, api_url: str, store: S3Server) -> int:
    """The same job as a container would run it; returns the exit status of what failed first, or 0."""
    home.mkdir()
    contacts = home / "contacts.jsonl"
    sample = (REPOSITORY / "sample_data" / "contacts.jsonl").read_text(encoding="utf-8")
    contacts.write_text(f"{sample}{json.dumps(WITHOUT_ADDRESS)}\n", encoding="utf-8")
    outputs = {
        "TAP_JSONFILE_PATHS": json.dumps([str(contacts)]),
        "TARGET_W50_METRICS_PATH": METRICS,
        "TARGET_W50_QUARANTINE_PATH": QUARANTINE,
        "TARGET_W50_ON_INVALID_RECORD": "quarantine",
        **store.environment(),
    }
    project = MeltanoProject(home=home, api_url=api_url, auth_token=TOKEN, more=outputs)
    print(f"Store    an S3 server on this machine alone, at {store.url}: metrics and quarantine go there")
    status = run(project)
    if status:
        return status
    for url, size in sorted(store.objects().items()):
        print(f"Object   {url}, {size} bytes")
    folder = METRICS.rpartition("/")[0] + "/"
    print(f"Report   w50 report {folder}")
    return report(folder, store.environment())


def report(folder: str, environment: Mapping[str, str]) -> int:
    """Make the report from the store; returns its exit status."""
    sys.stdout.flush()
    return subprocess.run([W50, "report", folder], env={**os.environ, **environment}, check=False).returncode


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="w50-meltano-") as folder:
        sys.exit(demo(Path(folder)))
