"""What streams there are: of a tap, from its messages or its catalog; or of a file of contacts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from target_w50.cli.import_settings import stream_name
from target_w50.files.faults import unfit
from target_w50.files.opening import Reading, open_sources
from target_w50.settings.model import settings_from
from target_w50.singer.messages import MessageType, key_properties, require
from target_w50.singer.reader import InputReader
from target_w50.singer.stream_maps import StreamMaps, removes

log = logging.getLogger("target-w50")

LARGEST_CATALOG = 100_000_000
"""Bytes; a file that is larger is taken for messages."""


@dataclass(frozen=True)
class TapStream:
    """A stream of the tap, as the target gets it.

    Attributes:
        name: the stream's.
        properties: the names that its schema has.
        keys: its key properties.
        is_file: whether it is a file of contacts for `w50 import`, and no tap's.
    """

    name: str
    properties: tuple[str, ...]
    keys: tuple[str, ...]
    is_file: bool = False


def stream_of_file(file: Path, encoding: str | None = None) -> TapStream:
    """The stream that `w50 import` makes of a file of contacts.

    Args:
        file: the file.
        encoding: of CSV that is not UTF-8.

    Raises:
        InputError: the file is broken, or has no columns.
        SettingsError: DuckDB is not installed.
    """
    (source,) = open_sources([str(file)], Reading(encoding=encoding))
    if not source.columns:
        raise unfit(f"{file} names no columns.")
    return TapStream(stream_name([str(file)]), tuple(source.columns), (), is_file=True)


def streams_of_catalog(file: Path) -> list[TapStream] | None:
    """The streams of a catalog, those that are selected if any is; None where the file is no catalog."""
    try:
        if file.stat().st_size > LARGEST_CATALOG:
            return None
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    listed = content.get("streams") if isinstance(content, dict) else None
    if not isinstance(listed, list):
        return None
    streams = [each for each in listed if isinstance(each, dict)]
    selected = [each for each in streams if _about_all(each).get("selected") is True or each.get("selected")]
    return [_of_catalog(each) for each in selected or streams]


def _about_all(stream: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the catalog says of the stream as a whole."""
    for each in stream.get("metadata") or ():
        if isinstance(each, dict) and not each.get("breadcrumb"):
            about = each.get("metadata")
            return about if isinstance(about, dict) else {}
    return {}


def _of_catalog(stream: Mapping[str, Any]) -> TapStream:
    schema = stream.get("schema")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    keys = stream.get("key_properties") or _about_all(stream).get("table-key-properties")
    name = str(stream.get("stream") or stream.get("tap_stream_id") or "")
    return TapStream(
        name,
        tuple(properties) if isinstance(properties, dict) else (),
        tuple(map(str, keys)) if isinstance(keys, list) else (),
    )


def streams_of_messages(config: Mapping[str, Any], messages: IO[bytes]) -> Iterator[TapStream]:
    """Each stream by its last schema, after the settings' stream maps.

    Raises:
        InputError: the input is not Singer.
        SettingsError: the stream maps can't be used.
    """
    given = {
        name: value
        for name, value in config.items()
        if name.startswith(("stream_map", "flattening", "faker"))
    }
    settings_from({"auth_token": "-", **given}, streams_required=False)  # what is wrong with these is told
    reader, stream_maps = InputReader(), StreamMaps(given, log)
    streams: dict[str, TapStream] = {}

    def learn(message: dict[str, Any]) -> None:
        stream = require(message, reader.line_number, "stream", str)
        schema = require(message, reader.line_number, "schema", dict)
        keys = key_properties(message, reader.line_number)
        for each in stream_maps.of(stream, schema, keys):
            if not removes(each) and each.transformed_schema.get("properties"):
                properties = tuple(each.transformed_schema["properties"])
                keys_now = tuple(each.transformed_key_properties or ())
                streams[each.stream_alias] = TapStream(each.stream_alias, properties, keys_now)

    callbacks: dict[str, Callable[[dict[str, Any]], None]] = dict.fromkeys(MessageType, _leave)
    reader.process_lines(messages, {**callbacks, MessageType.SCHEMA: learn})  # type: ignore[arg-type]  # bytes as well
    yield from streams.values()


def _leave(message: dict[str, Any]) -> None:
    """Only schemas count."""
