"""The log as the SDK sets it up, so that its levels and SINGER_SDK_LOG_CONFIG work as its users know them."""

from __future__ import annotations

import os

from singer_sdk._logging import _setup_console_logging
from singer_sdk.plugin_base import _plugin_log_level

from target_w50.program.exit_line import PROGRAM
from target_w50.runtime.logs import handlers, keep_metrics_off_terminals, keep_printable, keep_values_out

CONFIG_VARIABLE = "SINGER_SDK_LOG_CONFIG"


def set_up_log() -> None:
    """Have the log written to standard error, without the values that libraries would show.

    The SDK has no public way: only its own command calls these. Held by tests/target/test_sdk_overrides.py.
    """
    _setup_console_logging(log_level=_plugin_log_level(plugin_name=PROGRAM))
    keep_values_out()
    if CONFIG_VARIABLE not in os.environ:
        # Who has a configuration of the log has said what goes where.
        keep_metrics_off_terminals()
    keep_printable(handlers())
