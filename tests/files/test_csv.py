"""CSV as it comes: read as it is meant, or refused by file and line; nothing lost, nothing guessed over."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_w50.errors import InputError
from target_w50.files.csv_source import CsvSource
from tests.effort import tries
from tests.files.support import SECRET, fed, opened, records, refused

ANNA = {"Email": "anna@example.org", "Name": "Jürgen"}
TWO = "Email,Name\nanna@example.org,Jürgen\n"

WRITTEN = {
    "plain": TWO.encode(),
    "no-end": TWO.rstrip("\n").encode(),
    "bom": TWO.encode("utf-8-sig"),
    "utf-16": TWO.encode("utf-16"),
    "utf-16-be": b"\xfe\xff" + TWO.encode("utf-16-be"),
    "utf-32": TWO.encode("utf-32"),
    "crlf": TWO.replace("\n", "\r\n").encode(),
    "cr": TWO.replace("\n", "\r").encode(),
    "semicolons": TWO.replace(",", ";").encode(),
    "tabs": TWO.replace(",", "\t").encode(),
    "bars": TWO.replace(",", "|").encode(),
    "quoted": b'"Email","Name"\r\n"anna@example.org","J\xc3\xbcrgen"\r\n',
    "blank-lines": b"\n\n" + TWO.replace("\n", "\n\n").encode(),
    "sep": b"sep=;\r\n" + TWO.replace(",", ";").replace("\n", "\r\n").encode(),
    "blanks-in-header": TWO.replace("Email,Name", " Email , Name").encode(),
}


@pytest.mark.parametrize("name", ["people.csv", "people.csv.gz", "people.TXT"])
@pytest.mark.parametrize("content", WRITTEN.values(), ids=WRITTEN)
def test_one_file_in_many_ways_is_one_contact(tmp_path: Path, content: bytes, name: str) -> None:
    assert records(opened(tmp_path / name, content)) == [ANNA]


@pytest.mark.parametrize("codec", ["windows-1252", "latin-1", "utf-16-le"])
def test_an_encoding_that_is_named_is_read(tmp_path: Path, codec: str) -> None:
    assert records(opened(tmp_path / "people.csv", TWO.encode(codec), encoding=codec)) == [ANNA]


def test_values_stay_as_they_stand(tmp_path: Path) -> None:
    cells = [
        " anna ",
        "NULL",
        "\\N",
        "N/A",
        "0049",
        "+49",
        "1e5",
        "true",
        "31/12/1980",
        "#x",
        "'",
        'a"b',
        "ü\x00",
    ]
    names = [f"c{number}" for number in range(len(cells))]
    content = ",".join(names) + "\n" + ",".join(cells) + "\n"
    # The zero byte is found in the first bytes of a file only where no encoding was named.
    source = opened(tmp_path / "people.csv", content, encoding="utf-8")
    assert records(source) == [dict(zip(names, cells, strict=True))]


def test_an_empty_cell_is_null_however_it_is_written(tmp_path: Path) -> None:
    source = opened(tmp_path / "people.csv", 'a,b,c\n1,,""\n,2," "\n')
    assert records(source) == [{"a": "1", "b": None, "c": None}, {"a": None, "b": "2", "c": " "}]


def test_quotes_of_one_line_do_not_change_how_another_is_read(tmp_path: Path) -> None:
    """DuckDB's own guess is `no quotes` here, and the quotes would be sent."""
    content = 'Email,Note\na,"x ""y"" z"\nb,5" pipe\nc,"two\nlines, and a comma"\n'
    assert [each["Note"] for each in records(opened(tmp_path / "people.csv", content))] == [
        'x "y" z',
        '5" pipe',
        "two\nlines, and a comma",
    ]


TYPED = "i,n,t,z,p,e,mixed,none\n1,1.50,true,01,+1,1E5,1,\n-20,3,FALSE,2,2,2,x,\n,,,,,,,\n"


def test_types_are_those_that_every_value_of_a_column_has(tmp_path: Path) -> None:
    schema, *messages = fed(opened(tmp_path / "people.csv", TYPED, typed=True))
    assert {name: each["type"] for name, each in schema["schema"]["properties"].items()} == {
        "i": ["null", "integer"],
        "n": ["null", "number"],
        "t": ["null", "boolean"],
        **{name: ["null", "string"] for name in ("z", "p", "e", "mixed", "none")},
    }
    first, second, third = (each["record"] for each in messages)
    assert (first["i"], first["n"], first["t"], first["z"]) == (1, 1.5, True, "01")
    assert (second["i"], second["n"], second["t"], second["p"]) == (-20, 3, False, "2")
    assert {*third.values()} == {None}


def test_without_types_everything_is_text(tmp_path: Path) -> None:
    assert records(opened(tmp_path / "people.csv", TYPED))[0]["n"] == "1.50"


