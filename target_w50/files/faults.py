"""What is wrong with a file: found before anything is sent, and said without its values."""

from __future__ import annotations

from target_w50.errors import InputError

_NOTHING = "Nothing was sent."


def unreadable(words: str) -> InputError:
    """It is not there, or no file of this machine."""
    return InputError(f"{words} {_NOTHING}", code="file_unreadable")


def broken(words: str) -> InputError:
    """What it holds can't be read."""
    return InputError(f"{words} {_NOTHING}", code="file_broken")


def not_utf8(name: str, line: int) -> InputError:
    """The text is not UTF-8, as it should be."""
    return broken(
        f"{name}, line {line}: the text is not UTF-8. Save the file as UTF-8 (in Excel: “CSV UTF-8”), or say "
        "how it is written: --encoding windows-1252 for most files from Excel in Western Europe and America."
    )


def unfit(words: str) -> InputError:
    """Its columns are not named, or not as they are needed."""
    return InputError(f"{words} {_NOTHING}", code="file_columns")


def changed(name: str) -> InputError:
    """It is not any more what it was when it was read through."""
    return InputError(
        f"{name} was changed or taken away while it was loaded. What came before is loaded. See that the "
        "file is whole, and import it again.",
        code="file_changed",
    )
