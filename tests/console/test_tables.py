"""Tables for people, without a library where there is no terminal."""

from __future__ import annotations

import io
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from target_w50.console.tables import (
    counted,
    folded,
    hanging,
    pair_lines,
    plain_table,
    text_table,
    write_table,
)
from target_w50.errors import printable


def test_columns_stand_below_each_other_numbers_to_the_right() -> None:
    assert plain_table(("list", "contacts"), [("A", "7"), (None, "1,200")], numbers=("contacts",)) == [
        "list  contacts",
        "A            7",
        "         1,200",
    ]


def test_wide_letters_take_two_columns_and_accents_none() -> None:
    lines = plain_table(("name", "n"), [("東京", 1), ("e\u0301te\u0301", 2), ("abcd", 3)])
    assert lines == ["name  n", "東京  1", "e\u0301te\u0301   2", "abcd  3"]


@given(st.text())
def test_no_text_can_do_anything_to_a_terminal(text: str) -> None:
    assert printable(text).isprintable()


def test_a_table_that_is_not_for_a_terminal_needs_no_library() -> None:
    """Start-up time counts, and so does an installation in which something is broken."""
    code = (
        "import sys; from target_w50.console.tables import write_table; "
        "write_table(sys.stdout, ['a'], [['b']]); "
        "print('rich' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "a\nb\nFalse\n"


def test_on_a_terminal_a_table_has_a_box() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    write_table(terminal, ("list",), [("[bold]x",)])
    assert "╭" in terminal.getvalue()
    assert "[bold]x" in terminal.getvalue()


def test_a_number_is_told_with_the_word_that_fits_it() -> None:
    assert [counted(number, "contact") for number in (0, 1, 2)] == ["0 contacts", "1 contact", "2 contacts"]
    assert counted(2000, "entry", "entries") == "2,000 entries"


WORDS = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Zs"], max_codepoint=0x9FFF))


@given(WORDS, st.integers(min_value=2, max_value=30))
def test_what_is_folded_is_all_there_and_fits(text: str, width: int) -> None:
    parts = folded(text, width)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(cell_len(part) <= width for part in parts)


def test_a_table_that_is_too_wide_is_turned() -> None:
    rows = [("a" * 30, "b" * 30), ("c", None)]
    assert text_table(("name", "what"), rows, width=70)[0].split() == ["name", "what"]
    assert text_table(("name", "what"), rows, width=40) == [
        "name  " + "a" * 30,
        "what  " + "b" * 30,
        "",
        "name  c",
        "what",
    ]


def test_a_name_that_is_too_long_stands_above_its_value() -> None:
    assert pair_lines([("n" * 30, "value"), ("a", "b")], 40) == [
        "n" * 30,
        " " * 20 + "value",
        "a" + " " * 19 + "b",
    ]


def test_what_follows_a_label_stays_behind_it() -> None:
    assert hanging("  records      1 read: 1 valid, 0 invalid", 30) == [
        "  records      1 read: 1",
        "               valid, 0",
        "               invalid",
    ]
    assert hanging("short", 30) == ["short"]
    assert hanging("x" * 40, None) == ["x" * 40]
