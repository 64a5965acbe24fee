"""W50's ValidationWarnings: counted by kind, and told with the places of a few records; no values."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from target_w50.errors import counted
from target_w50.import_jobs.batches import Batch
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.places import Places
from target_w50.w50 import plain_words

log = logging.getLogger("target-w50")

MOST_PLACES = 5
MOST_KINDS = 50
OTHER = "other"


class ValidationWarnings:
    """Counts warnings for the metrics and logs them.

    Args:
        places: the words for where a record was read.
    """

    def __init__(self, places: Places) -> None:
        self._places = places

    def tell(self, job: LoadJob, batch: Batch, warnings: Sequence[tuple[int, tuple[str, ...]]]) -> None:
        """Count the warnings of one upload.

        Args:
            job: the job that the batch belongs to.
            batch: what was uploaded.
            warnings: for each warned contact its index in the batch, and W50's texts.
        """
        known_names = frozenset(job.mapping.field_names)
        of_kind = {} if job.effort is None else job.effort.warnings
        by_kind: dict[str, list[int]] = {}
        for index, texts in warnings:
            if not 0 <= index < batch.count:
                continue
            for text in texts:
                kind = kind_of(text, known_names)
                if kind not in by_kind and len(of_kind.keys() | by_kind.keys()) >= MOST_KINDS:
                    kind = kind if kind in of_kind else OTHER
                by_kind.setdefault(kind, []).append(batch.places[index])
        for kind, places in by_kind.items():
            of_kind[kind] = of_kind.get(kind, 0) + len(places)
            log.warning(
                "%s: W50 warned of %s: %s. First: %s",
                job.name,
                counted(len(places), "contact"),
                kind,
                ", ".join(self._places.text(place) for place in places[:MOST_PLACES]),
            )


def kind_of(text: str, field_names: frozenset[str]) -> str:
    """The warning in words that may be shown; it may name a value, or another contact that W50 holds."""
    kind = plain_words(text, field_names)
    return kind if any(char.isalpha() for char in kind) else OTHER