BROKEN: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "too-few": (b"a,b,c\n1,2,3\nSECRET,2\n", "line 3", {}),
    "too-many": (b"a,b\n1,2\n1,2\n1,2,SECRET\n1,2,3\n", "line 4", {}),
    "open-quote": (b'a,b\n1,2\n1,"SECRET\n1,2\n', "line 3", {}),
    "behind-quote": (b'a,b\n1,"SECRET"x\n1,2\n', "line 2", {}),
    "after-lines": (b'a,b\n1,"x\ny"\n\n1,"SECRET\n', "line 5", {}),
    "bom-and-lines": (b'\xef\xbb\xbfa,b\r\n1,"x\r\ny"\r\n\r\nSECRET\r\n', "line 5", {}),
    "backslash": (b'a,b\n1,"SECRET \\"x\\" y"\n', "line 2", {}),
    "latin-1": (b"a,b\n1,2\n1,SECRET \xfc\n", "line 3", {}),
    "latin-1-header": (b"a,\xfc\n1,SECRET\n", "line 1", {}),
    "not-utf-16": (b"\xff\xfea\x00\n\x00\x00", "line 2", {}),
    "title": (b"Export\na,b\n1,SECRET\n", "line 2", {}),
    "blank-with-spaces": (b"a,b\n1,2\n  \n1,2\n", "line 3", {}),
    "line-ends": (b"a,b\r\n1,2\n1,SECRET\r\n", "ends its lines", {}),
    "excel": (b"PK\x03\x04SECRET", "Excel", {}),
    "old-excel": (b"\xd0\xcf\x11\xe0SECRET", "Excel", {}),
    "zero-bytes": ("a,b\n1,SECRET".encode("utf-16-le"), "zero bytes", {}),
    "wrong-encoding": (b"a,b\n1,2\n1,\x81SECRET\n", "line 3", {"encoding": "windows-1252"}),
    "wrong-delimiter": (b"a,b\n1,2\n", "semicolons", {"delimiter": ";", "columns": ("a", "b")}),
    "long-line": (b"a,b\n1," + b"x" * 2_100_000 + b"\n", "line 2: it is longer than 2 MB", {}),
    # Lines as long as two of DuckDB's buffers: it passes over them where they are the last.
    "long-last": (b"a,b\n1,2\n1," + b"x" * 8_100_000, "line 3: it is longer than 2 MB", {}),
    "long-commas": (b"a,b\r\n1,2\r\n" + b"," * 8_100_000, "line 3: it is longer than 2 MB", {}),
    "long-middle": (b"a,b\n1," + b"x" * 17_000_000 + b"\n1,2\n", "line 2: it is longer", {}),
    "long-quoted": (b'a,b\n1,2\n1,"' + b"x" * 17_000_000 + b'"\n1,2\n', "line 3: it is longer", {}),
    "open-long": (
        b'a,b\n1,"2\n"\n1,"SECRET\n' + b"1,2%97s\n" % b"" * 90_000,
        "line 4: a cell",
        {},
    ),
    "long-cell": (
        b'a,b\n1,2\n1,"' + b"SECRET%99s\n" % b"" * 20_000 + b'"\n',
        "line 3: a cell",
        {},
    ),
    "few-then-open": (b'a,b\n1\n1,2\n1,"SECRET\n1,2\n', "line 2: it has fewer", {}),
}


