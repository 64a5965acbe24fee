"""A dry run without the program around it: no state, no metrics, no quarantine, no signals of its own."""

from __future__ import annotations

import logging
from typing import IO, Any

from target_w50.loading.dry_run import Plan
from target_w50.run import Run
from target_w50.settings.model import Settings
from target_w50.target import TargetW50


def rehearse(config: dict[str, Any], settings: Settings, messages: IO[bytes]) -> Plan:
    """Send the messages through the target, as a run would, and return what would become of them.

    Args:
        config: the settings as given, with `import_mode` `dry_run`.
        settings: the same, judged.
        messages: Singer messages.

    Raises:
        TargetW50Error: what also ends a real run before it sends anything: the mapping or the input.
    """
    run = Run(settings, logging.getLogger(__name__), write_line=_no_state)
    target = TargetW50(config={**config, "run_id": settings.run_id}, run=run)
    try:
        target.listen(messages)  # type: ignore[arg-type]  # our reader takes bytes as well
    finally:
        run.close()
    if run.plan is None:
        raise AssertionError
    return run.plan


def _no_state(line: bytes) -> None:
    raise AssertionError(f"a dry run writes no state, but it would have written {len(line)} bytes")
