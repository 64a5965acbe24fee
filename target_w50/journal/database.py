"""The database that a journal is in: one transaction at a time, and its errors in words."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from target_w50.errors import JournalError
from target_w50.journal.key_order import pairs_in_order

Row = tuple[Any, ...]

MOST_AMONG = 10_000
"""How many numbers one statement looks for; SQLite takes 32,766."""


class Database(ABC):
    """One connection, shared by the threads of a run: each transaction has it for itself.

    Statements are standard SQL with `:name` for a value, the same text for every kind of database.

    Attributes:
        place: where it is, as it may be shown.
        types: what the columns' types are called here.
        wipes_itself: whether what was removed can be made to vanish from its files.
    """

    wipes_itself = False
    place: str
    types: dict[str, str]

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._only_reads = False

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

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Statements that only read, together; others may write meanwhile.

        Raises:
            JournalError: the database can't be used.
        """
        with self._lock, self._in_words():
            if self._depth:
                yield
                return
            self._begin_reading()
            self._depth, self._only_reads = self._depth + 1, True
            try:
                yield
            finally:
                self._depth, self._only_reads = self._depth - 1, False
                self._roll_back()

    def rows(self, statement: str, **values: Any) -> list[Row]:
        """What a statement finds; within a transaction, or as one of its own."""
        with self.transaction():
            return self._execute(statement, values)[0]

    def change(self, statement: str, **values: Any) -> int:
        """How many rows a statement changed; within a transaction, or as one of its own."""
        with self.transaction():
            self._need_writing()
            return self._execute(statement, values)[1]

    def among(self, statement: str, numbers: Sequence[int]) -> list[Row]:
        """What a statement finds that has `{among}` behind a column: `IN` these numbers, signed, 64 bits."""
        found: list[Row] = []
        with self.reading():
            for start in range(0, len(numbers), MOST_AMONG):
                found += self._among(statement, numbers[start : start + MOST_AMONG])[0]
        return found

    def of_pairs(
        self, columns: Sequence[str], source: str, keys: Sequence[int], values: Sequence[int]
    ) -> Iterator[tuple[int, ...]]:
        """What is found where rows are made of many keys and their values.

        Args:
            columns: of which the numbers are wanted; 0 stands for none.
            source: what follows FROM; in it `{pairs}` has rows of `x`, a key, and `v`, a value.
            keys: signed, of 64 bits.
            values: of each, the same.
        """
        pairs = pairs_in_order(keys, values)
        for start in range(0, len(pairs), 2 * MOST_AMONG):
            with self.reading():  # in between, others have their turn
                found = self._of_pairs(columns, source, pairs[start : start + 2 * MOST_AMONG])
            yield from found

    def change_among(self, statement: str, numbers: Sequence[int]) -> int:
        """Change rows by a statement that has `{among}` behind a column: `IN` these numbers; how many."""
        changed = 0
        with self.transaction():
            self._need_writing()
            for start in range(0, len(numbers), MOST_AMONG):
                changed += self._among(statement, numbers[start : start + MOST_AMONG])[1]
        return changed

    def insert(self, table: str, columns: Mapping[str, Sequence[int]], on_conflict: str) -> None:
        """Insert rows given in columns, all of one length.

        Args:
            table: into which; our own word, as the columns' names are.
            columns: numbers of 64 bits, signed.
            on_conflict: what is done where a row is there already.
        """
        with self.transaction():
            self._need_writing()
            self._insert(table, columns, on_conflict)

    def _need_writing(self) -> None:
        if self._only_reads:
            raise AssertionError("what only reads is rolled back")

    @abstractmethod
    def now(self) -> float:
        """The database's time of day, in seconds since 1970."""

    @abstractmethod
    def has_table(self, name: str) -> bool:
        """Whether there is a table of this name."""

    def lock_for_steps(self) -> None:  # noqa: B027  # a transaction may be enough
        """Within a transaction: keep other processes from making or changing tables meanwhile."""

    @abstractmethod
    def wipe(self, *, busy: bool = False) -> str:
        """Have the bytes vanish of what was removed; what of that is left to see to, as a sentence.

        Args:
            busy: whether runs are under way, which must not wait long.
        """

    @abstractmethod
    def close(self) -> None:
        """Give the connection back."""

    @abstractmethod
    def _begin(self) -> None: ...

    def _begin_reading(self) -> None:
        self._begin()

    @abstractmethod
    def _among(self, statement: str, numbers: Sequence[int]) -> tuple[list[Row], int]: ...

    @abstractmethod
    def _of_pairs(
        self, columns: Sequence[str], source: str, pairs: list[int]
    ) -> Iterable[tuple[int, ...]]: ...

    @abstractmethod
    def _insert(self, table: str, columns: Mapping[str, Sequence[int]], on_conflict: str) -> None: ...

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
