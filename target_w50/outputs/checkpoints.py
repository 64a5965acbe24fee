"""Which state may be written now: the input in stretches, each with its newest state; no clock, no I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Work = TypeVar("Work", bound=Hashable)


@dataclass
class _Stretch(Generic[Work]):
    """A part of the input: what of it is unfinished, and the newest state read in it.

    Of what is finished, `covered` has no records after that state.
    """

    unfinished: set[Work] = field(default_factory=set)
    finished: list[Work] = field(default_factory=list)
    covered: list[Work] = field(default_factory=list)
    state: Any = None
    has_state: bool = False
    has_records: bool = False
    records_after_state: bool = False

    @property
    def holds_input(self) -> bool:
        """Whether anything but a state was read in it."""
        return bool(self.has_records or self.unfinished or self.finished)


@dataclass(frozen=True)
class Safe(Generic[Work]):
    """A state that may be written, and the finished work that no later run repeats once it is."""

    state: Any
    covered: tuple[Work, ...]


class Checkpoints(Generic[Work]):
    """Keeps the stretches of the input in order until they may be acknowledged.

    A stretch ends where `cut` is called. It leaves when it has been cut, everything before it has left and
    nothing of it is unfinished; the newest state that left may be written. Memory is bounded by what is
    unfinished: a stretch that has nothing unfinished joins the one before it.
    """

    def __init__(self) -> None:
        self._cut: deque[_Stretch[Work]] = deque()
        self._current: _Stretch[Work] = _Stretch()
        self._uncovered: list[Work] = []
        self._has_state = False
        self._records_after_state = False

    def state_read(self, state: Any) -> None:
        """The tap sent a state: all records before it are in this stretch or an earlier one.

        Where nothing was read since the last cut, it belongs to the stretch that was cut there, so that it
        need not wait for what comes next.
        """
        stretch = self._cut[-1] if self._cut and not self._current.holds_input else self._current
        stretch.state = state
        stretch.has_state = self._has_state = True
        stretch.records_after_state = self._records_after_state = False

    def record_read(self) -> None:
        """The tap sent a record that belongs to this stretch."""
        self._current.has_records = True
        self._current.records_after_state = self._records_after_state = True

    def begin(self, work: Work) -> None:
        """Something of the current stretch is unfinished until `end` is called for it."""
        self._current.unfinished.add(work)

    def end(self, work: Work) -> None:
        """The work ended well.

        Raises:
            KeyError: if it was never begun, or has ended already.
        """
        for index, stretch in enumerate((*self._cut, self._current)):
            if work in stretch.unfinished:
                stretch.unfinished.remove(work)
                stretch.finished.append(work)
                if stretch is not self._current and index > 0 and not stretch.unfinished:
                    # It would leave together with the one before it.
                    self._join(self._cut[index - 1], stretch)
                    del self._cut[index]
                return
        raise KeyError(work)

    def cut(self) -> None:
        """End the current stretch here."""
        current = self._current
        if self._cut and not current.unfinished:
            self._join(self._cut[-1], current)
        elif current.holds_input or current.has_state:
            self._cut.append(current)
        self._current = _Stretch()

    def leave(self) -> Safe[Work] | None:
        """Let what is finished leave from the front; the newest state that left, if there is one."""
        if not self._cut or self._cut[0].unfinished:
            return None
        # It is one at most: a later stretch joined it when its last work ended.
        stretch = self._cut.popleft()
        if not stretch.has_state:
            self._uncovered.extend(stretch.finished)
            return None
        # Records read after the state come again with the next run, and with them their work.
        left = stretch.finished if stretch.records_after_state else []
        done = [] if stretch.records_after_state else stretch.finished
        safe = Safe(stretch.state, (*self._uncovered, *stretch.covered, *done))
        self._uncovered = list(left)
        return safe

    @property
    def open_stretches(self) -> int:
        """How many stretches are kept, the current one included."""
        return len(self._cut) + 1

    @property
    def state_waits(self) -> bool:
        """Whether there is a state that has not left yet."""
        return any(stretch.has_state for stretch in (*self._cut, self._current))

    @property
    def comes_again(self) -> bool:
        """Whether records came after the tap's last state: they are the next run's first ones.

        A tap that sends no states begins anew each time, and means what it sends.
        """
        return self._has_state and self._records_after_state

    @property
    def waits(self) -> bool:
        """Whether anything was read since the last cut that a cut could acknowledge."""
        current = self._current
        return bool(current.unfinished or current.finished or current.has_state)

    @staticmethod
    def _join(earlier: _Stretch[Work], later: _Stretch[Work]) -> None:
        if later.has_state:
            # All that is of the earlier stretch was read before this state.
            earlier.covered += [*earlier.finished, *later.covered]
            earlier.finished = later.finished
            earlier.state, earlier.has_state = later.state, True
            earlier.records_after_state = later.records_after_state
        else:
            earlier.finished.extend(later.finished)
            earlier.records_after_state = earlier.records_after_state or later.has_records
        earlier.has_records = earlier.has_records or later.has_records
