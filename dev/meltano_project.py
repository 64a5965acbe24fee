"""Runs Meltano on this repository's project, or another, with a database and a W50 of the caller's own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
MELTANO = REPOSITORY / ".venv-meltano" / "bin" / "meltano"
JOB = "contacts-to-w50"
STATE_ID = "sandbox:tap-jsonfile-to-target-w50"
TIMEOUT_S = 240.0


@dataclass(frozen=True)
class MeltanoProject:
    """The project of `meltano.yml`, whose plugins are installed already.

    Attributes:
        home: folder of this caller's system database and of the run's metrics.
        api_url: the W50 to load into.
        auth_token: what that W50 asks for; None if the project has it.
        folder: of the project.
        more: environment variables of this caller's own.
    """

    home: Path
    api_url: str
    auth_token: str | None
    folder: Path = REPOSITORY
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def metrics(self) -> Path:
        """The file that the target appends its metrics to."""
        return self.home / "metrics.singer"

    def meltano(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `meltano` in the repository; its log stands on standard error."""
        return subprocess.run(
            [str(MELTANO), *arguments],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            check=False,
        )

    def state(self) -> dict[str, Any]:
        """What `meltano state get` prints."""
        printed = self.meltano("--log-level=warning", "state", "get", STATE_ID)
        if printed.returncode:
            raise RuntimeError(f"meltano state get ended with status {printed.returncode}:\n{printed.stderr}")
        state: dict[str, Any] = json.loads(printed.stdout)
        return state

    def _environment(self) -> dict[str, str]:
        own = ("TARGET_W50_", "TAP_JSONFILE_", "MELTANO_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        return {
            **inherited,
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            "MELTANO_DATABASE_URI": f"sqlite:///{self.home / 'meltano.db'}",
            "TARGET_W50_API_URL": self.api_url,
            **({} if self.auth_token is None else {"TARGET_W50_AUTH_TOKEN": self.auth_token}),
            "TARGET_W50_METRICS_PATH": str(self.metrics),
            "TARGET_W50_JOURNAL": str(self.home / "journal.db"),
            "NO_COLOR": "1",
            # A proxy that the environment names must not get between the target and a loopback address.
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            **self.more,
        }
