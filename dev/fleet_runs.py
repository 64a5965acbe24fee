"""Prints what Dagster's runs come to as they do, a JSON object a line, until each contact list is loaded.

Runs in `.venv-fleet`, for `make demo-fleet`.
"""

from __future__ import annotations

import json
import time

from dagster import DagsterInstance, DagsterRunStatus

from dev.fleet_jobs import LISTS
from dev.fleet_launcher import MACHINE_TAG

LOOK_S = 0.3
TOLD = (DagsterRunStatus.STARTED, DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE)
RETRIED = "dagster/parent_run_id"


def watch() -> None:
    """Until the last list is loaded."""
    seen: dict[str, DagsterRunStatus] = {}
    loaded: set[str] = set()
    with DagsterInstance.get() as instance:
        while len(loaded) < len(LISTS):
            for run in reversed([*instance.get_runs()]):
                if run.status not in TOLD or seen.get(run.run_id) is run.status:
                    continue
                seen[run.run_id] = run.status
                contact_list = run.tags["dagster/partition"]
                told = {
                    "list": contact_list,
                    "machine": run.tags.get(MACHINE_TAG),
                    "status": run.status.value,
                    "again": RETRIED in run.tags,
                }
                print(json.dumps(told), flush=True)
                if run.status is DagsterRunStatus.SUCCESS:
                    loaded.add(contact_list)
            time.sleep(LOOK_S)


if __name__ == "__main__":
    watch()
