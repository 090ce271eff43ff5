"""Severity from the scales that services use.

A record that states none reads as MEDIUM: unknown is not harmless, and INFO would bury it.
"""

from __future__ import annotations

from typing import Final

from socconsole.formats.fields import mapping, number, plain
from socconsole.model.finding import Severity

UNSTATED: Final = Severity.MEDIUM

_WORDS: Final = {
    "INFO": Severity.INFO,
    "INFORMATIONAL": Severity.INFO,
    "INFORMATION": Severity.INFO,
    "NONE": Severity.INFO,
    "LOW": Severity.LOW,
    "MINOR": Severity.LOW,
    "MEDIUM": Severity.MEDIUM,
    "MODERATE": Severity.MEDIUM,
    "HIGH": Severity.HIGH,
    "MAJOR": Severity.HIGH,
    "IMPORTANT": Severity.HIGH,
    "CRITICAL": Severity.CRITICAL,
    "FATAL": Severity.CRITICAL,
}
_OCSF: Final = (
    Severity.INFO,
    Severity.LOW,
    Severity.MEDIUM,
    Severity.HIGH,
    Severity.CRITICAL,
    Severity.CRITICAL,  # 6 is Fatal
)


def word(value: object) -> Severity | None:
    """``CRITICAL``, ``informational ``, ``Moderate`` …"""
    if not isinstance(value, str):
        return None
    return _WORDS.get(value) or _WORDS.get(value.strip().upper())


def out_of_ten(value: object) -> Severity | None:
    """GuardDuty's and CVSS's scale: low below 4, medium below 7, high below 9, critical from 9; 0 informs."""
    found = number(value)
    if found is None or found < 0:
        return None
    if found >= 9:
        return Severity.CRITICAL
    if found >= 7:
        return Severity.HIGH
    if found >= 4:
        return Severity.MEDIUM
    return Severity.LOW if found > 0 else Severity.INFO


def out_of_hundred(value: object) -> Severity | None:
    """ASFF ``Severity.Normalized``: 0 / 1-39 / 40-69 / 70-89 / 90-100."""
    found = number(value)
    if found is None or found < 0:
        return None
    if found >= 90:
        return Severity.CRITICAL
    if found >= 70:
        return Severity.HIGH
    if found >= 40:
        return Severity.MEDIUM
    return Severity.LOW if found > 0 else Severity.INFO


def asff(severity: object, provider: object) -> Severity:
    """``Severity`` of an ASFF finding; ``provider`` is ``FindingProviderFields.Severity``.

    The label first, because a customer or an automation rule may have changed it on purpose; then the
    provider's label, ``Normalized``, and last ``Original``: free text or a number on a scale nobody states.
    """
    stated, theirs = mapping(severity), mapping(provider)
    for found in (
        word(stated.get("Label")),
        word(theirs.get("Label")),
        out_of_hundred(stated.get("Normalized")),
        out_of_hundred(theirs.get("Normalized")),
    ):
        if found is not None:
            return found
    for original in (stated.get("Original"), theirs.get("Original")):
        found = word(original)
        if found is None and (value := number(original)) is not None:
            found = out_of_ten(value) if value <= 10 else out_of_hundred(value)
        if found is not None:
            return found
    return UNSTATED


def guardduty(value: object) -> Severity:
    """A number from 1 to 10, also in a string; a lake may have made a word of it."""
    found = word(value)
    if found is None:
        found = out_of_ten(value)
    return UNSTATED if found is None else found


def ocsf(severity_id: object, label: object, vendor: object) -> Severity:
    """``severity_id`` 1 to 6, else the text, else what ``vendor_attributes`` says."""
    theirs = mapping(vendor)
    for number_of, text_of in ((severity_id, label), (theirs.get("severity_id"), theirs.get("severity"))):
        stated = number(number_of)
        if stated is not None and stated.is_integer() and 1 <= stated <= 6:
            return _OCSF[int(stated) - 1]
        found = word(plain(text_of))
        if found is not None:
            return found
    return UNSTATED
