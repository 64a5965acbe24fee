"""An S3 server for tests and demos: moto's, on loopback, in a process of its own, and gone with them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from functools import cached_property
from typing import Any

import fsspec
import requests

BUCKET = "w50"
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI-K7MDENG-EXAMPLEKEY"
SECRETS = (KEY, SECRET)


class S3Server:
    """One server with one bucket; `with` ends it, and all that it kept is gone.

    Attributes:
        url: where it is.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        said = b""
        for line in self._process.stderr or ():
            said += line
            found = re.search(rb"Running on (http://127\.0\.0\.1:\d+)", line)
            if found is not None:
                break
        else:
            raise RuntimeError(f"the S3 server does not start:\n{said.decode()}")
        self.url = found[1].decode()
        self.make_bucket(BUCKET)

    def make_bucket(self, name: str) -> None:
        """Make a bucket, as the owner of the keys that all use here."""
        requests.put(f"{self.url}/{name}", headers=_SIGNED, timeout=60).raise_for_status()

    def environment(self, url: str = "") -> dict[str, str]:
        """What leads the driver here, or to a relay in front of it."""
        return {
            "AWS_ENDPOINT_URL": url or self.url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def stand_still(self, *, still: bool = True) -> None:
        """Have it answer nobody, on connections that it takes all the same; or go on."""
        os.kill(self._process.pid, signal.SIGSTOP if still else signal.SIGCONT)

    @cached_property
    def files(self) -> Any:
        """Its objects by fsspec."""
        return fsspec.filesystem(
            "s3",
            endpoint_url=self.url,
            key=KEY,
            secret=SECRET,
            client_kwargs={"region_name": "us-east-1"},
            skip_instance_cache=True,
            use_listings_cache=False,
        )

    def objects(self) -> dict[str, int]:
        """The sizes of all its objects by their URLs."""
        found = self.files.find(f"{BUCKET}/", detail=True)
        return {f"s3://{name}": about["size"] for name, about in found.items()}

    def __enter__(self) -> S3Server:  # noqa: PYI034  # Self is not in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        if self._process.stderr is not None:
            self._process.stderr.close()


_SIGNED = {"Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20270101/us-east-1/s3/aws4_request"}
