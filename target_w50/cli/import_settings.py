"""The settings of `w50 import`: the target's, with one entry of `streams` that the options make."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from target_w50.contacts.names import nearest, nearest_name, normalized
from target_w50.errors import MappingError, SettingsError, TargetW50Error
from target_w50.files.faults import unfit
from target_w50.files.source import Source
from target_w50.outputs.invalid_records import InvalidRecordError
from target_w50.settings.model import ImportMode, NullValues, StateMode, entry_for, settings_from

_TAKEN_OFF = (".gz", ".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json", ".parquet", ".pq")

_ONE_AND_THE_SAME = 0.8
"""How much a column is like a name that somebody gave, for it to be no contact's cell."""


@dataclass(frozen=True)
class Wish:
    """What the options say, each where it was given.

    Attributes:
        stream: the stream's name.
        contact_list: the list.
        match: FieldNames that tell one contact from another.
        fields: column to FieldName.
        events: custom events.
        empty: what becomes of an empty cell, as in the option.
        quarantine: file for records that can't be loaded.
        failed_check: what becomes of a value that fails a check.
    """

    stream: str
    contact_list: str | None
    match: tuple[str, ...]
    fields: Mapping[str, str]
    events: tuple[str, ...]
    empty: str | None
    quarantine: str | None
    failed_check: str | None = None


def stream_name(patterns: Sequence[str]) -> str:
    """The name of a stream from the first file's: `people.csv.gz` is `people`."""
    name = Path(patterns[0]).name
    while name.lower().endswith(_TAKEN_OFF) and Path(name).stem:
        name = Path(name).stem
    return name.strip("*?[]-_. ") or "contacts"


def known_encoding(name: str | None) -> str | None:
    """The encoding that an option names.

    Raises:
        SettingsError: Python knows no such text encoding.
    """
    if name is None:
        return None
    try:
        "".encode(codecs.lookup(name).name)
    except LookupError:
        raise SettingsError(
            f"--encoding {name!r} is not known; windows-1252, latin-1 and utf-16 are, for instance",
            code="usage",
        ) from None
    return name


def import_settings(values: Mapping[str, Any], wish: Wish) -> dict[str, Any]:
    """The settings of a run that loads files.

    What `--config` says of such a stream in `streams` holds where no option says otherwise.

    Args:
        values: the settings as read.
        wish: the options.

    Raises:
        SettingsError: it is not said which list, or by what contacts are told apart (`import_incomplete`).
    """
    if values.get("import_mode") == ImportMode.CREATE_ONLY.value:
        raise SettingsError(
            "`import_mode` is create_only, which sends no contacts: import files with `load`.", code="usage"
        )
    if wish.quarantine is not None:  # first: an entry of the settings may need it
        values = {**values, "on_invalid_record": "quarantine", "quarantine_path": wish.quarantine}
    entry = _entry_of(values, wish.stream)
    options: dict[str, Any] = {
        "contact_list": wish.contact_list,
        "match_fields": list(wish.match) or None,
        "custom_events": list(wish.events) or None,
        "on_failed_check": wish.failed_check,
    }
    given = {name: value for name, value in options.items() if value is not None}
    if wish.empty is not None:
        given["null_values"] = (NullValues.SEND if wish.empty == "clear" else NullValues.OMIT).value
    entry = {
        # A cell is empty because nobody filled it in: that is no reason to empty a field in W50.
        "null_values": NullValues.OMIT.value,
        **entry,
        **given,
        "stream": wish.stream,
    }
    entry["fields"] = {**entry.get("fields", {}), **wish.fields}
    missing = []
    if "contact_list" not in entry:
        missing.append("the contact list to load into, such as --list Newsletter (`w50 lists` tells them)")
    if "match_fields" not in entry and "enc_contact_id" not in entry:
        missing.append(
            "by which field W50 is to find a contact that it has already, such as --match Email (`w50 fields "
            "LIST` tells them)"
        )
    if missing:
        raise SettingsError(
            f"Say {', and '.join(missing)}. Nothing was read or sent.", code="import_incomplete"
        )
    return {
        **values,
        "streams": [entry],
        # There is no tap that would take a state: what was loaded before is in the journal.
        "state": StateMode.TAP_ONLY.value,
    }


def _entry_of(values: Mapping[str, Any], stream: str) -> dict[str, Any]:
    """The entry of the settings that such a stream falls under, as it is written there."""
    given = values.get("streams")
    if not given:
        return {}
    judged = settings_from(values)  # else what is wrong with the entries would be found in the middle
    found = entry_for(judged.streams, stream)
    if found is None:
        return {}
    return {name: value for name, value in given[judged.streams.index(found)].items() if value is not None}


def check_columns(settings: Mapping[str, Any], sources: Sequence[Source]) -> None:
    """See that the files have the columns that the options name, before W50 is asked.

    That there is a column for each match field shows that the first line is a header: until then its cells
    may be a contact's, and are not said.

    Raises:
        InputError: a file has none for a match field (`file_columns`).
        SettingsError: `--field` names a column that no file has (`usage`).
    """
    if any(settings.get(name) for name in ("stream_maps", "flattening_enabled")):
        return  # what the columns are called then, only the target knows
    entry = settings["streams"][0]
    fields: Mapping[str, str] = entry["fields"]
    for source in sources:
        if not source.records and not source.columns:
            continue
        for match in entry.get("match_fields") or ():
            if not any(
                fields[each] == match if each in fields else normalized(each) == normalized(match)
                for each in source.columns
            ):
                raise unfit(f"{source.name} {_without_match(match, fields, source)}")
    columns = {each: None for source in sources for each in source.columns}
    for name in fields:
        if columns and name not in columns:
            raise SettingsError(
                f"No file has a column {name!r}{nearest(name, columns)}. Correct --field, or `fields` of the "
                "stream in the settings. Nothing was sent.",
                code="usage",
            )


def _without_match(match: str, fields: Mapping[str, str], source: Source) -> str:
    """What is said of a file that has no column for a match field."""
    correct = "Correct --field, or `fields` of the stream in the settings."
    for name, field in fields.items():
        if name in source.columns and nearest_name(field, [match]):
            return (
                f"has no column for match field {match!r}: column {name!r} is given to field {field!r} "
                f"(did you mean {match!r}?). {correct}"
            )
    header = (
        "Its first line should name the columns; delete what stands above that line. If the file has no such "
        "line, name its columns: --columns Email,FirstName,..."
    )
    for name, field in fields.items():
        if field == match:
            near = nearest(name, source.columns, _ONE_AND_THE_SAME)
            return (
                f"has no column {name!r}{near}, which is to hold match field {match!r}. "
                f"{correct if near else header}"
            )
    return (
        f"has no column for match field {match!r}. If a column of another name holds it, say --field "
        f"COLUMN={match}. {header}"
    )


def reword(error: TargetW50Error) -> None:
    """Name the options where an error's sentence speaks of settings."""
    if isinstance(error, MappingError):
        error.say(f"{error.message} With `w50 import`, `fields` is --field COLUMN=FieldName.")
    elif isinstance(error, InvalidRecordError):
        error.say(error.message.replace("set `on_invalid_record` to quarantine", "say --quarantine FILE"))
