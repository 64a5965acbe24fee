"""Tables for people, without a library where there is no terminal."""

from __future__ import annotations

import io
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from target_w50.console.tables import counted, plain_table, write_table
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
