"""W50's ValidationWarnings: counted by kind, and told with the places of a few records; no values."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from target_w50.import_jobs.batches import Batch
from target_w50.import_jobs.job import LoadJob
from target_w50.import_jobs.places import Places

log = logging.getLogger("target-w50")

MOST_PLACES = 5
MOST_WORDS = 10
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
        fragments = job.store.fragments(batch)
        by_kind: dict[str, list[int]] = {}
        for index, texts in warnings:
            if not 0 <= index < batch.count:
                continue
            for text in texts:
                kind = kind_of(text, fragments[index].decode(), job.mapping.field_names)
                by_kind.setdefault(kind, []).append(batch.places[index])
        for kind, places in by_kind.items():
            if job.effort is not None:
                job.effort.warnings[kind] = job.effort.warnings.get(kind, 0) + len(places)
            log.warning(
                "%s: W50 warned of %d contacts: %s. First: %s",
                job.name,
                len(places),
                kind,
                ", ".join(self._places.text(place) for place in places[:MOST_PLACES]),
            )


def kind_of(text: str, fragment: str, field_names: Sequence[str]) -> str:
    """The warning without anything that may be a value of the contact.

    Kept are plain words that are FieldNames, or do not occur in the contact as it was sent.
    """
    names = {word.casefold() for name in field_names for word in re.findall(r"\w+", name)}
    sent = {word.casefold() for word in re.findall(r"\w+", fragment)}
    words = [
        word
        for word in re.findall(r"\w+", text)
        if word.isascii() and word.isalpha() and (word.casefold() in names or word.casefold() not in sent)
    ]
    return " ".join(words[:MOST_WORDS]) or OTHER
