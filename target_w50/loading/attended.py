"""Calls of the reader's own that are waited for without leaving the rest of the run alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import cached_property, partial
from typing import Protocol, TypeVar

from target_w50.contacts.contact_lists import ListClient
from target_w50.runtime.clock import Clock
from target_w50.w50 import ContactSchemaField, ContactsList, ImportJob

T = TypeVar("T")


class AskedClient(ListClient, Protocol):
    """What is asked of W50 while the rest of the run is looked after."""

    def get_contact_list(self, list_id: int, *, retry_for_s: float | None = None) -> ContactsList:
        """One of the contact lists."""

    def get_import_job(self, list_id: int, job_id: int) -> ImportJob:
        """How an import job stands."""

    def close(self) -> None:
        """Close the kept connections."""


class AttendedClient:
    """Looks up contact lists and fields, and has the input looked after meanwhile.

    W50 may take long to answer, and be asked again for as long as `retry_for_s`. The reader can't read on
    without the answer; meanwhile open jobs are closed at their time, and a stop or an error is learned of.

    Args:
        make_client: gives what asks W50, in a thread of its own for each call; called when the first is made.
        look_round: called now and then while waiting; what it raises ends the wait.
        every_s: how often.
    """

    def __init__(
        self,
        make_client: Callable[[], AskedClient],
        look_round: Callable[[], None],
        clock: Clock,
        *,
        every_s: float,
    ) -> None:
        self._make_client = make_client
        self._look_round = look_round
        self._every_s = every_s
        self._answered = clock.condition()

    @cached_property
    def _client(self) -> AskedClient:
        return self._make_client()

    def close(self) -> None:
        """Close the kept connections, if there are any."""
        if "_client" in vars(self):
            self._client.close()

    def list_contact_lists(self) -> tuple[ContactsList, ...]:
        """See `W50Client`."""
        return self._attended(self._client.list_contact_lists)

    def get_contact_list(self, list_id: int, *, retry_for_s: float | None = None) -> ContactsList:
        """See `W50Client`."""
        return self._attended(partial(self._client.get_contact_list, list_id, retry_for_s=retry_for_s))

    def list_fields(self, list_id: int) -> tuple[ContactSchemaField, ...]:
        """See `W50Client`."""
        return self._attended(partial(self._client.list_fields, list_id))

    def get_import_job(self, list_id: int, job_id: int) -> ImportJob:
        """See `W50Client`."""
        return self._attended(partial(self._client.get_import_job, list_id, job_id))

    def _attended(self, call: Callable[[], T]) -> T:
        answer: Future[T] = Future()
        # A daemon: a call that hangs can't keep the process from ending.
        threading.Thread(target=self._ask, args=(call, answer), name="look-up", daemon=True).start()
        while True:
            with self._answered:
                if not answer.done():
                    self._answered.wait(self._every_s)
            if answer.done():
                return answer.result()
            self._look_round()

    def _ask(self, call: Callable[[], T], answer: Future[T]) -> None:
        try:
            found = call()
        except BaseException as error:  # noqa: BLE001  # it is raised where the answer is waited for
            answer.set_exception(error)
        else:
            answer.set_result(found)
        with self._answered:
            self._answered.notify_all()
