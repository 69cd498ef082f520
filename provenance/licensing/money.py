"""Money as whole minor units of an ISO 4217 currency; never a float."""

import re
from typing import Final

from provenance.core.errors import InvalidRequest

MAX_MINOR: Final = 2**53 - 1
"""So that an amount survives every JSON reader (RFC 8785, I-JSON)."""

# ISO 4217 list one, active codes of states; those whose minor unit is not a hundredth are listed apart.
_CODES_0: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_CODES_3: Final = "BHD IQD JOD KWD LYD OMR TND"
_CODES_2: Final = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK
DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD
KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG
"""

EXPONENTS: Final[dict[str, int]] = {
    **dict.fromkeys(_CODES_0.split(), 0),
    **dict.fromkeys(_CODES_2.split(), 2),
    **dict.fromkeys(_CODES_3.split(), 3),
}

_AMOUNT: Final = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,6}))?")


def exponent(currency: str) -> int:
    """Digits after the decimal point: JPY 0, EUR 2, KWD 3. Raises InvalidRequest on an unknown code."""
    if currency not in EXPONENTS:
        raise InvalidRequest(f"{currency[:10]!r} is not an ISO 4217 currency", hint="use a code such as EUR or CNY")
    return EXPONENTS[currency]


def check_price(price_minor: int, currency: str) -> None:
    """Raises InvalidRequest unless the price is 0 to 2^53 - 1 whole minor units of a known currency."""
    exponent(currency)
    if type(price_minor) is not int or not 0 <= price_minor <= MAX_MINOR:
        raise InvalidRequest("a price is a whole, non-negative number of minor units", hint="12.50 EUR is 1250")


def minor_units(amount: str, currency: str) -> int:
    """`"12.5"`, EUR to 1250. Raises InvalidRequest on more decimals than the currency has."""
    digits = exponent(currency)
    parts = _AMOUNT.fullmatch(amount)
    fraction = (parts[2] or "") if parts else ""
    if parts is None or len(fraction) > digits:
        raise InvalidRequest(f"{amount[:30]!r} is not an amount of {currency}, which has {digits} decimals")
    minor = int(parts[1] + fraction.ljust(digits, "0"))
    check_price(minor, currency)
    return minor


def formatted(price_minor: int, currency: str) -> str:
    """1250, EUR to `"12.50 EUR"`."""
    digits = exponent(currency)
    padded = str(price_minor).rjust(digits + 1, "0")
    return f"{padded[:-digits]}.{padded[-digits:]} {currency}" if digits else f"{padded} {currency}"
