import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.core.errors import InvalidRequest
from provenance.licensing.money import EXPONENTS, MAX_MINOR, check_price, exponent, formatted, minor_units


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("12.50", "EUR", 1250), ("12.5", "CNY", 1250), ("12", "USD", 1200), ("980", "JPY", 980), ("1.234", "KWD", 1234)],
)
def test_amounts(amount, currency, minor):
    assert minor_units(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("12.345", "EUR"),
        ("980.5", "JPY"),
        ("1.2345", "KWD"),
        ("-1", "EUR"),
        ("1e3", "EUR"),
        ("1,50", "EUR"),
        (" 1", "EUR"),
        ("", "EUR"),
        (".5", "EUR"),
        ("１", "EUR"),
        ("999999999999999", "EUR"),
    ],
)
def test_amounts_that_are_none(amount, currency):
    with pytest.raises(InvalidRequest):
        minor_units(amount, currency)


@settings(deadline=None)
@given(st.sampled_from(sorted(EXPONENTS)), st.integers(0, 10**14))
def test_what_is_shown_reads_back(currency, minor):
    amount, shown = formatted(minor, currency).split(" ")
    assert shown == currency
    assert minor_units(amount, currency) == minor


@pytest.mark.parametrize("price", [-1, 1.0, True, "1", MAX_MINOR + 1])
def test_prices_that_are_none(price):
    with pytest.raises(InvalidRequest, match="minor units"):
        check_price(price, "EUR")


@pytest.mark.parametrize("price", [0, MAX_MINOR])
def test_free_is_a_price(price):
    check_price(price, "EUR")


@pytest.mark.parametrize("code", ["eur", "EURO", "", "XXX", "BTC", "DEM"])
def test_unknown_currencies(code):
    with pytest.raises(InvalidRequest, match="ISO 4217"):
        exponent(code)


def test_the_currency_table():
    assert len(EXPONENTS) == 154
    assert {code for code in EXPONENTS if len(code) != 3 or not code.isupper()} == set()
    assert (exponent("JPY"), exponent("EUR"), exponent("BHD")) == (0, 2, 3)
