"""``posture --report errors``: looking at how an endpoint of ours refuses. Off unless ``[[probe]]`` names it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from socconsole.cli import writing
from socconsole.cli.exits import Code, finish, say, stop
from socconsole.cli.opening import open_configured
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.config import Config, ProbeConfig
    from socconsole.store.state import StateFolder

PROBING: Final = "probing"
"""Ledger verb of the entry before the first request; what came of them is ``store.probe_finding.PROBED``."""

_WORST: Final = ("critical", "high", "medium", "low")


def errors(url: str, form: str, output: Path | None, store: Path | None, config: Path | None) -> None:
    """Probe one host, put it on record before and after, and write the report.

    Exit code 1 where something was given away, 2 without the token that the configuration names, 3 where a request was
    not asked, not answered, or answered so that nothing is proved.
    """
    from socconsole.model.posture import Verdict
    from socconsole.probe import TokenError, probe, requests, token
    from socconsole.reports import errors as report
    from socconsole.store.probe_finding import PROBED

    folder, settings = open_configured(store, config)
    target = _target(settings, url)
    try:
        token(target)
    except TokenError as error:
        stop(Code.BAD_INPUT, str(error))
    _record(folder, settings, PROBING, target, {"requests": target.budget})
    most = min(target.budget, len(requests()))
    say(f"asking {clean(target.url, 200)} at most {most} times, {target.per_second:g} a second")
    found = asyncio.run(probe(target))
    now = datetime.now(UTC)
    result = report.verdict(found)
    given = [leak for one in found for leak in one.leaks]
    said = {
        "result": result.value,
        "worst": next((level for level in _WORST if any(leak.severity == level for leak in given)), ""),
        "gave": list(dict.fromkeys(leak.title for leak in given)),
        "answers": [
            {
                "id": one.asked.id,
                "status": one.status,
                "sha256": one.digest,
                "leaks": [leak.id for leak in one.leaks],
                "trouble": one.trouble,
            }
            for one in found
        ],
    }
    _record(folder, settings, PROBED, target, said)
    writing.report(
        report.document(target.url, found, now), lambda: report.as_json(target.url, found, now), form, output
    )
    gave = sum(bool(one.leaks) for one in found)
    say(f"{result.value}: {gave} of {report.answered(found)} answers gave something away, to {len(found)} requests")
    finish({Verdict.FAIL: Code.NO, Verdict.UNKNOWN: Code.NOT_FRESH}.get(result, Code.DONE))


def _target(settings: Config, url: str) -> ProbeConfig:
    """The one that is meant: of several hosts one is asked at a time."""
    if not settings.probe:
        stop(Code.BAD_INPUT, "no [[probe]] is configured: nothing is asked unless it is called your own there")
    known = {one.url: one for one in settings.probe}
    if url and url not in known:
        stop(Code.BAD_INPUT, f"{clean(url, 200)} is none of [[probe]]: {', '.join(known)}")
    if not url and len(known) > 1:
        stop(Code.BAD_INPUT, f"which one? {', '.join(known)}", "--url URL")
    return known[url] if url else settings.probe[0]


def _record(
    folder: StateFolder,
    settings: Config,
    verb: str,
    target: ProbeConfig,
    data: dict[str, Any],
) -> None:
    """On the ledger; what was given away becomes a finding from there (``store.probe_finding``)."""
    from socconsole.model.entry import Entry
    from socconsole.store import ledger, project

    try:
        ledger.append(folder, [Entry(verb=verb, who=settings.who, data={"url": target.url, **data})])
        project.project(folder)
    except ledger.LedgerError as error:
        stop(Code.NO, f"not recorded, and so not asked: {clean(error.message)}", error.remedy)
