"""The least that can be done: parse each line, wrap the record, post batches of 10,000; nothing is checked.

Run as a program of its own, with the sandbox's address as its argument.
"""

from __future__ import annotations

import sys

import msgspec
import requests

BATCH_ROWS = 10_000


def main(url: str) -> None:
    """Send the records on standard input to the contact list 1."""
    decode = msgspec.json.Decoder().decode
    encode = msgspec.json.Encoder().encode
    imports = f"{url}/contactLists/1/import"
    batch: list[object] = []
    with requests.Session() as session:
        session.headers["Content-Type"] = "application/json"
        job = session.post(imports, data=b'{"FieldNames":["id"]}', timeout=60).json()["Id"]
        for line in sys.stdin.buffer:
            message = decode(line)
            if message["type"] == "RECORD":
                batch.append({"Values": message["record"]})
                if len(batch) == BATCH_ROWS:
                    session.post(f"{imports}/{job}", data=encode(batch), timeout=60).raise_for_status()
                    batch.clear()
        if batch:
            session.post(f"{imports}/{job}", data=encode(batch), timeout=60).raise_for_status()
        session.post(f"{imports}/{job}/run", timeout=60).raise_for_status()


if __name__ == "__main__":
    main(sys.argv[1])
