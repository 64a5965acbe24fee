"""The end of a run that settings, outputs or its input file ended before it began: told as any other's."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Mapping
from typing import Any

from singer_sdk import metrics as sdk_metrics

from target_w50.errors import SettingsError, StoreError, TargetW50Error
from target_w50.outputs.metrics import MetricsStream, MetricsWriter
from target_w50.outputs.metrics_records import run_outcome, run_record
from target_w50.program.exit_line import PROGRAM
from target_w50.program.sdk_log import set_up_log
from target_w50.runtime.clock import CLOCK
from target_w50.settings.choices import ImportMode
from target_w50.settings.output_place import output_faults
from target_w50.settings.schema import API_URL, RUN_ID_PATTERN

_NOT_READ = {"api_url": "", "import_mode": None}

log = logging.getLogger(PROGRAM)


def tell_early_end(given: Mapping[str, Any] | None, error: TargetW50Error) -> None:
    """Write the metrics record of the run, as far as the settings allow it.

    Args:
        given: the settings as they were given: any of them may be wrong; None where they can't be read.
        error: why nothing was read or sent.
    """
    # Of settings that nobody could read no usual value was meant: not W50's own address either.
    config = _NOT_READ if given is None else given
    set_up_log()
    log.error("%s", error.message)
    run_id = _run_id(config.get("run_id"))
    metrics = _writer(config.get("metrics_path"), run_id)
    quarantine_path = config.get("quarantine_path")
    if isinstance(quarantine_path, str):
        metrics.leave(quarantine_path.replace("{run_id}", run_id))
    write_early_end(metrics, run_id, error, config)


def write_early_end(
    metrics: MetricsWriter, run_id: str, error: TargetW50Error, config: Mapping[str, Any]
) -> None:
    """Write the metrics record of a run that has not begun, and close the metrics.

    Args:
        metrics: open.
        run_id: the run's name.
        error: why nothing was read or sent.
        config: the settings as they were given: any of them may be wrong.
    """
    now, import_mode = CLOCK.now(), config.get("import_mode", ImportMode.LOAD.value)
    outcome = run_outcome(
        now,
        now,
        error,
        rerun="safe",
        rerun_import_job_ids=(),
        import_mode=import_mode if import_mode in [each.value for each in ImportMode] else None,
        api_url=config.get("api_url", API_URL),
    )
    metrics.write(MetricsStream.RUNS, run_record(run_id, (), states_written=0, outcome=outcome))
    metrics.close()


def _run_id(given: Any) -> str:
    """The run's name if it is one; it may be what is wrong with the settings, and becomes part of a path."""
    sound = isinstance(given, str) and re.search(RUN_ID_PATTERN, given)
    return given if sound else str(uuid.uuid4())


def _writer(path: Any, run_id: str) -> MetricsWriter:
    logger = sdk_metrics.get_metrics_logger()
    if not isinstance(path, str) or not path or any(output_faults({"metrics_path": path})):
        return MetricsWriter(None, logger, CLOCK.now)
    try:
        return MetricsWriter(path.replace("{run_id}", run_id), logger, CLOCK.now)
    except (SettingsError, StoreError):
        # The error at hand is told; that this output can't be written either would be next.
        return MetricsWriter(None, logger, CLOCK.now)
