"""How `contact_checks` is written: by itself, off, or by FieldName the kind of check."""

from __future__ import annotations

import re
from enum import Enum
from importlib.util import find_spec
from pathlib import Path

AUTO = "auto"
OFF = "off"


class CheckKind(str, Enum):
    """What a field's values are checked for."""

    EMAIL = "email"
    PHONE = "phone"
    DATE = "date"
    CHOICE = "choice"
    TEXT = "text"


def kind_and_region(text: str) -> tuple[CheckKind, str | None]:
    """The check that is meant by `email`, or by `phone:GB`.

    Raises:
        ValueError: none is.
    """
    name, colon, region = text.partition(":")
    kind = CheckKind(name)
    if not colon:
        return kind, None
    if kind is not CheckKind.PHONE:
        raise ValueError("no region")
    if not _is_region(region):
        raise ValueError("no such region")
    return kind, region


def _is_region(text: str) -> bool:
    """Whether phonenumbers knows the region; it is not imported where its files tell: that takes a while."""
    if re.fullmatch("[A-Z]{2}", text) is None:
        return False
    spec = find_spec("phonenumbers")
    folders = (spec and spec.submodule_search_locations) or ()
    if any((Path(each) / "data" / f"region_{text}.py").is_file() for each in folders):
        return True
    import phonenumbers  # noqa: PLC0415  # it may be kept in another way

    return text in phonenumbers.SUPPORTED_REGIONS
