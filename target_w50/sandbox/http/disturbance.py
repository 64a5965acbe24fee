"""What a fault makes of a call: when it is served, if at all, and what goes back instead of its answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from target_w50.sandbox.fault_rules import Fault
from target_w50.sandbox.formats import answers, media_types
from target_w50.sandbox.http.replies import Manner, Reply
from target_w50.sandbox.http.request_log import LogEntry

_HTML = """<!DOCTYPE html>
<html lang="en"><head><title>Please wait</title></head>
<body><h1>Please wait</h1><p>The service is being checked. You will be sent on in a moment.</p></body></html>
"""
_REFUSED_FROM = 400


def disturb(
    fault: Fault, serve: Callable[[], Reply], entry: LogEntry, stopping: threading.Event, media_type: str
) -> Reply:
    """The reply to a call that meets a fault.

    Args:
        fault: what is to happen.
        serve: lets the call take effect and gives its right answer.
        entry: of the request log, which shows that a call hangs.
        stopping: set when the sandbox stops; waits end then.
        media_type: of error bodies.
    """
    if fault.action == "job":
        return replace(serve(), outcome="done, with an outcome of its own")
    if fault.action == "slow":
        stopping.wait(float(fault.value))
        late = serve()
        return replace(late, outcome=f"{late.outcome}, slowly")
    reply: Reply | None = None
    moment = "before effect"
    if fault.when == "after":
        reply = serve()
        moment = "after refusal" if reply.status >= _REFUSED_FROM else "after effect"
    if fault.action == "hang":
        entry.outcome = f"hangs {moment}"
        stopping.wait(float(fault.value))
    return _instead(fault, reply, moment, media_type)


def _instead(fault: Fault, reply: Reply | None, moment: str, media_type: str) -> Reply:
    """What goes back instead of the right answer, which is `reply` if the call took effect."""
    if fault.action in ("hang", "cut"):
        verb = "hung" if fault.action == "hang" else "cut"
        manner = Manner.RESET if fault.how == "reset" else Manner.CLOSED
        return Reply(0, manner=manner, outcome=f"{verb} {moment}")
    if fault.action == "half":
        whole = reply or Reply(200)
        return replace(whole, body=whole.body or b" " * 64, manner=Manner.HALF, outcome=f"half {moment}")
    if fault.action == "empty":
        return Reply(200, outcome=f"empty {moment}")
    if fault.action == "html":
        body = (fault.body or _HTML).encode()
        return Reply(200, body, fault.content_type or "text/html; charset=utf-8", outcome=f"HTML {moment}")
    return _with_status(fault, moment, media_type)


def _with_status(fault: Fault, moment: str, media_type: str) -> Reply:
    status = int(fault.value)
    if fault.body is None:
        body = media_types.write("Error", answers.error("An error has occurred."), media_type)
    else:
        body = fault.body.encode()
    return Reply(
        status,
        body,
        fault.content_type or f"{media_type}; charset=utf-8",
        {} if fault.retry_after is None else {"Retry-After": fault.retry_after},
        outcome=f"answered {status} {moment}",
    )
