"""The files that were named: found, told apart by their kind, and read through once."""

from __future__ import annotations

import codecs
import glob
import json
import os
import shlex
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from target_w50.contacts.names import listing
from target_w50.errors import InputError
from target_w50.files.csv_layout import layout_of
from target_w50.files.csv_source import CsvSource
from target_w50.files.faults import unfit, unreadable
from target_w50.files.json_source import JsonSource
from target_w50.files.parquet_source import ParquetSource
from target_w50.files.source import Source
from target_w50.files.text import TextFile


class Kind(str, Enum):
    """What a file may be."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"


_SUFFIXES = {
    ".csv": Kind.CSV,
    ".tsv": Kind.CSV,
    ".tab": Kind.CSV,
    ".txt": Kind.CSV,
    ".jsonl": Kind.JSON_LINES,
    ".ndjson": Kind.JSON_LINES,
    ".json": Kind.JSON_LINES,
    ".parquet": Kind.PARQUET,
    ".pq": Kind.PARQUET,
}


_BEGIN_BYTES = 1_000_000
"""Enough for a contact of JSON lines; where it is not, nothing is said."""

_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers")


@dataclass(frozen=True)
class Reading:
    """How files are to be read, as far as somebody has said it.

    Attributes:
        kind: what they are; None: by their names.
        delimiter: of CSV.
        encoding: of texts whose first bytes don't say it.
        columns: names of columns, of CSV without a header.
        typed: whether numbers in CSV are numbers.
    """

    kind: Kind | None = None
    delimiter: str | None = None
    encoding: str | None = None
    columns: tuple[str, ...] = ()
    typed: bool = False


def kind_of(name: str) -> Kind | None:
    """What the file is by its name; None where that does not say it.

    Raises:
        InputError: it is a spreadsheet program's own, which is not read.
    """
    if name.lower().endswith(_WORKBOOKS):
        raise unreadable(f"{name} is a workbook. Save its sheet as “CSV UTF-8” first.")
    return _SUFFIXES.get(Path(name.lower().removesuffix(".gz")).suffix)


def holds_contacts(path: Path) -> bool:
    """Whether the file is one for `w50 import`, by its name and its first bytes, and no messages of a tap.

    Raises:
        InputError: it is a spreadsheet program's own, which is not read.
    """
    kind = kind_of(path.name)
    if kind is None or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            begin = file.read(_BEGIN_BYTES).removeprefix(codecs.BOM_UTF8).lstrip()
    except OSError:
        return False
    if kind is not Kind.JSON_LINES or path.name.lower().endswith(".gz"):
        return bool(begin) and not begin.startswith(b"{")
    try:
        first = json.loads(begin.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return False
    # A message has a type, a catalog has streams.
    return isinstance(first, dict) and not first.keys() & {"type", "streams"}


def refuse_contacts(path: Path) -> None:
    """See that a file is not one for `w50 import`, where messages of a tap are wanted.

    Raises:
        InputError: it is (`input_not_singer`), or a spreadsheet program's own.
    """
    if holds_contacts(path):
        command = f"w50 import {shlex.quote(str(path))} --dry-run"
        raise InputError(
            f"{path} holds contacts, and no messages of a tap. `{command}` tells what would be sent of it.",
            code="input_not_singer",
        )


def open_sources(patterns: Sequence[str], reading: Reading) -> list[Source]:
    """Find the files and read through each, so that what is broken is known before anything is sent.

    Args:
        patterns: paths and globs.
        reading: how to read them.

    Raises:
        InputError: a file is missing or broken, or of another kind than the others.
        SettingsError: DuckDB is not installed.
    """
    kinds = {name: reading.kind or _required_kind(name) for name in _found(patterns)}
    if len({*kinds.values()}) > 1:
        raise unfit("The files are of several kinds. Import one kind after the other.")
    sources: list[Source] = []
    for name, kind in kinds.items():
        sources.append(_open(name, kind, reading))
    return sources


def _found(patterns: Sequence[str]) -> dict[str, None]:
    """The files, each once, in the order in which they were named."""
    found: dict[str, None] = {}
    for pattern in patterns:
        if "://" in pattern:
            raise unreadable(
                "`w50 import` reads files of this machine, no URLs. Fetch the file first.",
            )
        if pattern == "-":
            raise unreadable(
                "`w50 import` reads each file twice, and standard input only once. Write it to a file first.",
            )
        found.update(dict.fromkeys(_matches(pattern)))
    return found


def _matches(pattern: str) -> Iterator[str]:
    if os.path.lexists(pattern):  # a file whose name looks like a glob is that file
        names = [pattern]
    else:
        names = sorted(glob.glob(pattern, recursive=True)) if glob.has_magic(pattern) else []  # noqa: PTH207
        if not names:
            raise unreadable(f"There is no file {pattern}.")
    for name in names:
        try:
            mode = Path(name).stat().st_mode
        except OSError as error:
            raise unreadable(f"{name} can't be read: {error.strerror}.") from None
        if stat.S_ISDIR(mode) and name == pattern:
            raise unreadable(f"{name} is a folder. Name its files, or a glob such as 'FOLDER/*.csv'.")
        if stat.S_ISREG(mode):
            yield name
        elif not stat.S_ISDIR(mode):
            raise unreadable(
                f"{name} is no regular file, and each file is read twice. Write it to a file first.",
            )


def _required_kind(name: str) -> Kind:
    kind = kind_of(name)
    if kind is None:
        raise unreadable(
            f"The name of {name} does not say what it is. Say it: --format csv, jsonl or parquet.",
        )
    return kind


def _open(name: str, kind: Kind, reading: Reading) -> Source:
    if kind is Kind.PARQUET:
        return ParquetSource(name)
    text = TextFile.look_at(name, reading.encoding)
    if kind is Kind.JSON_LINES:
        return JsonSource(text)
    return CsvSource(text, layout_of(text, reading.delimiter, reading.columns), typed=reading.typed)


def check_alike(sources: Sequence[Source]) -> None:
    """See that all files have the same columns, in whatever order: they are one stream.

    Of JSON lines each may have names of its own, and so may each file.

    Raises:
        InputError: naming two files (`file_columns`).
    """
    first = sources[0]
    for other in sources[1:]:
        if isinstance(other, JsonSource):
            continue
        missing = [each for each in first.columns if each not in other.columns]
        added = [each for each in other.columns if each not in first.columns]
        if missing or added:
            lacks = f"lacks {listing(map(repr, missing))}" if missing else ""
            has = f"has {listing(map(repr, added))} beside them" if added else ""
            words = " and ".join(filter(None, (lacks, has)))
            raise unfit(
                f"{other.name} has other columns than {first.name}: it {words}. Import one after the other.",
            )
