"""The finding that a probed endpoint becomes when its refusals give something away; closed when they no longer do."""

from __future__ import annotations

import json
from sqlite3 import Connection
from typing import Final

from socconsole.model.entry import Line
from socconsole.model.finding import Format, Kind, Resource, Severity
from socconsole.model.ours import ours
from socconsole.store import findings
from socconsole.store.own import SOURCE
from socconsole.text import Untrusted

PROBED: Final = "probed"
"""Ledger verb: ``url``, ``result``, ``worst`` (severity, empty: nothing), ``gave`` (what, in words), ``answers``."""

TYPE: Final = "Exposure:LLM/ErrorResponse"


def probed(conn: Connection, line: Line) -> None:
    """Take in what an entry says of an endpoint. In the caller's transaction.

    An answer that never came proves nothing: UNKNOWN leaves the finding as it is.
    """
    data = line.entry.data
    url, result, gave = str(data["url"]), str(data["result"]), [str(each) for each in data["gave"]]
    known = conn.execute("SELECT 1 FROM alias WHERE key = ?", (findings.alias_key(_name(url)),)).fetchone()
    if result == "UNKNOWN" or (result == "PASS" and known is None):
        return
    severity = Severity[str(data["worst"]).upper()] if data["worst"] else Severity.LOW
    body = {"product": SOURCE, "type": TYPE, "url": url, "result": result, "gave": gave, "entry": line.seq}
    told = ours(
        Format.OWN,
        _name(url),
        Untrusted(f"Error responses give away {', '.join(gave) or 'nothing any more'}"),
        Untrusted(f"{url} was asked what it has to refuse; its answers held: {', '.join(gave) or 'nothing'}."),
        severity,
        json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii"),
        product=SOURCE,
        types=(TYPE,),
        occurred=line.at,
        published=line.at,
        updated=line.at,
        kind=Kind.THREAT if severity >= Severity.HIGH else Kind.CONTROL,
        resources=(Resource("Other", Untrusted(url)),),
        active=result == "FAIL",
    )
    findings.take(conn, [told], origin=SOURCE, now=line.at)


def _name(url: str) -> str:
    return f"{SOURCE}/probe/{url}"
