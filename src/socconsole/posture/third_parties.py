"""Who of those outside stands in the team's register, and the check that all do who can read data: TP-01. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from socconsole.config import ThirdPartyConfig
from socconsole.model.access import Lacking, Outsider, Party
from socconsole.model.estate.policy import covers
from socconsole.model.posture import Judged
from socconsole.posture.check import AnyCheck, Check, Condition, Context, Here, Said, here, weigh
from socconsole.posture.outsiders import found
from socconsole.text import clean

_NAMED: Final = 12
"""Parties that the evidence names one by one."""


def entry_of(one: Outsider, register: Sequence[ThirdPartyConfig]) -> ThirdPartyConfig | None:
    """The first entry that fits; anyone is nobody whom a register could hold."""
    if one.party is Party.ANYONE:
        return None
    names = [each for each in (one.who, one.account) if each]
    return next((entry for entry in register if any(covers(entry.who, name) for name in names)), None)


def _registered(subject: Here, context: Context) -> Judged:
    return weigh(_conditions(context))


def _conditions(context: Context) -> Iterator[Condition]:
    """AWS's own services are no parties for a register; whether they are held to our resources other checks judge."""
    outsiders, lacking = found(context)
    strangers = [
        one
        for one in outsiders
        if one.reads and one.party is not Party.SERVICE and entry_of(one, context.config.third_party) is None
    ]
    for one in strangers[:_NAMED]:
        yield partial(_stranger, one)
    if more := strangers[_NAMED:]:
        sure = any(not one.doubt for one in more)
        yield partial(Said, False if sure else None, f"and {len(more):,} more ways in for those who are not registered")
    for each in lacking:
        yield partial(_unseen, each)
    if not strangers and not lacking:
        known = sum(one.party is not Party.SERVICE for one in outsiders)
        yield partial(Said, True, f"everybody outside who can read data is registered ({known:,} ways in)")


def _stranger(one: Outsider) -> Said:
    who = "everybody" if one.party is Party.ANYONE else clean(one.who, 200)
    words = f"{who} is not registered: {one.through} of {one.resource}: {', '.join(one.rights[:3])}"
    return Said(None, f"{words}; undecided: {one.doubt}") if one.doubt else Said(False, words)


def _unseen(one: Lacking) -> Said:
    return Said(None, f"not looked at: {one.words}")


CHECKS: Final[tuple[AnyCheck, ...]] = (Check("TP-01", here, _registered),)
