"""Why the sandbox refuses a call: rules raise these, and know nothing of HTTP.

Refusal
+-- UnknownError       there is no such contact list or import job
+-- InvalidError       what was sent can't be used
+-- TooLargeError      more than one request may hold
+-- RuleError          a rule that the user of the sandbox made refuses it, with a status of their choice
"""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818  # it is an answer, not a fault of the sandbox
    """A call is refused; `message` and `detail` go into the answer."""

    def __init__(self, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class UnknownError(Refusal):
    """There is no such contact list or import job."""


class InvalidError(Refusal):
    """What was sent can't be used."""


class TooLargeError(Refusal):
    """The request holds more than it may."""


class RuleError(Refusal):
    """A rule of the sandbox's user refuses the request with `status`."""

    def __init__(self, message: str, detail: str | None, status: int) -> None:
        super().__init__(message, detail)
        self.status = status
