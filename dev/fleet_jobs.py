"""What Dagster is to do in `make demo-fleet`: `meltano run` for each contact list, a partition each.

Runs in `.venv-fleet`, on the machine that Dagster picks; it knows nothing of target-w50 but its settings.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from dagster import (
    DefaultSensorStatus,
    Definitions,
    Failure,
    OpExecutionContext,
    RunRequest,
    StaticPartitionsDefinition,
    in_process_executor,
    job,
    op,
    sensor,
)

LISTS = ("Austria", "Brazil", "Canada", "Denmark", "Estonia", "Finland", "Greece", "Hungary")
"""The contact lists by name; each has a file of contacts of the same name."""
EVENT = "SendWelcomeEmail"
SHOWN = 2000
"""Characters of a failed Meltano's log that Dagster keeps."""


def settings_of(contact_list: str) -> dict[str, str]:
    """The variables that tell tap and target what to load where."""
    stream = {
        "stream": "contacts",
        "contact_list": contact_list,
        "match_fields": ["Email"],
        "custom_events": [EVENT],
        "custom_events_max_contacts": 100_000,
    }
    source = Path(os.environ["FLEET_CONTACTS"]) / f"{contact_list}.jsonl"
    return {"TARGET_W50_STREAMS": json.dumps([stream]), "TAP_JSONFILE_PATHS": json.dumps([str(source)])}


def project_of(contact_list: str) -> Path:
    """A Meltano project of the list's own: two runs in one project would share files below `.meltano/run`."""
    folder, repository = Path(contact_list).resolve(), Path(os.environ["FLEET_REPOSITORY"])
    (folder / ".meltano").mkdir(parents=True, exist_ok=True)
    shutil.copy(repository / "meltano.yml", folder)
    for plugins in ("extractors", "loaders"):
        place = folder / ".meltano" / plugins
        if not place.exists():
            place.symlink_to(repository / ".meltano" / plugins)
    return folder


@op
def meltano_run(context: OpExecutionContext) -> None:
    """Load the partition's contact list, in the folder of the machine that this runs on."""
    contact_list = context.partition_key
    project = project_of(contact_list)
    log = project / "meltano.log"
    # Meltano takes a pipeline whose machine is gone for one that runs, for minutes. The journal knows better.
    options = ("--no-install", "--force", "--state-id-suffix", contact_list)
    with log.open("a", encoding="utf-8") as output:
        run = subprocess.run(
            [os.environ["FLEET_MELTANO"], "run", *options, "tap-jsonfile", "target-w50"],
            cwd=project,
            env={**os.environ, **settings_of(contact_list)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    if run.returncode:
        raise Failure(
            f"meltano run ended with status {run.returncode}; the end of its log:\n"
            f"{log.read_text(encoding='utf-8')[-SHOWN:]}"
        )


@job(partitions_def=StaticPartitionsDefinition(LISTS), executor_def=in_process_executor)
def load_contacts() -> None:
    """One contact list."""
    meltano_run()


@sensor(job=load_contacts, minimum_interval_seconds=1, default_status=DefaultSensorStatus.RUNNING)
def files_of_contacts() -> Iterator[RunRequest]:
    """A run for each contact list, once."""
    for contact_list in LISTS:
        yield RunRequest(run_key=contact_list, partition_key=contact_list)


defs = Definitions(jobs=[load_contacts], sensors=[files_of_contacts])
