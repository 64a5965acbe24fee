"""Questions to whoever sits at the terminal; where nobody does, what lacks is named all at once."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import click

from target_w50.errors import SettingsError, printable


@dataclass
class Asking:
    """Asks, or notes what it may not ask.

    Attributes:
        allowed: whether there is somebody to ask.
        lacks: what was not given and could not be asked.
    """

    allowed: bool
    lacks: list[str] = field(default_factory=list)

    @classmethod
    def at_terminal(cls, *, no_input: bool) -> Asking:
        """Somebody can be asked where standard input is a terminal, unless that is not wanted."""
        return cls(allowed=not no_input and sys.stdin.isatty())

    def text(self, question: str, default: str | None = None) -> str:
        """The answer, which is not empty."""
        if default is not None:
            return str(click.prompt(printable(question), default=default, err=True)).strip()
        return self._asked(question, hide_input=False).strip()

    def text_or_nothing(self, question: str) -> str:
        """The answer, which may be empty."""
        return str(click.prompt(printable(question), default="", show_default=False, err=True)).strip()

    def secret(self, question: str, *, may_be_empty: bool = False) -> str:
        """The answer, which is not shown while it is typed."""
        return self._asked(question, hide_input=True, may_be_empty=may_be_empty)

    def _asked(self, question: str, *, hide_input: bool, may_be_empty: bool = False) -> str:
        # Click asks again without a word where there is no answer and no default.
        while True:
            given = str(
                click.prompt(
                    printable(question), hide_input=hide_input, default="", show_default=False, err=True
                )
            )
            if may_be_empty or given.strip():
                return given
            click.echo("w50: nothing was entered", err=True)

    def yes(self, question: str, *, default: bool = False) -> bool:
        """Whether the answer is yes."""
        return click.confirm(printable(question), default=default, err=True)

    def consent(self, what: str, question: str, *, force: bool) -> None:
        """See that something may be written over.

        Args:
            what: stands there, for who is not asked.
            question: for who is.
            force: whether it was allowed beforehand.

        Raises:
            SettingsError: it was not allowed, and nobody can be asked.
            Abort: the answer was no.
        """
        if force:
            return
        if not self.allowed:
            raise SettingsError(f"{what}. --force writes over it. Nothing was written.", code="usage")
        if not self.yes(question):
            click.echo("w50: nothing was written", err=True)
            raise click.Abort

    def require(self) -> None:
        """See that nothing lacks.

        Raises:
            SettingsError: something does; all of it is named.
        """
        if self.lacks:
            raise SettingsError(
                f"There is nobody to ask; say what lacks: {'; '.join(self.lacks)}. Nothing was written.",
                code="usage",
            )
