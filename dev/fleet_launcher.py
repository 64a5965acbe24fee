"""Which machine Dagster starts a run on in `make demo-fleet`, and whether that machine still lives.

A machine is a `dagster api grpc` server in a folder of its own. On a cluster Dagster's own launchers for
Kubernetes, ECS or Docker stand here: they start a container for each run and look after it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

from dagster import DagsterRun, RunsFilter
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, LaunchRunContext, WorkerStatus
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._grpc.client import DagsterGrpcClient
from dagster._serdes import ConfigurableClassData

MACHINE_TAG = "fleet/machine"


class FleetLauncher(DefaultRunLauncher):
    """Starts each run on the machine that answers and has the fewest.

    Args:
        machines: the port of each, by name.
    """

    def __init__(self, machines: Mapping[str, int], inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data=inst_data)
        self._machines = {name: DagsterGrpcClient(port=port) for name, port in machines.items()}

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """What `dagster.yaml` may say of it."""
        return {"machines": dict}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> FleetLauncher:
        """As `dagster.yaml` says."""
        return cls(config_value["machines"], inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the run on a machine."""
        runs = self._instance.get_runs(RunsFilter(statuses=IN_PROGRESS_RUN_STATUSES))
        busy = Counter(run.tags.get(MACHINE_TAG) for run in runs)
        alive = [name for name in self._machines if self._answers(name)]
        machine = min(alive, key=lambda name: (busy[name], random.random()))  # noqa: S311  # no secret
        run = context.dagster_run
        self._instance.add_run_tags(run.run_id, {MACHINE_TAG: machine})
        self.launch_run_from_grpc_client(self._instance, run, self._machines[machine])

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Dagster's monitoring asks for it."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """A run lives as long as its machine does."""
        machine = run.tags[MACHINE_TAG]
        if self._answers(machine):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"{machine} does not answer")

    def _answers(self, machine: str) -> bool:
        try:
            self._machines[machine].ping("")
        except Exception:  # noqa: BLE001  # whatever it is, nothing can be started there
            return False
        return True
