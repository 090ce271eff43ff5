"""Who a way out is talking to, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from socconsole.screens import words
from socconsole.triage.amounts import amount
from socconsole.widgets import glyphs
from socconsole.widgets.detail import Body, Section

_SHOWN: Final = 20


def sections(told: Mapping[str, Any]) -> list[Section]:
    """What flow logs answered, the largest receivers first."""
    peers: Sequence[Mapping[str, Any]] = told["peers"]
    lines = [_peer(one) for one in peers[:_SHOWN]] or [_nobody(told)]
    if len(peers) > _SHOWN:
        lines.append(
            f"and {words.plural(len(peers) - _SHOWN, 'more address', 'more addresses')}; y copies what is shown"
        )
    return [Section("talks to", lines), Section("asked", _asked(told))]


def _peer(one: Mapping[str, Any]) -> Body:
    signs = glyphs.current()
    marks = [f"{signs.bad} uploads"] if one["uploads"] else []
    marks += [f"{signs.warn} new"] if one["new"] else []
    port = f":{one['port']}" if one["port"] else ""
    refused = f"  {one['refused']:,} refused" if one["refused"] else ""
    return [
        (f"{one['address']}{port}".ljust(22), "strong"),
        (f"{amount(one['out'], 'bytes'):>9} out  {amount(one['in'], 'bytes'):>9} in", "text"),
        (f"  {' '.join(marks)}" if marks else "", "bad" if one["uploads"] else "warn"),
        (f"  from {', '.join(one['hosts'][:3])}{refused}", "quiet"),
    ]


def _nobody(told: Mapping[str, Any]) -> Body:
    return [("nobody outside, as far as was recorded", "warn" if told["lost_records"] else "text")]


def _asked(told: Mapping[str, Any]) -> list[Body]:
    seen, of = told["interfaces"]
    said: list[Body] = [
        f"{told['since']} to {told['until']}, {amount(told['bytes_scanned'], 'bytes')} scanned in {told['log_group']}"
    ]
    if seen < of:
        said.append([(f"it sees {seen} of {of} interfaces", "warn")])
    if told["lost_records"]:
        said.append([(f"{words.plural(told['lost_records'], 'record')} of minutes that were not recorded", "warn")])
    if told["cut"]:
        said.append([("there were more rows than a query returns: the small ones are missing", "warn")])
    since = told["compared_since"]
    news = f"new means: not talked to from {since} to {told['since']}"
    said.append(news if since else "which are new was not asked")
    kept = f"kept as evidence {told['evidence'][:12]}, ledger {told['ledger']:,}" if told["evidence"] else ""
    said.append([(kept, "quiet")] if kept else [(f"not kept: {told['not_kept']}", "bad")])
    return said
