"""The target as it is, but that contacts are not sent: what is left is reading, checking and writing them.

Takes the target's own arguments. With `W50_BENCH_WAYS` it writes there, at the end, which way records went.
"""

from __future__ import annotations

import atexit
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from target_w50.__main__ import main
from target_w50.target import TargetW50
from target_w50.target.short_ways import StreamWay
from target_w50.w50 import UploadAnswer, W50Client


def _take(*_: Any, **__: Any) -> UploadAnswer:
    return UploadAnswer()


def _note_ways(path: str) -> None:
    """Have it written at the exit how many records of each stream went the general way."""
    general: Counter[str] = Counter()
    load_record, judge = TargetW50._load_record, StreamWay.judge  # noqa: SLF001  # the two doors of the general way
    decided = "records that something is to be decided about"

    def noted(self: TargetW50, stream: str, *others: Any) -> None:
        general[f"{stream}: {self.routes.why_general(stream) or decided}"] += 1
        load_record(self, stream, *others)

    def judged(self: StreamWay, *others: Any) -> Any:
        general[f"{self.stream}: {decided}"] += 1
        return judge(self, *others)

    TargetW50._load_record = noted  # type: ignore[method-assign,assignment]  # noqa: SLF001
    StreamWay.judge = judged  # type: ignore[method-assign,assignment]
    atexit.register(lambda: Path(path).write_text(json.dumps(general)))


if __name__ == "__main__":
    W50Client.add_contacts = _take  # type: ignore[method-assign]
    if path := os.environ.get("W50_BENCH_WAYS"):
        _note_ways(path)
    main()
