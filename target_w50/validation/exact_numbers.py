"""Arithmetic of JSON Schema on numbers of any size: exact, and in time linear in their digits."""

from __future__ import annotations

from decimal import Decimal

Number = int | float | Decimal

_MOST_DIGITS_OF_INT = 4300
"""From here on `messages` reads an integer as a Decimal, as Python itself refuses to turn it into an int."""

_DIGITS_AT_ONCE = 4000


def is_integral(number: float | Decimal) -> bool:
    """Say whether a number has no fraction: 1.0 and 1E+400 have none, NaN and infinity are not numbers so."""
    if isinstance(number, float):
        return number.is_integer()
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        return False
    return exponent >= 0 or not any(digits[exponent:])


def is_written_as_integer(number: Decimal) -> bool:
    """Say whether a Decimal is an integer of JSON that was too long to become an int."""
    _, digits, exponent = number.as_tuple()
    return exponent == 0 and len(digits) >= _MOST_DIGITS_OF_INT


def is_multiple(number: Number, divisor: Number) -> bool:
    """Say whether `number` is a whole multiple of `divisor`, a finite number above 0.

    0.07 is a multiple of 0.01, as both are taken as they are written; 1E+999999999 is never written out.
    """
    if isinstance(number, int) and isinstance(divisor, int):
        return number % divisor == 0
    digits, exponent = _digits_and_exponent(number)
    divisor_digits, divisor_exponent = _digits_and_exponent(divisor)
    if not isinstance(exponent, int) or not isinstance(divisor_exponent, int):
        return False  # NaN or infinity
    if digits == "0":
        return True
    shift = exponent - divisor_exponent
    modulus = int(divisor_digits)
    if shift >= 0:
        return _remainder(digits, modulus) * pow(10, shift, modulus) % modulus == 0
    if len(digits) <= -shift or digits[shift:].strip("0"):
        return False  # it has digits behind the divisor's last
    return _remainder(digits[:shift], modulus) == 0


def _digits_and_exponent(number: Number) -> tuple[str, int | str]:
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    _, digits, exponent = exact.as_tuple()
    return "".join(map(str, digits)).lstrip("0") or "0", exponent


def _remainder(digits: str, modulus: int) -> int:
    remainder = 0
    for start in range(0, len(digits), _DIGITS_AT_ONCE):
        part = digits[start : start + _DIGITS_AT_ONCE]
        remainder = (remainder * pow(10, len(part), modulus) + int(part)) % modulus
    return remainder
