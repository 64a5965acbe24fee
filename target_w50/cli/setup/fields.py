"""Whoever sits at the terminal says where columns go that have no field of their name."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from target_w50.cli.options import say
from target_w50.cli.setup.asking import Asking
from target_w50.cli.setup.entries import ProposedEntry
from target_w50.contacts.names import nearest


def with_asked_fields(
    asking: Asking, entry: ProposedEntry, field_names: Sequence[str], *, is_file: bool
) -> ProposedEntry:
    """The entry with the fields that somebody confirms, and of a file's columns those that somebody names.

    Args:
        asking: where nobody can be asked, the entry stays as it is.
        entry: as it was proposed.
        field_names: of the list.
        is_file: whether it is a file of contacts: of a tap, what has no field is mostly not meant for W50.
    """
    if not asking.allowed:
        return entry
    fields = dict(entry.entry.get("fields") or {})
    left = list(entry.unmapped)
    for name, field in entry.near.items():
        if asking.yes(f"Stream {entry.stream!r}: does {name!r} go to field {field!r}?"):
            fields[name] = field
        else:
            left.append(name)
    while is_file and left:
        free = [each for each in field_names if each not in fields.values()]
        if not free:
            break
        say(f"columns without a field: {', '.join(left)}")
        say(f"fields of the list that are free: {', '.join(free)}")
        text = asking.text_or_nothing("Give a column its field: COLUMN=FIELD (empty: go on without)")
        if not text:
            break
        name, _, field = (each.strip() for each in text.rpartition("="))
        if name not in left:
            say(f"it takes COLUMN=FIELD; there is no such column without a field{nearest(name, left)}")
        elif field not in free:
            say(f"the list has no such field that is free{nearest(field, free)}")
        else:
            fields[name] = field
            left.remove(name)
    mapped = {**entry.entry, "fields": fields} if fields else entry.entry
    return dataclasses.replace(entry, entry=mapped, near={}, unmapped=tuple(left))
