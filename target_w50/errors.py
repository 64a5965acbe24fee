"""Every error that a user can meet, each class with its exit status and each instance with a stable code.

    TargetW50Error                exit 1
    +-- SettingsError             exit 2  the configuration, as a whole
    +-- MappingError              exit 2  stream to list, property to FieldName
    +-- InputError                exit 2  what the tap sent
    +-- W50Error                          what came of a call to W50
    |   +-- RefusedError          exit 3  W50 said no: 401, 403, 404, other 4xx, a redirect
    |   +-- UnreachableError      exit 4  no connection, or W50 went on failing
    |       +-- DoubtfulError     exit 4  a POST of which nobody knows whether it took effect
    +-- JobError                  exit 5
    |   +-- JobFailedError        exit 5  W50 says that the import job failed
    |   +-- JobUnknownError       exit 5  W50 does not say what became of the import job
    +-- LimitError                exit 6  a limit of the settings was passed
    +-- HeldError                 exit 7  another run holds the contact list
    |   +-- ListInUseError        exit 7  before anything was sent
    |   +-- LeaseLostError        exit 7  it has taken the list while this run did not move
    +-- StoreError                exit 4  an output's store (a URL) stays away
    +-- JournalError              exit 1  the journal can't be read or written any more
    +-- StoppedError              exit 129, 130, 141 or 143: a signal, or standard output was closed

No message holds a contact value or a secret: messages end up in logs and in metrics. None can do anything to
a terminal, or begin a line of its own: names in them come from the tap, from W50 and from files.
"""

from __future__ import annotations

from typing import ClassVar

_NOT_FOUND = 404


def printable(value: object) -> str:
    """The value as text that can do nothing to a terminal, on one line; None is empty.

    Names come from the tap and from W50: a control character in one, a line break, or one that changes the
    direction of what follows, is shown as its escape.
    """
    if value is None:
        return ""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def counted(number: int, one: str, more: str | None = None) -> str:
    """The number with what it counts, such as `1 contact` or `2,000 entries`.

    Args:
        number: how many.
        one: the word for one of them.
        more: the word for several, if that is not `one` with an s.
    """
    return f"{number:,} {one if number == 1 else more or one + 's'}"


MAX_SENTENCE_CHARS = 10_000
"""What is longer than this, for a name of megabytes in it, is told without its middle."""
_END_CHARS = 1_000


def told(value: object) -> str:
    """The value as a sentence of a log or an error: `printable`, and no longer than a sentence may be."""
    text = str(value)
    if len(text) > MAX_SENTENCE_CHARS:
        text = f"{text[: MAX_SENTENCE_CHARS - _END_CHARS]} … {text[-_END_CHARS:]}"
    return printable(text)


class TargetW50Error(Exception):
    """Root of all errors; `str(error)` is one sentence for the operator.

    Attributes:
        exit_status: what the program ends with; belongs to the class.
        code: stable name of what happened, for programs that read logs and metrics.
    """

    exit_status: ClassVar[int] = 1
    default_code: ClassVar[str] = "unexpected"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.say(message)
        self.code = code or self.default_code

    def say(self, message: str) -> None:
        """Change the sentence, where somebody further up knows more of what it is about."""
        self.message = told(message)
        self.args = (self.message,)


class SettingsError(TargetW50Error):
    """The settings can't be used; `faults` has a sentence for each fault, without its value."""

    exit_status = 2
    default_code = "settings_invalid"

    def __init__(self, message: str, *, faults: tuple[str, ...] = (), code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.faults = tuple(map(told, faults))


class MappingError(TargetW50Error):
    """A stream, list, property or FieldName of the settings has no counterpart."""

    exit_status = 2
    default_code = "mapping_invalid"


class InputError(TargetW50Error):
    """The tap sent something that can't be loaded."""

    exit_status = 2
    default_code = "input_invalid"


class W50Error(TargetW50Error):
    """A call to W50 did not give what was asked for.

    Attributes:
        call: the client's method, such as `create_import_job`.
        status: HTTP status of the answer, or None where none came.
    """

    exit_status = 4
    default_code = "w50_error"

    def __init__(
        self, message: str, *, call: str = "", status: int | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.call = call
        self.status = status


class RefusedError(W50Error):
    """W50 refused the call; trying again would not help. Nothing took effect."""

    exit_status = 3
    default_code = "w50_refused"

    @property
    def not_found(self) -> bool:
        """Whether W50 says that there is no such thing."""
        return self.status == _NOT_FOUND


class UnreachableError(W50Error):
    """W50 could not be reached, or went on failing. Nothing took effect, unless it is a DoubtfulError.

    Attributes:
        retry_after_s: how long W50 asks to wait, if it does.
    """

    exit_status = 4
    default_code = "w50_unreachable"
    retry_after_s: float | None = None


class DoubtfulError(UnreachableError):
    """A POST was sent and its answer was lost or says nothing: it may have taken effect."""

    default_code = "w50_doubtful"


class JobError(TargetW50Error):
    """An import job did not end well; its id is in `job_id`."""

    exit_status = 5
    default_code = "job_failed"

    def __init__(self, message: str, *, job_id: int | None = None, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.job_id = job_id


class JobFailedError(JobError):
    """W50 reported a failure status for the import job."""


class JobUnknownError(JobError):
    """It is not known whether the import job ran, or how it ended."""

    default_code = "job_unknown"


class LimitError(TargetW50Error):
    """A limit that the user set was passed."""

    exit_status = 6
    default_code = "limit_passed"


class HeldError(TargetW50Error):
    """Another run works on the contact list."""

    exit_status = 7
    default_code = "list_in_use"


class ListInUseError(HeldError):
    """Another run holds the contact list; nothing was sent to it."""

    def __init__(self, list_id: int, *, run_id: str, host: str, pid: int, since: str) -> None:
        super().__init__(
            f"Contact list {list_id} is being loaded by run {run_id} on {host} (process {pid}), since "
            f"{since}. It was left as it is. Run again when that has ended, or set journal_wait_s to wait "
            "for it."
        )


class LeaseLostError(HeldError):
    """The run did not move for so long that another one may have taken its contact list."""

    default_code = "list_lost"

    def __init__(self, list_id: int) -> None:
        super().__init__(
            f"Contact list {list_id} may be another run's by now: this one did not move for too long, and "
            "wrote nothing more. Its import jobs are in the journal, where the next run finds them. Run "
            "again."
        )


class JournalError(TargetW50Error):
    """The journal can't be read or written any more."""

    default_code = "journal_failed"


class StoreError(TargetW50Error):
    """A store that an output goes to, by its URL, can't be reached any more, or went on failing."""

    exit_status = 4
    default_code = "store_unreachable"


class StoppedError(TargetW50Error):
    """The run was stopped from outside; `exit_status` is the instance's."""

    default_code = "stopped"

    def __init__(self, message: str, *, exit_status: int, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.exit_status = exit_status  # type: ignore[misc]
