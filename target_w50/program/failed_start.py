"""The end of a run that its settings or its input file ended before it began: told as any other's."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from singer_sdk import metrics as sdk_metrics

from target_w50.errors import SettingsError, TargetW50Error
from target_w50.outputs.metrics import MetricsStream, MetricsWriter
from target_w50.outputs.metrics_records import run_record
from target_w50.program.sdk_log import set_up_log
from target_w50.runtime.clock import CLOCK
from target_w50.settings.schema import API_URL


def tell_early_end(config: Mapping[str, Any], error: TargetW50Error) -> None:
    """Write the metrics record of the run, as far as the settings allow it.

    Args:
        config: the settings as they were given: any of them may be wrong.
        error: why nothing was read or sent.
    """
    set_up_log()
    run_id = config.get("run_id")
    run_id = run_id if isinstance(run_id, str) and run_id else str(uuid.uuid4())
    now = CLOCK.now()
    outcome = {
        "started_at": now.isoformat(),
        "ended_at": now.isoformat(),
        "exit_status": error.exit_status,
        "error_code": error.code,
        "error": error.message,
        "rerun": "safe",
        "rerun_import_job_ids": [],
        "api_host": _host(config.get("api_url", API_URL)),
    }
    record = run_record(run_id, (), states_written=0, outcome=outcome)
    metrics = _writer(config.get("metrics_path"), run_id)
    metrics.write(MetricsStream.RUNS, record)
    metrics.close()


def _writer(path: Any, run_id: str) -> MetricsWriter:
    logger = sdk_metrics.get_metrics_logger()
    if not isinstance(path, str) or not path or "://" in path:
        return MetricsWriter(None, logger, CLOCK.now)
    try:
        return MetricsWriter(path.replace("{run_id}", run_id), logger, CLOCK.now)
    except SettingsError:
        # The error at hand is told; that this file can't be written either would be next.
        return MetricsWriter(None, logger, CLOCK.now)


def _host(url: Any) -> str:
    try:
        return urlsplit(str(url)).hostname or ""
    except ValueError:
        return ""
