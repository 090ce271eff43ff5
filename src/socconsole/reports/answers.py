"""What the team said about third parties and identities, as the ledger has it: answers and reviews.

Read from the ledger itself, not from the store: what was erased there is gone here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from socconsole.model.entry import Entry, Line
from socconsole.store import ledger

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

ANSWERED: Final = "third_party_answered"
"""Ledger verb; ``data``: ``party`` and ``question``; the answer itself is private, and can be erased."""

REVIEWED: Final = "access_reviewed"
"""Ledger verb; the subject is the role's or user's ARN, ``data``: ``decision``; the reason is private."""

DECISIONS: Final = ("keep", "narrow", "remove")

ERASED: Final = "(erased)"


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    who: str
    at: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class Review:
    decision: str
    reason: str
    who: str
    at: datetime
    seq: int


def answer(folder: StateFolder, who: str, party: str, question: str, text: str) -> Line:
    """Put an answer on the ledger; a later one replaces it. Raises what ``ledger.append`` raises."""
    entry = Entry(ANSWERED, who, data={"party": party, "question": question}, private={"answer": text})
    return ledger.append(folder, [entry])[0]


def review(folder: StateFolder, who: str, arn: str, decision: str, reason: str) -> Line:
    """Put on the ledger that somebody looked at an identity. Raises what ``ledger.append`` raises."""
    private = {"reason": reason} if reason else {}
    return ledger.append(folder, [Entry(REVIEWED, who, (arn,), {"decision": decision}, private)])[0]


def answers(folder: StateFolder) -> Mapping[str, Mapping[str, Answer]]:
    """Party → question → the last answer."""
    found: dict[str, dict[str, Answer]] = {}
    for line in ledger.lines(folder, verbs=(ANSWERED,)):
        said = line.entry
        text = said.private.get("answer", ERASED)
        given = Answer(text, said.who, line.at, line.seq)
        found.setdefault(str(said.data.get("party")), {})[str(said.data.get("question"))] = given
    return found


def reviews(folder: StateFolder) -> Mapping[str, Review]:
    """ARN → the last review of it."""
    found: dict[str, Review] = {}
    for line in ledger.lines(folder, verbs=(REVIEWED,)):
        said = line.entry
        given = Review(str(said.data.get("decision")), said.private.get("reason", ""), said.who, line.at, line.seq)
        found.update(dict.fromkeys(said.subjects, given))
    return found
