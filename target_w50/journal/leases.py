"""The contact lists that a run holds, so that no other run works on them meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from target_w50.errors import LeaseLostError, ListInUseError
from target_w50.journal.database import Database
from target_w50.journal.process import Process

LEASE_S = 60.0
"""How long a contact list stays taken without a word from the run that took it."""


@dataclass
class Lease:
    """A contact list that this run holds.

    Attributes:
        epoch: how often the list was taken; what was written under another epoch is not ours.
        until: on a clock that goes on while the machine sleeps, when it ends if it is not renewed.
    """

    list_id: int
    epoch: int
    until: float


class Leases:
    """What one run holds. Any thread may ask; each call is one transaction, or part of the caller's.

    Args:
        database: with its tables.
        account: W50 as the settings name it.
        run_id: the run's name.
        process: that it is.
        awake_or_not: a clock that goes on while the machine sleeps, in seconds.
    """

    def __init__(
        self,
        database: Database,
        *,
        account: str,
        run_id: str,
        process: Process,
        awake_or_not: Callable[[], float],
    ) -> None:
        self.database = database
        self.account = account
        self.run_id = run_id
        self.process = process
        self._awake_or_not = awake_or_not
        self._leases: dict[int, Lease] = {}

    def take(self, list_id: int) -> None:
        """Hold the contact list from now on; once is enough.

        Raises:
            ListInUseError: another run holds it.
            JournalError: the journal can't be used.
        """
        if list_id in self._leases:
            return
        whose, database = {"account": self.account, "list_id": list_id}, self.database
        began = self._awake_or_not()
        with database.transaction():
            now = database.now()
            database.change(
                "INSERT INTO w50_lists (account, contact_list_id, epoch) VALUES (:account, :list_id, 0) "
                "ON CONFLICT (account, contact_list_id) DO NOTHING",
                **whose,
            )
            # The row is ours until the end of the transaction, in every kind of database.
            database.change(
                "UPDATE w50_lists SET epoch = epoch WHERE account = :account AND contact_list_id = :list_id",
                **whose,
            )
            ((epoch, run_id, host, process, since, expires),) = database.rows(
                "SELECT epoch, run_id, host, process, since, expires FROM w50_lists "
                "WHERE account = :account AND contact_list_id = :list_id",
                **whose,
            )
            holder = Process(host or "", process or "")
            if run_id is not None and expires > now and not holder.is_gone():
                words = time_in_words(since)
                raise ListInUseError(list_id, run_id=run_id, host=host, pid=holder.pid, since=words)
            database.change(
                "UPDATE w50_lists SET epoch = :epoch, run_id = :run_id, host = :host, process = :process, "
                "since = :now, expires = :expires WHERE account = :account AND contact_list_id = :list_id",
                **whose,
                **self.names,
                epoch=epoch + 1,
                now=now,
                expires=now + LEASE_S,
            )
        self._leases[list_id] = Lease(list_id, epoch + 1, began + LEASE_S)

    @property
    def names(self) -> dict[str, str]:
        """Whose they are, as the tables have it."""
        return {"run_id": self.run_id, "host": self.process.host, "process": self.process.mark}

    def held(self, list_id: int) -> bool:
        """Whether this run holds the list."""
        return list_id in self._leases

    def epoch(self, list_id: int) -> int:
        """The epoch of a list that this run holds."""
        return self._held(list_id).epoch

    def _held(self, list_id: int) -> Lease:
        lease = self._leases.get(list_id)
        if lease is None:
            # Given back meanwhile: a worker that hung goes on after the run was wound up.
            raise LeaseLostError(list_id)
        return lease

    def need(self, list_id: int) -> None:
        """Within a transaction: raise unless the list is ours until its end.

        Raises:
            LeaseLostError: it is another run's by now.
        """
        self._need(self._held(list_id))

    def renew(self) -> None:
        """Hold all lists for another while.

        Raises:
            LeaseLostError: another run has taken one meanwhile.
            JournalError: the journal can't be used.
        """
        for lease in [*self._leases.values()]:
            began, database = self._awake_or_not(), self.database
            with database.transaction():
                renewed = database.change(
                    "UPDATE w50_lists SET expires = :expires WHERE account = :account "
                    "AND contact_list_id = :list_id AND epoch = :epoch AND run_id = :run_id",
                    expires=database.now() + LEASE_S,
                    account=self.account,
                    list_id=lease.list_id,
                    epoch=lease.epoch,
                    run_id=self.run_id,
                )
            if not renewed:
                raise LeaseLostError(lease.list_id)
            lease.until = began + LEASE_S

    def check(self, list_id: int) -> None:
        """Raise if the list may be another run's by now, as far as this process's clock tells.

        Raises:
            LeaseLostError: its time is up.
        """
        lease = self._held(list_id)
        if self._awake_or_not() >= lease.until:
            raise LeaseLostError(list_id)

    def check_all(self) -> None:
        """The same for all lists, by the journal: before something is told that none may contradict.

        Raises:
            LeaseLostError: another run has taken one of them.
            JournalError: the journal can't be used.
        """
        if self._leases:
            with self.database.transaction():
                for lease in self._leases.values():
                    self._need(lease)

    def _need(self, lease: Lease) -> None:
        database = self.database
        ours = database.change(
            "UPDATE w50_lists SET epoch = epoch WHERE account = :account AND contact_list_id = :list_id "
            "AND epoch = :epoch AND run_id = :run_id AND expires > :now",
            account=self.account,
            list_id=lease.list_id,
            epoch=lease.epoch,
            run_id=self.run_id,
            now=database.now(),
        )
        if not ours:
            raise LeaseLostError(lease.list_id)

    def release(self) -> None:
        """Give all lists back."""
        with self.database.transaction():
            for lease in self._leases.values():
                self.database.change(
                    "UPDATE w50_lists SET run_id = NULL, host = NULL, process = NULL, since = NULL, "
                    "expires = NULL WHERE account = :account AND contact_list_id = :list_id "
                    "AND epoch = :epoch AND run_id = :run_id",
                    account=self.account,
                    list_id=lease.list_id,
                    epoch=lease.epoch,
                    run_id=self.run_id,
                )
        self._leases.clear()


def time_in_words(seconds: float) -> str:
    """A time of the database, in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