@pytest.mark.parametrize("name", ["people.csv", "people.csv.gz"])
@pytest.mark.parametrize(("content", "words", "reading"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_named_by_line(
    tmp_path: Path, content: bytes, words: str, reading: dict[str, Any], name: str
) -> None:
    error = refused(tmp_path / name, content.replace(b"SECRET", SECRET.encode()), **reading)
    assert words in error.message
    assert error.code in {"file_broken", "file_columns"}


@pytest.mark.parametrize("name", ["people.csv", "people.csv.gz"])
def test_what_is_broken_far_down_is_named_by_line(tmp_path: Path, name: str) -> None:
    content = b"a,b\r\n" + b'1,"x\r\n"\r\n' * 100_000 + SECRET.encode() + b"\r\n"
    assert "line 200002" in refused(tmp_path / name, content).message


def test_a_question_ends_without_a_full_stop(tmp_path: Path) -> None:
    words = refused(tmp_path / "people.csv", b"a,b\n1," + b"x" * 2_100_000).message
    assert words.endswith(", line 2: it is longer than 2 MB. Is a double quote missing? Nothing was sent.")


@pytest.mark.parametrize("last", ["5,6", '5" x,6', '5,"6\n"'], ids=["plain", "stray", "lines"])
@pytest.mark.parametrize("read", [1, 2])
def test_records_that_duckdb_leaves_out_are_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: int, last: str
) -> None:
    """Whatever its reason: what it read is counted against what stands in the file."""
    whole = CsvSource._table
    monkeypatch.setattr(
        CsvSource,
        "_table",
        lambda self, path, more: f"(SELECT * FROM {whole(self, path, more)} LIMIT {read})",  # noqa: S608
    )
    assert refused(tmp_path / "people.csv", f'a,b\n1,"2\n"\n3,4\n{last}\n').code == "file_broken"


HEADERS = {
    "empty": (b"", "is empty"),
    "only-blank-lines": (b"\n\r\n\n", "is empty"),
    "address": (SECRET.encode() + b"@example.org,Anna\nb@example.org,Eva\n", "--columns"),
    "twice": (b"Email,Name,email\n1,2,3\n", "columns 1 and 3"),
}


@pytest.mark.parametrize(("content", "words"), HEADERS.values(), ids=HEADERS)
def test_a_first_line_that_names_no_columns_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    error = refused(tmp_path / "people.csv", content)
    assert words in error.message
    assert error.code == "file_columns"


@pytest.mark.parametrize("name", ["people.csv", "people.csv.gz"])
def test_a_blank_line_is_no_record_of_one_column_either(tmp_path: Path, name: str) -> None:
    source = opened(tmp_path / name, '\nEmail\na@example.org\n\n""\n"b\n\nc"\n\n')
    assert [each["Email"] for each in records(source)] == ["a@example.org", None, "b\n\nc"]


def test_columns_may_be_named_from_outside(tmp_path: Path) -> None:
    source = opened(tmp_path / "people.csv", "anna@example.org;Jürgen\n", columns=("Email", "Name"))
    assert records(source) == [ANNA]
    assert source.line_of(0) == 1


def test_a_header_alone_is_a_file_without_records(tmp_path: Path) -> None:
    assert records(opened(tmp_path / "people.csv", "Email,Name\n")) == []


def test_a_column_without_a_name_is_told_by_its_number(tmp_path: Path) -> None:
    assert records(opened(tmp_path / "people.csv", "Email,,\na,b,\n")) == [
        {"Email": "a", "column 2": "b", "column 3": None}
    ]


def test_a_packed_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.gz"
    whole = gzip.compress(("a,b\n" + "".join(f"{n},{n * n}\n" for n in range(9999))).encode())
    path.write_bytes(whole[:-20])
    with pytest.raises(InputError, match="cut off"):
        opened_as_it_is(path)


def opened_as_it_is(path: Path) -> CsvSource:
    content = path.read_bytes()
    source = opened(path.with_suffix(""), content)
    assert isinstance(source, CsvSource)
    return source


LINES = {
    "plain": ("a,b\n1,2\n3,4\n", [2, 3]),
    "quoted-lines": ('a,b\n1,"x\ny\n"\n3,4\n5,6\n', [2, 5, 6]),
    "crlf": ('a,b\r\n1,"x\r\ny"\r\n3,4\r\n', [2, 4]),
    "cr": ('a,b\r1,"x"\r3,4\r', [2, 3]),
    "blank": ("a,b\n1,2\n\n\n3,4\n", [2, 5]),
    "blank-before": ("\n\na,b\n1,2\n", [4]),
    "header-of-two-lines": ('"a\nb",c\n1,2\n', [3]),
    "sep": ("sep=,\na,b\n1,2\n", [3]),
    "one-column": ("a\n1\n\n3\n", [2, 4]),
    "one-column-empty-cells": ('a\n""\n\n3\n""\n\n', [2, 4, 5]),
    # The quote in a cell without any around it misleads who counts only quotes.
    "stray-quotes": ('a,b\n1,5" x\n2,3\n4,5\n6" x,"7\n"\n8,9\n', [2, 3, 4, 5, 7]),
    "sep-with-quote": ('"sep=,"\na,b\n1,2\n', [3]),
    "blank-before-quote": ('a,b\n1, "x\ny"\n3,4\n', [2, 4]),
}


@pytest.mark.parametrize(("content", "lines"), LINES.values(), ids=LINES)
def test_a_record_is_found_on_its_line(tmp_path: Path, content: str, lines: list[int]) -> None:
    source = opened(tmp_path / "people.csv", content)
    assert [source.line_of(number) for number in range(source.records)] == lines


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(deadline=None, max_examples=tries(60))
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_python_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str, ends: str
) -> None:
    """Each cell to the letter, and each record on the line where it was written."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ends, quoting=csv.QUOTE_ALL)
    writer.writerow(["first", "second"])
    lines = []
    for row in rows:
        lines.append(1 + len(io.StringIO(text.getvalue(), newline="").readlines()))
        writer.writerow(row)
    source = opened(tmp_path_factory.mktemp("any") / "people.csv", text.getvalue())
    expected = [{"first": one or None, "second": two or None} for one, two in rows]
    assert records(source) == expected
    assert [source.line_of(number) for number in range(len(rows))] == lines
