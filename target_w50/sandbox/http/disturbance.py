"""What a fault makes of a call: when it is served, if at all, and what goes back instead of its answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from target_w50.sandbox.fault_rules import EARLIER, Fault
from target_w50.sandbox.formats import answers, media_types
from target_w50.sandbox.http.handlers import Answer
from target_w50.sandbox.http.replies import Manner, Reply
from target_w50.sandbox.http.request_log import LogEntry
from target_w50.sandbox.model.store import Store

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
        return _told(serve(), "slowly")
    if fault.action == "trickle_s":
        return _told(replace(serve(), pause_s=float(fault.value)), "byte by byte")
    if fault.action == "interim":
        return _told(replace(serve(), interim=tuple(fault.value)), "behind interim answers")
    if fault.action in ("answer_id", "answer_list_id"):
        return _told(serve(), "answered about another")
    reply: Reply | None = None
    moment = "before effect"
    if fault.when == "after":
        reply = serve()
        moment = "after refusal" if reply.status >= _REFUSED_FROM else "after effect"
    if fault.action == "hang":
        entry.outcome = f"hangs {moment}"
        stopping.wait(float(fault.value))
    return _instead(fault, reply, moment, media_type)


def _told(reply: Reply, manner: str) -> Reply:
    return replace(reply, outcome=f"{reply.outcome}, {manner}")


def mistaken(fault: Fault | None, answer: Answer, store: Store) -> Answer:
    """What a call is answered with: the right answer, or, by a fault, one about another job or list."""
    if fault is None or not isinstance(answer.document, dict):
        return answer
    if fault.action == "answer_id":
        return replace(answer, document=_about_another(fault.value, answer, store))
    if fault.action == "answer_list_id" and "ContactListId" in answer.document:
        return replace(answer, document={**answer.document, "ContactListId": int(fault.value)})
    return answer


def _about_another(value: Any, answer: Answer, store: Store) -> dict[str, Any]:
    document: dict[str, Any] = answer.document
    if value != EARLIER:
        return {**document, "Id": int(value)}
    if answer.kind != "ImportJob":
        return document
    with store.lock:
        earlier = store.jobs.get(max((number for number in store.jobs if number < document["Id"]), default=0))
        return document if earlier is None else answers.import_job(store, earlier)


def _instead(fault: Fault, reply: Reply | None, moment: str, media_type: str) -> Reply:
    """What goes back instead of the right answer, which is `reply` if the call took effect."""
    if fault.action in ("hang", "cut"):
        verb = "hung" if fault.action == "hang" else "cut"
        manner = Manner.RESET if fault.how == "reset" else Manner.CLOSED
        return Reply(0, manner=manner, outcome=f"{verb} {moment}")
    if fault.action == "endless_headers_s":
        return Reply(
            200, manner=Manner.ENDLESS, pause_s=float(fault.value), outcome=f"headers without end {moment}"
        )
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
