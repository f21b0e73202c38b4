"""Numbers and names as people read them: `USD 51.2bn`, `14.3 %`, `31 Dec 2025`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import pandas as pd

__all__ = [
    "MISSING",
    "NARROW",
    "amount",
    "count",
    "day",
    "few",
    "give_or_take",
    "join",
    "layer_name",
    "measured",
    "number",
    "percent",
    "percent_of_log",
    "quantity",
    "readable",
    "sentence",
    "trimmed",
    "unit_name",
    "usd_bn",
]

MISSING = "\N{EN DASH}"
NARROW = "\N{NO-BREAK SPACE}"

INITIALS = {
    word.lower(): word
    for word in (
        "AI",
        "ASIC",
        "AWS",
        "DGX",
        "FLOP",
        "GPU",
        "GW",
        "H100",
        "H100e",
        "HBM",
        "HPC",
        "LPU",
        "PUE",
        "SRAM",
        "USD",
    )
}
SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


COARSE = 5e-3
"""Standard errors from which on tenths of a per cent say nothing."""


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def number(value: float, digits: int | None = None, *, sign: bool = False) -> str:
    """A number with thousands parted: three significant digits, or fixed decimals."""
    if not math.isfinite(value):
        return MISSING
    if digits is None:
        digits = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    rounded = round(value, digits) + 0.0
    return _minus(f"{rounded:{'+' if sign and rounded else ''},.{digits}f}")


def trimmed(value: float) -> str:
    """A number of three significant digits at most, without idle zeros: 0.11, 3.1, 1,500."""
    text = number(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(fraction: float, digits: int = 1, *, sign: bool = False) -> str:
    """A fraction in per cent: 0.143 is `14.3 %`."""
    if not math.isfinite(fraction):
        return MISSING
    return number(100 * fraction, digits, sign=sign) + NARROW + "%"


def measured(fraction: float, error: float) -> str:
    """A fraction in per cent to the digits that its standard error leaves: `+42 %`, `+9.7 %`."""
    return percent(fraction, 0 if error >= COARSE else 1, sign=True)


def give_or_take(error: float) -> str:
    """A standard error in points after what it is of; nothing where it is not known."""
    return f"{NARROW}±{NARROW}{number(100 * error, 1)}" if math.isfinite(error) else ""


def percent_of_log(difference: float, *, sign: bool = False) -> str:
    """A difference of logarithms as the relative change it stands for."""
    return percent(math.expm1(difference), sign=sign)


def amount(billions: float) -> str:
    """USD bn at a size that reads well: `350m`, `51.2bn`, `1.20tn`."""
    if not math.isfinite(billions):
        return MISSING
    size = abs(billions)
    if size < 0.9995:
        return number(1000 * billions, 0) + "m"
    if size < 999.5:
        return number(billions, 1) + "bn"
    return number(billions / 1000, 2) + "tn"


def usd_bn(billions: float) -> str:
    """USD bn as `USD 51.2bn`."""
    return f"USD{NARROW}{amount(billions)}" if math.isfinite(billions) else MISSING


def quantity(value: float, unit: str) -> str:
    """A value with its unit; fractions become per cent, money takes its prefix."""
    if not math.isfinite(value):
        return MISSING
    if unit in {"fraction", "share"}:
        return percent(value)
    scale = {"USD bn": 1.0, "USD m": 1e-3, "USD tn": 1e3}.get(unit)
    if scale:
        return usd_bn(value * scale)
    return trimmed(value) + ("" if unit in {"", "1"} else NARROW + unit)


def day(date: object) -> str:
    """A date as `31 Dec 2025`; whatever is no date comes back as text."""
    try:
        stamp = pd.Timestamp(str(date))
    except ValueError:
        return str(date)
    return f"{stamp.day} {stamp:%b %Y}"


def readable(name: object) -> str:
    """An identifier as words: `quarterly_capex MSFT.total` is `quarterly capex MSFT total`."""
    words = re.sub(r"(?<=\w)[_.](?=[a-z])|_", " ", str(name)).split(" ")
    return " ".join(INITIALS.get(word, word) for word in words)


def unit_name(unit: str) -> str:
    """A unit as a heading has it; nothing for a bare number."""
    return {"fraction": "per cent", "share": "per cent", "1": ""}.get(unit, unit)


def layer_name(layer: str) -> str:
    """Display name of a layer."""
    return sentence(readable(layer))


def sentence(text: str) -> str:
    """Text with its first letter in upper case and the rest untouched."""
    return text[:1].upper() + text[1:]


def count(number_of: int) -> str:
    """A count in a sentence: words below ten, then figures."""
    return SMALL[number_of] if 0 <= number_of < len(SMALL) else f"{number_of:,}"


def few(names: Sequence[str], most: int = 4) -> str:
    """The first names and how many others there are; a lone other is named too."""
    rest = len(names) - most
    return join(names if rest <= 1 else [*names[:most], f"{count(rest)} others"])


def join(parts: Iterable[str], word: str = "and") -> str:
    """`a, b and c`."""
    *most, last = list(parts)
    return f"{', '.join(most)} {word} {last}" if most else last
