"""The floor of loading: each line of an input is parsed and its record written anew, by msgspec alone.

Takes the input on standard input; lines that are no messages are records by themselves.
"""

from __future__ import annotations

import sys

import msgspec

BATCH_ROWS = 10_000


def main() -> None:
    """Parse and write."""
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    batch: list[bytes] = []
    size = 0
    for line in sys.stdin.buffer:
        message = decode(line)
        if message.get("type", "RECORD") == "RECORD":
            batch.append(encode({"Values": message.get("record", message)}))
            if len(batch) == BATCH_ROWS:
                size += len(b",".join(batch))
                batch.clear()


if __name__ == "__main__":
    main()
