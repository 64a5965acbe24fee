"""An Azure store of the tests' own: Azurite on loopback, in memory, in a process of its own."""

from __future__ import annotations

import base64
import re
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any

import fsspec

CONTAINER = "w50"
KEY = base64.b64encode(b"no key of anybody's account").decode()


class AzuriteServer:
    """One server with one container; `with` ends it, and all that it kept is gone."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [
                *(str(program), "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"),
                *("--blobHost", "127.0.0.1", "--blobPort", "0"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "AZURITE_ACCOUNTS": f"w50:{KEY}"},
        )
        assert self._process.stdout is not None
        said = b""
        for line in self._process.stdout:
            said += line
            found = re.search(rb"(?:listening at|listens on) (http://127\.0\.0\.1:\d+)", line)
            if found is not None:
                break
        else:
            raise AssertionError(said.decode())
        self.url = found[1].decode()
        self.files.mkdir(CONTAINER)

    @property
    def environment(self) -> dict[str, str]:
        """What leads the driver here."""
        account = f"DefaultEndpointsProtocol=http;AccountName=w50;AccountKey={KEY}"
        return {"AZURE_STORAGE_CONNECTION_STRING": f"{account};BlobEndpoint={self.url}/w50;"}

    @cached_property
    def files(self) -> Any:
        """Its objects by fsspec."""
        told = self.environment["AZURE_STORAGE_CONNECTION_STRING"]
        return fsspec.filesystem("az", connection_string=told, skip_instance_cache=True)

    def __enter__(self) -> AzuriteServer:  # noqa: PYI034  # Self is not in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
