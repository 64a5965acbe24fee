"""Which stream writes which fields of a contact list, for where only changed contacts are sent."""

from __future__ import annotations

from target_w50.contacts.mapping import StreamMapping
from target_w50.errors import MappingError
from target_w50.settings.model import Send


class FieldOwners:
    """Each such field has one stream: of two, W50 would keep what the one sent last that changed last."""

    def __init__(self) -> None:
        self._owners: dict[tuple[int, str], StreamMapping] = {}

    def claim(self, mapping: StreamMapping) -> str | None:
        """The stream writes its fields.

        What both streams match by is the same in both, and so may be in both.

        Returns:
            What is to be said where another stream, which sends all, writes one of them.

        Raises:
            MappingError: another stream that sends changed contacts alone writes one of them, as this does.
        """
        mixed: list[str] = []
        for name in mapping.field_names:
            owner = self._owners.setdefault((mapping.contact_list.id, name), mapping)
            changed = [each.entry.send is Send.CHANGED for each in (owner, mapping)]
            if owner.stream == mapping.stream or {name} <= {*owner.match_fields} & {*mapping.match_fields}:
                continue
            if all(changed):
                raise MappingError(
                    f"The streams {owner.stream!r} and {mapping.stream!r} both send FieldName {name!r} to "
                    f"contact list {mapping.contact_list.id}, and both with `send` changed: W50 would keep "
                    "whichever changed last, not what was read last. Drop the field from one of them in "
                    "`fields`, or give both one name by a stream map (`__alias__`).",
                    code="field_of_two_streams",
                )
            if any(changed):
                mixed.append(f"{name!r} (stream {owner.stream!r})")
        if not mixed:
            return None
        return (
            f"Stream {mapping.stream!r} sends fields of contact list {mapping.contact_list.id} that another "
            f"stream sends as well, one of them with `send` changed: {', '.join(mixed)}. W50 keeps what the "
            "one with `send` all sends, also where the other is read last"
        )
