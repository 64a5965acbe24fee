"""The calls outside W50's paths: inspection, faults, reset, the token end point and the page."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request

from target_w50.sandbox.fault_rules import parse_spec, read_rule
from target_w50.sandbox.faults import Faults
from target_w50.sandbox.formats import answers, json_format
from target_w50.sandbox.http.authentication import Authentication
from target_w50.sandbox.http.inspection import contents
from target_w50.sandbox.http.replies import Reply
from target_w50.sandbox.http.request_log import RequestLog
from target_w50.sandbox.http.visitors import why_not_of_the_page
from target_w50.sandbox.model.refusals import InvalidError
from target_w50.sandbox.model.store import Store

_JSON = "application/json; charset=utf-8"
_PAGE_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class Control:
    """Replies to the calls outside W50's paths."""

    def __init__(self, store: Store, faults: Faults, log: RequestLog, authentication: Authentication) -> None:
        self._store = store
        self._faults = faults
        self._log = log
        self._authentication = authentication

    def reply(self, name: str, request: Request, body: bytes) -> Reply:
        """Reply to the call with that name."""
        if name == "_page":
            page = resources.files("target_w50.sandbox").joinpath("page.html").read_bytes()
            return Reply(200, page, "text/html; charset=utf-8", {"Content-Security-Policy": _PAGE_POLICY})
        if name == "_icon":
            return Reply(204)
        if name == "_contents":
            limit = request.args.get("limit", type=int)
            return _json(contents(self._store, self._faults, self._log, limit))
        if name == "_form":
            return self._take_form(request, body)
        if request.method == "POST" and request.mimetype != "application/json":
            # What a form or a script of any web page can send without asking is never JSON.
            return _json(answers.error("A control call is sent as Content-Type: application/json."), 415)
        if name == "_reset":
            self.reset()
        if name == "_revoke":
            self._authentication.revoke()
        return self._change_faults(request.method, body) if name == "_faults" else _json({})

    def _take_form(self, request: Request, body: bytes) -> Reply:
        """Do what a button of the page asks for; it is for that page alone."""
        why = why_not_of_the_page(request.headers)
        if why is not None:
            return _text(403, why)
        form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        try:
            self._by_form(form)
        except (ValueError, TypeError) as error:
            return _text(400, f"This is not a fault: {error}.")
        return Reply(303, headers={"Location": "/", "Cache-Control": "no-store"})

    def _by_form(self, form: Mapping[str, str]) -> None:
        wish = form.get("do")
        if wish == "add":
            document = parse_spec(form.get("spec", ""))
            read_rule(document)
            self._faults.add(document)
        elif wish == "remove":
            self._faults.remove(int(form.get("number", "")))
        elif wish == "clear":
            self._faults.clear()
        elif wish == "revoke":
            self._authentication.revoke()
        elif wish == "reset":
            self.reset()
        else:
            raise ValueError("there is no such button")

    def reset(self) -> None:
        """Be as at the start."""
        self._store.reset()
        self._faults.reset()
        self._log.reset()

    def _change_faults(self, method: str, body: bytes) -> Reply:
        if method == "DELETE":
            self._faults.clear()
        if method == "POST":
            try:
                document = json_format.decode(body)
                documents = document if isinstance(document, list) else [document]
                for entry in documents:  # all or none
                    read_rule(entry)
            except (ValueError, TypeError) as error:
                return _json(answers.error("This is not a fault.", str(error)), 400)
            except InvalidError as refusal:
                return _json(answers.error(refusal.message, refusal.detail), 400)
            for entry in documents:
                self._faults.add(entry)
        return _json(self._faults.documents())

    def token(self, request: Request, body: bytes) -> Reply:
        """Reply to a token request (RFC 6749)."""
        form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        answer = self._authentication.grant(request.headers, form)
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
        if answer.status == 401:  # noqa: PLR2004
            headers["WWW-Authenticate"] = 'Basic realm="W50 sandbox"'
        outcome = "done" if "access_token" in answer.document else "refused"
        return Reply(answer.status, json_format.encode(answer.document), _JSON, headers, outcome=outcome)


def _text(status: int, words: str) -> Reply:
    return Reply(status, f"{words}\n".encode(), "text/plain; charset=utf-8", {"Cache-Control": "no-store"})


def _json(document: Any, status: int = 200) -> Reply:
    return Reply(status, json_format.encode(document), _JSON, {"Cache-Control": "no-store"})
