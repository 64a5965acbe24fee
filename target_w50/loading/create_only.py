"""Import mode `create_only`: one import job for each distinct schema's FieldNames, without contacts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from target_w50.contacts.mapping import StreamMapping
from target_w50.errors import DoubtfulError, UnreachableError
from target_w50.import_jobs.counts import Effort, StreamCounts
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.phases import Outcome
from target_w50.loading.uploading import MOST_REBUILDS, known_already
from target_w50.outputs.ledger import Ledger
from target_w50.runtime.logs import is_at_hand
from target_w50.w50 import ImportJob

if TYPE_CHECKING:
    from target_w50.w50 import RequestEvent, W50Client

log = logging.getLogger("target-w50")


class CreateOnly:
    """Creates the import jobs, in the reader's thread.

    Args:
        make_client: makes its own client; its requests are counted for the job at hand.
        ledger: books them.
        monotonic: clock, in seconds.
    """

    def __init__(
        self,
        make_client: Callable[[Callable[[RequestEvent], None]], W50Client],
        ledger: Ledger,
        monotonic: Callable[[], float],
    ) -> None:
        self._effort = Effort(ledger.now())
        self._client = make_client(self._count_request)
        self._ledger = ledger
        self._monotonic = monotonic
        self._created: set[tuple[str, int, tuple[str, ...]]] = set()

    def _count_request(self, event: RequestEvent) -> None:
        self._effort.count(event)

    def create(self, counts: StreamCounts, mapping: StreamMapping) -> None:
        """Create the job of a stream's FieldNames, unless the run has done so.

        Raises:
            W50Error: refused, or out of reach for too long.
        """
        key = (counts.stream, mapping.contact_list.id, mapping.field_names)
        if key in self._created:
            return
        job = LoadJob(-len(self._created) - 1, counts, mapping)
        self._effort = Effort(self._ledger.now())
        began = self._monotonic()
        self._ledger.begin(job)
        is_at_hand(job.log_fields)
        job.creating(self._effort)
        created = self._answered(job)
        self._effort.create_seconds = self._monotonic() - began
        job.created(created)
        self._created.add(key)
        log.info("Created %s without contacts", job.name)
        self._ledger.ended(job, created, Outcome.CREATED)
        job.store.close()

    def _answered(self, job: LoadJob) -> ImportJob:
        for rest in reversed(range(MOST_REBUILDS + 1)):
            try:
                created = self._client.create_import_job(job.list_id, job.mapping.field_names)
                if not self._ledger.is_new(job.list_id, created.id):
                    raise known_already(created)
            except DoubtfulError as error:
                if not rest:
                    raise UnreachableError(
                        f"{job.name}: W50 gives no clear answer to create. {error.message}",
                        call=error.call,
                        status=error.status,
                        code="rebuilds_exhausted",
                    ) from error
                log.warning("%s: no clear answer to create, creating another: %s", job.name, error.message)
            else:
                return created
        raise AssertionError
