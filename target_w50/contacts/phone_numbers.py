"""Phone numbers: what is surely none, by phonenumbers; and a quick yes for numbers that are plain to see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

_NO_NUMBER = "is no phone number"
_WRONG_LENGTH = "is no phone number: too short or too long for its country"
_NO_COUNTRY = "is no phone number: no country has its calling code"
_OF_A_SHEET = "is no phone number, but a number as a spreadsheet writes it"

_OF_A_SHEET_FORM = re.compile(r"\d(?:[.,]\d+)?[Ee]\+?\d+|\d{7,}[.,]0+", re.ASCII)
_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9])*").fullmatch
_NO_PUNCTUATION = {ord(" "): None, ord("-"): None}
_FEWEST_DIGITS, _MOST_DIGITS = 3, 17
"""Of a number without its country: of E.164 there are at most 15, and two that lead abroad."""
_BIGGEST, _MOST_CHARS = 10**18, 250
_CODE_DIGITS = (2, 1, 3)
"""Of country calling codes, the most frequent first; none begins as another does."""

Judge = Callable[[Any], "str | None"]


def phone_judge(region: str | None) -> Judge:
    """What judges numbers.

    Args:
        region: where numbers without a country's calling code are from; None: these are only held for wrong
            where they would be anywhere.
    """
    plain = PlainNumbers(region)

    def judged(value: Any) -> str | None:
        if type(value) is not str:
            if type(value) is not int or not 0 <= value < _BIGGEST:
                return _NO_NUMBER
            value = str(value)
        text = value.strip()
        if len(text) > _MOST_CHARS:
            return _NO_NUMBER
        if not text or plain.has(text):
            return None
        if _OF_A_SHEET_FORM.fullmatch(text):
            return _OF_A_SHEET
        if text[0].isalpha() and not text.startswith("tel:"):
            return _NO_NUMBER  # the library would look for a number in it
        international = text
        if text.startswith("00") and region is None:
            international = "+" + text[2:]
        if region is None and not international.startswith("+"):
            digits = sum(map(str.isdigit, text))
            fits = _FEWEST_DIGITS <= digits <= _MOST_DIGITS and "@" not in text
            return None if fits else _NO_NUMBER
        return _by_the_library(international, region)

    return judged


def _by_the_library(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as fault:
        unknown = fault.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        return _NO_COUNTRY if unknown else _NO_NUMBER
    return None if phonenumbers.is_possible_number(number) else _WRONG_LENGTH


class PlainNumbers:
    """Numbers that are plain to see: it says yes only where the library would, and learns country by country.

    Args:
        region: where numbers without a country's calling code are from, if that is known.

    Attributes:
        is_known: the quickest test, of numbers of countries that were met and are written without spaces.
    """

    def __init__(self, region: str | None) -> None:
        self._national = None if region is None else _national_test(region)
        self._codes: dict[str, str] = {}  # the pattern of each country that was met
        self.is_known: Callable[[str], object] = re.compile("(?!)").fullmatch

    def has(self, text: str) -> bool:
        """Whether the number is surely one."""
        if self.is_known(text):
            return True
        if text[:1] != "+":
            national = self._national
            return (
                national is not None
                and _DIGITS(text) is not None
                and national(text.translate(_NO_PUNCTUATION))
            )
        if _DIGITS(text, 1) is None:
            return False
        digits = text.translate(_NO_PUNCTUATION)
        if len(digits) < len(text) and self.is_known(digits):
            return True
        return self._learns(digits) and self.is_known(digits) is not None

    def _learns(self, digits: str) -> bool:
        """Whether the number is of a country that was not met before."""
        for length in _CODE_DIGITS:
            code = digits[1 : 1 + length]
            region = phonenumbers.region_code_for_country_code(int(code))
            if code[0] == "0" or region in _NOWHERE:
                continue
            if code in self._codes:
                return False
            self._codes[code] = _pattern_of(code, region)
            self.is_known = re.compile(rf"\+(?:{'|'.join(self._codes.values())})", re.ASCII).fullmatch
            return True
        return False


_NOWHERE = (phonenumbers.UNKNOWN_REGION, phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY)


def _pattern_of(code: str, region: str) -> str:
    """Of a number with its country's code: it is of a possible length, and no prefix follows the code."""
    metadata, general = _metadata(region)
    lengths = "|".join(
        rf"\d{{{first - 1},{last - 1}}}" for first, last in reversed(_ranges(general.possible_length))
    )
    prefix = metadata.national_prefix_for_parsing
    no_prefix = f"(?!{prefix})" if prefix else ""
    return rf"{code}{no_prefix}[1-9](?:{lengths})"


def _ranges(lengths: Iterable[int]) -> list[tuple[int, int]]:
    """The lengths as ranges: a pattern of few ranges is quick."""
    ranges: list[tuple[int, int]] = []
    for length in sorted(lengths):
        if ranges and ranges[-1][1] == length - 1:
            ranges[-1] = (ranges[-1][0], length)
        else:
            ranges.append((length, length))
    return ranges


def _national_test(region: str) -> Callable[[str], bool]:
    """Of a number as it is dialled within its country."""
    metadata, general = _metadata(region)
    lengths = frozenset(general.possible_length)
    prefix = re.compile(metadata.national_prefix_for_parsing or r"(?!)")
    strips = not metadata.national_prefix_transform_rule and not prefix.groups
    pattern = re.compile(general.national_number_pattern or r"(?!)")
    leads_abroad = re.compile(metadata.international_prefix or r"(?!)").match
    own_code = str(metadata.country_code)

    def test(number: str) -> bool:
        if number.startswith(own_code) or leads_abroad(number):
            return False
        found = prefix.match(number)
        if found is not None:
            number = number[found.end() :]
            if not strips or pattern.fullmatch(number) is None:
                return False
        return len(number) in lengths and number[0] != "0"

    return test


def _metadata(region: str) -> tuple[PhoneMetadata, PhoneNumberDesc]:
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.general_desc is None:
        raise AssertionError(region)
    return metadata, metadata.general_desc
