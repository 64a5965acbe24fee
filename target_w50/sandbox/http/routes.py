"""From an HTTP request to a reply: which call it is, who calls, which fault it meets, in which format."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

from target_w50.sandbox.fault_rules import Fault
from target_w50.sandbox.faults import Faults
from target_w50.sandbox.formats import answers, media_types
from target_w50.sandbox.http.authentication import Authentication, Caller
from target_w50.sandbox.http.control import Control
from target_w50.sandbox.http.disturbance import disturb, mistaken
from target_w50.sandbox.http.handlers import Call, Handlers
from target_w50.sandbox.http.replies import Reply
from target_w50.sandbox.http.request_log import LogEntry, RequestLog
from target_w50.sandbox.http.visitors import why_turned_away
from target_w50.sandbox.model.models import Outcome
from target_w50.sandbox.model.options import Options
from target_w50.sandbox.model.refusals import Refusal, RuleError, TooLargeError, UnknownError
from target_w50.sandbox.model.store import Store

_LISTS = "/contactLists"
_IMPORT = f"{_LISTS}/<int:list_id>/import"
_ROUTES = Map(
    [
        Rule(_LISTS, endpoint="lists", methods=["GET"]),
        Rule(f"{_LISTS}/<int:list_id>", endpoint="list", methods=["GET"]),
        Rule(f"{_LISTS}/<int:list_id>/fields", endpoint="fields", methods=["GET"]),
        Rule(f"{_LISTS}/<int:list_id>/contacts", endpoint="contacts", methods=["GET"]),
        Rule(_IMPORT, endpoint="create", methods=["POST"]),
        Rule(f"{_IMPORT}/<int:job_id>", endpoint="add", methods=["POST"]),
        Rule(f"{_IMPORT}/<int:job_id>/run", endpoint="run", methods=["POST"]),
        Rule(f"{_IMPORT}/<int:job_id>", endpoint="status", methods=["GET"]),
        Rule("/_sandbox/token", endpoint="token", methods=["POST"]),
        Rule("/", endpoint="_page", methods=["GET"]),
        Rule("/favicon.ico", endpoint="_icon", methods=["GET"]),
        Rule("/_sandbox/contents", endpoint="_contents", methods=["GET"]),
        Rule("/_sandbox/faults", endpoint="_faults", methods=["GET", "POST", "DELETE"]),
        Rule("/_sandbox/form", endpoint="_form", methods=["POST"]),
        Rule("/_sandbox/reset", endpoint="_reset", methods=["POST"]),
        Rule("/_sandbox/revoke", endpoint="_revoke", methods=["POST"]),
    ],
    strict_slashes=False,
)
_CALLS_WITH_BODY = ("create", "add")


class Routes:
    """Replies to requests; one instance serves all threads."""

    def __init__(self, options: Options, store: Store, faults: Faults, stopping: threading.Event) -> None:
        self._options = options
        self._store = store
        self._faults = faults
        self._stopping = stopping
        self.log = RequestLog(no_checks=options.no_checks)
        self._authentication = Authentication(options)
        self._handlers = Handlers(store, faults)
        self._control = Control(store, faults, self.log, self._authentication)

    def reset(self) -> None:
        """Be as at the start."""
        self._control.reset()

    def revoke_tokens(self) -> None:
        """Make all granted OAuth 2 tokens worthless."""
        self._authentication.revoke()

    def turn_away(self, request: Request) -> Reply | None:
        """The refusal of a request that a web page of another site is behind; its body need not be read."""
        why = why_turned_away(request.headers, request.path)
        return (
            None if why is None else replace(self._refuse(request, 403, why), headers={"Connection": "close"})
        )

    def reply(self, request: Request, body: bytes) -> Reply:
        """Reply to a request, and note it if it is one that W50 might get."""
        call, arguments, refusal = self._match(request)
        if call is not None and call.startswith("_"):
            return self._control.reply(call, request, body)
        query = request.query_string.decode(errors="replace")
        entry = self.log.begin(self._store.date(), request.method, request.path, query, call)
        entry.bytes_received = len(body)
        started_s = self._options.monotonic()
        reply = refusal or self._disturbed(call or "", arguments, request, body, entry)
        entry.status, entry.outcome = reply.sent_status, reply.outcome
        entry.seconds = round(self._options.monotonic() - started_s, 6)
        self.log.answered(entry)
        return reply

    def _match(self, request: Request) -> tuple[str | None, dict[str, int], Reply | None]:
        """The call, the ids of its path, and the refusal where there is no such call."""
        try:
            call, arguments = _ROUTES.bind_to_environ(request.environ).match()
        except MethodNotAllowed:
            message = f"The requested resource does not support http method '{request.method}'."
            return None, {}, self._refuse(request, 405, message)
        except HTTPException:
            message = f"No HTTP resource was found that matches the request URI '{request.path}'."
            return None, {}, self._refuse(request, 404, message)
        return call, dict(arguments), None

    def _disturbed(
        self, call: str, arguments: dict[str, int], request: Request, body: bytes, entry: LogEntry
    ) -> Reply:
        self._stopping.wait(
            self._options.latency_s + (self._options.upload_latency_s if call == "add" else 0.0)
        )
        fault = self._faults.pick(call)

        def serve() -> Reply:
            return self._serve(call, arguments, request, body, fault)

        if fault is None:
            return serve()
        return disturb(fault, serve, entry, self._stopping, self._media_type(request))

    def _serve(
        self, call: str, arguments: dict[str, int], request: Request, body: bytes, fault: Fault | None
    ) -> Reply:
        if call == "token":
            return self._control.token(request, body)
        media_type = media_types.media_type_of(request.content_type)
        refused = self._turn_away(request, call, media_type)
        if refused is not None:
            return refused
        outcome = fault.outcome if fault is not None and fault.outcome is not None else self._usual_outcome()
        try:
            answer = self._handlers.answer(
                Call(
                    name=call,
                    match=_names(request, "match"),
                    custom_events=_names(request, "customevents"),
                    body=body,
                    media_type=media_type or media_types.JSON_TYPES[0],
                    outcome=outcome,
                    **arguments,
                )
            )
        except Refusal as refusal:
            return self._refuse(request, self._status_of(refusal), refusal.message, refusal.detail)
        answer = mistaken(fault, answer, self._store)
        if answer.kind is None:
            return Reply(200)
        return self._write(request, 200, answer.kind, answer.document)

    def _turn_away(self, request: Request, call: str, media_type: str | None) -> Reply | None:
        """The refusal of a caller who is unknown or lacks permission, or of a body in an unknown format."""
        caller = self._authentication.judge(request.headers)
        if caller is Caller.UNKNOWN:
            refused = self._refuse(request, 401, "Authorization has been denied for this request.")
            return replace(refused, headers={"WWW-Authenticate": self._authentication.challenge})
        if caller is Caller.FORBIDDEN:
            return self._refuse(request, 403, "The user does not have the relevant permissions.")
        if call in _CALLS_WITH_BODY and media_type is None:
            message = "The request entity's media type is not supported for this resource."
            return self._refuse(request, 415, message)
        return None

    def _usual_outcome(self) -> Outcome:
        status = self._options.failing_status
        return Outcome() if status is None else Outcome(effect=False, members={"CurrentStatus": status})

    def _status_of(self, refusal: Refusal) -> int:
        if isinstance(refusal, RuleError):
            return refusal.status
        if isinstance(refusal, TooLargeError):
            return self._options.too_many_status
        return 404 if isinstance(refusal, UnknownError) else 400

    def _refuse(self, request: Request, status: int, message: str, detail: str | None = None) -> Reply:
        reply = self._write(request, status, "Error", answers.error(message, detail))
        return replace(reply, outcome="refused")

    def _write(self, request: Request, status: int, kind: str, document: Any) -> Reply:
        media_type = self._media_type(request)
        return Reply(status, media_types.write(kind, document, media_type), f"{media_type}; charset=utf-8")

    @staticmethod
    def _media_type(request: Request) -> str:
        return media_types.answer_type(request.accept_mimetypes, request.content_type)


def _names(request: Request, parameter: str) -> tuple[str, ...]:
    """The names in a parameter of the query that holds several, with commas between."""
    parts = ",".join(request.args.getlist(parameter)).split(",")
    return tuple(part.strip() for part in parts if part.strip())
