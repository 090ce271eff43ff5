"""How much, in the words that every screen and command has for it: thousands and not 1,024s, and by the minute."""

from __future__ import annotations

from typing import Final

_UNITS: Final = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def amount(value: float, unit: str = "bytes") -> str:
    """``3.1 GB``, ``204 requests``: a quantity that left; what is more than nothing is never said to be 0."""
    if unit == "bytes":
        unit = "B"
        for size, name in _UNITS:
            if value >= size:
                return f"{value / size:.1f} {name}" if value < 10 * size else f"{value / size:,.0f} {name}"
    whole = f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.2g}"
    return f"{whole} {unit}".rstrip()


def per_minute(rate: float, unit: str = "bytes") -> str:
    """``41 MB/min`` of a rate by the second."""
    return f"{amount(rate * 60, unit)}/min"


def short(rate: float, unit: str = "bytes") -> str:
    """The same in at most 14 cells, for a column: ``2.28 M tok/min``, ``726 MB/min``, ``12 req/min``."""
    if unit == "bytes":
        return per_minute(rate)
    value, name = rate * 60, _SHORT.get(unit, unit)
    for least, size, prefix in _PREFIXES:
        if value >= least:
            scaled = value / size
            return f"{scaled:,.{2 if scaled < 10 else 1 if scaled < 100 else 0}f} {prefix} {name}/min"
    return f"{amount(value, name)}/min"


_PREFIXES: Final = ((10**9, 10**9, "G"), (10**6, 10**6, "M"), (10**4, 10**3, "k"))
_SHORT: Final = {"tokens": "tok", "invocations": "inv", "requests": "req", "images": "img"}
