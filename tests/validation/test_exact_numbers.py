from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_w50.validation.exact_numbers import is_integral, is_multiple, is_written_as_integer

DECIMALS = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**12), 10**12),
    st.integers(-9, 9),
)
NUMBERS = st.integers(-(10**20), 10**20) | DECIMALS


@given(NUMBERS, NUMBERS.filter(lambda number: number > 0))
def test_multiples_are_those_of_exact_arithmetic(number: int | Decimal, divisor: int | Decimal) -> None:
    assert is_multiple(number, divisor) == ((Fraction(number) / Fraction(divisor)).denominator == 1)


@given(NUMBERS, st.integers(1, 10**6) | DECIMALS.filter(lambda number: number > 0))
def test_what_was_multiplied_is_a_multiple(factor: int | Decimal, divisor: int | Decimal) -> None:
    whole = int(factor)
    product = Fraction(whole) * Fraction(divisor)
    number = Decimal(product.numerator) / Decimal(product.denominator)
    assert Fraction(number) != product or is_multiple(number, divisor)


@pytest.mark.parametrize(
    ("number", "divisor", "expected"),
    [
        (Decimal("0.07"), Decimal("0.01"), True),
        (0.07, 0.01, True),
        (Decimal("0.075"), Decimal("0.01"), False),
        (Decimal("1e400"), Decimal("0.01"), True),
        (Decimal("1e-400"), Decimal("0.01"), False),
        (Decimal("1E+999999999"), 3, False),
        (Decimal("3E+999999999"), 3, True),
        (Decimal("1E-999999999"), 7, False),
        (Decimal("9" * 10_000), 3, True),
        (10**400, Decimal("1E+400"), True),
        (0, Decimal("0.01"), True),
        (Decimal("0E+5"), 3, True),
        (math.nan, 3, False),
        (math.inf, Decimal("0.01"), False),
    ],
)
def test_multiples_of_any_size_are_judged_as_written(
    number: float | Decimal, divisor: float | Decimal, expected: bool
) -> None:
    assert is_multiple(number, divisor) is expected


@given(DECIMALS)
def test_a_decimal_is_integral_when_it_has_no_fraction(number: Decimal) -> None:
    assert is_integral(number) == (Fraction(number).denominator == 1)


def test_odd_numbers_are_not_integral() -> None:
    assert is_integral(Decimal("1E+999999999"))
    assert not is_integral(Decimal("1E-999999999"))
    assert is_integral(Decimal("0E-9"))
    for odd in (math.nan, math.inf, Decimal("NaN"), Decimal("Infinity")):
        assert not is_integral(odd)


def test_only_what_was_too_long_for_an_int_counts_as_written_as_one() -> None:
    assert is_written_as_integer(Decimal("9" * 5000))
    assert not is_written_as_integer(Decimal("1.0"))
    assert not is_written_as_integer(Decimal("1E+5000"))
