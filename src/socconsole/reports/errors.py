"""How an endpoint of ours refuses: what was asked, what came back, and what that gave away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from socconsole.model.posture import Verdict
from socconsole.reports.document import Cell, Document, Facts, Mood, Notice, Paragraph, Section, Table
from socconsole.reports.times import stamp

if TYPE_CHECKING:
    from socconsole.probe import Answered

_MOODS: Final[dict[Verdict, Mood]] = {Verdict.PASS: "good", Verdict.FAIL: "bad", Verdict.UNKNOWN: "unknown"}

WHAT: Final = (
    "Requests that the endpoint has to refuse, sent once each and slowly. What a response held is shown by its ends "
    "alone; responses are not kept, their SHA-256 is. An answer of the endpoint itself, read whole, that gives nothing "
    "away passes; what was not asked, not read whole, or answered by something before it (credentials, redirects, "
    "limits, gateways) is unknown."
)


def verdict(found: Sequence[Answered]) -> Verdict:
    """FAIL where anything was given away; PASS only where every request was asked, and passed."""
    seen = {one.verdict for one in found}
    if Verdict.FAIL in seen:
        return Verdict.FAIL
    return Verdict.PASS if seen == {Verdict.PASS} else Verdict.UNKNOWN


def answered(found: Sequence[Answered]) -> int:
    """Requests that got an answer of any kind."""
    return sum(one.status is not None for one in found)


def document(url: str, found: Sequence[Answered], at: datetime) -> Document:
    """The report in the form from which Markdown and HTML are made."""
    all_of_it = verdict(found)
    rows = tuple(
        (
            one.asked.title,
            Cell(one.verdict.value, _MOODS[one.verdict]),
            "" if one.status is None else str(one.status),
            one.trouble,
            ", ".join(f"{leak.title} ({leak.times}): {leak.masked}" for leak in one.leaks),
            one.digest[:16],
        )
        for one in found
    )
    notices = [
        Notice(f"{leak.title}: {leak.masked}") for one in found for leak in one.leaks if leak.severity == "critical"
    ]
    return Document(
        title=f"Error responses of {url}",
        facts=(
            ("As of", stamp(at)),
            ("Result", all_of_it.value),
            ("Answers", f"{answered(found)} to {len(found)} requests"),
        ),
        notices=tuple(notices),
        sections=(
            Section("What was done", (Paragraph(WHAT),)),
            Section(
                "Answers",
                (Table(("Asked", "Verdict", "Status", "Trouble", "Gave away", "SHA-256"), rows, "nothing was asked"),),
            ),
            Section("What to do", (Facts(_ADVICE),)),
        ),
    )


_ADVICE: Final = (
    ("stack trace, internals", "answer errors with a code and an id; keep the rest in the log"),
    ("personal data, training data", "take the endpoint out of use; open a case: the playbook llm-training-data"),
    ("prompt or template", "errors must not quote what was put around the question"),
    ("names of our cloud", "a gateway before the server that writes its own errors"),
)


def as_json(url: str, found: Sequence[Answered], at: datetime) -> dict[str, Any]:
    """The report as data."""
    return {
        "url": url,
        "at": stamp(at),
        "result": verdict(found).value,
        "requests": [
            {
                "id": one.asked.id,
                "title": one.asked.title,
                "at": stamp(one.at),
                "status": one.status,
                "result": one.verdict.value,
                "length": one.length,
                "sha256": one.digest or None,
                "trouble": one.trouble or None,
                "leaks": [
                    {
                        "id": leak.id,
                        "title": leak.title,
                        "severity": leak.severity,
                        "times": leak.times,
                        "masked": leak.masked,
                    }
                    for leak in one.leaks
                ],
            }
            for one in found
        ],
    }
