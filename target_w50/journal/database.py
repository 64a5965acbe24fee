"""The database that a journal is in: one transaction at a time, and its errors in words."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from target_w50.errors import JournalError

Row = tuple[Any, ...]


class Database(ABC):
    """One connection, shared by the threads of a run: each transaction has it for itself.

    Statements are standard SQL with `:name` for a value, the same text for every kind of database.

    Attributes:
        place: where it is, as it may be shown.
        types: what the columns' types are called here.
    """

    place: str
    types: dict[str, str]

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements within take effect together, or none does; one within another is part of it.

        Raises:
            JournalError: the database can't be used; nothing took effect.
        """
        with self._lock, self._in_words():
            if self._depth:
                yield
                return
            self._begin()
            self._depth += 1
            try:
                yield
                self._commit()
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._depth -= 1

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except self._errors() as error:
            raise JournalError(
                f"The journal {self.place} could not be read or written ({self._words(error)}). Nothing more "
                "is sent: the next run goes on from what the journal holds. Mend it, then run again.",
            ) from error

    def rows(self, statement: str, **values: Any) -> list[Row]:
        """What a statement finds; within a transaction, or as one of its own."""
        with self.transaction():
            return self._execute(statement, values)[0]

    def change(self, statement: str, **values: Any) -> int:
        """How many rows a statement changed; within a transaction, or as one of its own."""
        with self.transaction():
            return self._execute(statement, values)[1]

    @abstractmethod
    def now(self) -> float:
        """The database's time of day, in seconds since 1970."""

    @abstractmethod
    def has_table(self, name: str) -> bool:
        """Whether there is a table of this name."""

    def lock_for_steps(self) -> None:  # noqa: B027  # a transaction may be enough
        """Within a transaction: keep other processes from making or changing tables meanwhile."""

    @abstractmethod
    def close(self) -> None:
        """Give the connection back."""

    @abstractmethod
    def _begin(self) -> None: ...

    @abstractmethod
    def _commit(self) -> None: ...

    @abstractmethod
    def _roll_back(self) -> None: ...

    @abstractmethod
    def _execute(self, statement: str, values: dict[str, Any]) -> tuple[list[Row], int]: ...

    @abstractmethod
    def _errors(self) -> tuple[type[Exception], ...]: ...

    @abstractmethod
    def _words(self, error: Exception) -> str: ...


Clock = Callable[[], float]
