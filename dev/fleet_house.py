"""The parts of `make demo-fleet`: machines, Dagster's daemon, and the environment that they share."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.meltano_project import MELTANO, REPOSITORY

DAGSTER = REPOSITORY / ".venv-fleet" / "bin"
PYTHON = DAGSTER / "python"
RUNS_AT_ONCE = 4
OURS = ("DAGSTER_", "FLEET_", "MELTANO_", "TAP_JSONFILE_", "TARGET_W50_")
LOOK_S = 0.05
START_TIMEOUT_S = 90.0
DAGSTER_YAML = """\
telemetry: {{enabled: false}}
storage: {{postgres: {{postgres_url: "{database}"}}}}
run_coordinator:
  module: dagster
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: {at_once}
    dequeue_interval_seconds: 1
    dequeue_use_threads: true
    dequeue_num_workers: {at_once}
# Meltano's logs lie in the machines' folders.
compute_logs: {{module: dagster._core.storage.noop_compute_log_manager, class: NoOpComputeLogManager}}
run_launcher: {{module: dev.fleet_launcher, class: FleetLauncher, config: {{machines: {machines}}}}}
# Whether the machine of a run still answers is looked at this often; the run of one that does not has failed,
# and a run that failed is started again.
run_monitoring: {{enabled: true, poll_interval_seconds: 2}}
run_retries: {{enabled: true, max_retries: 3}}
"""


@dataclass(frozen=True)
class Machine:
    """What stands for a machine: a folder, and a process that starts Dagster's runs in it."""

    name: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def wait_until_ready(self) -> None:
        """It answers."""
        until = time.monotonic() + START_TIMEOUT_S
        while not _answers(self.port):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.name} did not start: {(self.folder / 'dagster.log').read_text()}")
            time.sleep(LOOK_S)

    def kill(self) -> int:
        """End it as a power cut would: all of its processes at once; returns how many."""
        killed: set[int] = set()
        while new := _tree(self.process.pid) - killed:
            # Stopped first, so that none of them sees another one go.
            for number in (signal.SIGSTOP, signal.SIGKILL):
                for pid in new:
                    os.kill(pid, number)
            killed |= new
        self.process.wait()
        return len(killed)


def environment(*, home: Path, contacts: Path, api_url: str, token: str, database: str) -> dict[str, str]:
    """What every machine is told; its lists come from Dagster.

    Args:
        home: Dagster's folder.
        contacts: folder of the files of contacts.
        api_url: the W50.
        token: what it asks for.
        database: where Meltano's states and the journal are.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {
        **inherited,
        "DAGSTER_HOME": str(home),
        "PYTHONPATH": str(REPOSITORY),
        "FLEET_CONTACTS": str(contacts),
        "FLEET_MELTANO": str(MELTANO),
        "FLEET_REPOSITORY": str(REPOSITORY),
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "MELTANO_DATABASE_URI": _for_sqlalchemy(database, "psycopg"),
        "TARGET_W50_API_URL": api_url,
        "TARGET_W50_AUTH_TOKEN": token,
        "TARGET_W50_JOURNAL": database,
        "TARGET_W50_JOURNAL_KEY": secrets.token_hex(),
        "TARGET_W50_JOURNAL_WAIT_S": "90",
        "TARGET_W50_MAX_CONTACTS_PER_JOB": "250",
        "TARGET_W50_METRICS_PATH": "metrics-{run_id}.singer",
        "NO_COLOR": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def _for_sqlalchemy(url: str, driver: str) -> str:
    return url.replace("postgresql:", f"postgresql+{driver}:", 1)


@contextmanager
def machines(ports: Mapping[str, int], folder: Path, variables: Mapping[str, str]) -> Iterator[list[Machine]]:
    """Start machines; those that live are ended at the end."""
    started = []
    try:
        for name, port in ports.items():
            started.append(_start(name, port, folder / name, variables))
            if len(started) == 1:
                # It makes Dagster's tables, which two at a time can't.
                started[0].wait_until_ready()
        yield started
    finally:
        for machine in started:
            if machine.process.poll() is None:
                machine.kill()


def _start(name: str, port: int, folder: Path, variables: Mapping[str, str]) -> Machine:
    folder.mkdir()
    command = [
        str(DAGSTER / "dagster"),
        "api",
        "grpc",
        "--port",
        str(port),
        "--module-name",
        "dev.fleet_jobs",
    ]
    return Machine(name, folder, port, _popen([*command, "--host", "localhost"], folder, variables))


@contextmanager
def daemon(home: Path, code_port: int, variables: Mapping[str, str]) -> Iterator[None]:
    """Dagster's daemon: it starts what waits, looks after what runs, and starts again what failed.

    Args:
        home: its folder.
        code_port: of the server that it reads the job from.
        variables: its environment.
    """
    where = ("--grpc-port", str(code_port))
    process = _popen([str(DAGSTER / "dagster-daemon"), "run", *where], home, variables)
    try:
        yield
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_S)


def _popen(command: list[str], folder: Path, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with (folder / "dagster.log").open("wb") as log:
        return subprocess.Popen(
            command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def write_dagster_yaml(home: Path, database: str, ports: Mapping[str, int]) -> None:
    """Dagster's settings."""
    text = DAGSTER_YAML.format(
        database=_for_sqlalchemy(database, "psycopg2"), at_once=RUNS_AT_ONCE, machines=dict(ports)
    )
    (home / "dagster.yaml").write_text(text, encoding="utf-8")


def free_port() -> int:
    """Of a port that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        with closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
            return True
    except OSError:
        return False


def _tree(root: int) -> set[int]:
    """The process and all below it, as far as they live."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)  # noqa: S607
    children: dict[int, list[int]] = {}
    alive: set[int] = set()
    for line in listed.stdout.splitlines():
        process, parent, state = line.split()
        children.setdefault(int(parent), []).append(int(process))
        if not state.startswith("Z"):
            alive.add(int(process))
    found: set[int] = set()
    left = [root]
    while left:
        pid = left.pop()
        found.add(pid)
        left += children.get(pid, [])
    return found & alive
