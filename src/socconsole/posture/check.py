"""What a check is, and the few words in which its function says what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from socconsole.config import Config
from socconsole.model.estate import Estate, P
from socconsole.model.known import Known, NotRead, Read
from socconsole.model.posture import Judged, Verdict
from socconsole.model.world import Place
from socconsole.text import clean


class Subject(Protocol):
    """What a check is about: anything of the estate that has a name of its own."""

    @property
    def arn(self) -> str:
        """Token."""
        ...


S = TypeVar("S", bound=Subject)


@dataclass(frozen=True, slots=True)
class Here:
    """The place itself as a subject: its trails, its detector, its settings."""

    arn: str
    """``account/region``."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a check's function may look at; nothing of it changes while it looks."""

    estate: Estate
    config: Config

    @property
    def place(self) -> Place:
        return self.estate.place

    @property
    def now(self) -> datetime:
        return self.estate.at

    @property
    def own_accounts(self) -> frozenset[str]:
        """Accounts that are no strangers: those of the configuration, and those that it calls trusted."""
        return frozenset(one.account for one in self.config.accounts) | frozenset(self.config.posture.trusted_accounts)

    @property
    def regions(self) -> frozenset[str]:
        """Where data may lie and be processed."""
        said = self.config.posture.regions or (region for one in self.config.accounts for region in one.regions)
        return frozenset(said)

    def part(self, kind: type[P]) -> P:
        return self.estate.part(kind)


def here(context: Context) -> Read[tuple[Here, ...]]:
    """For checks with one subject: the place."""
    return Known((Here(f"{context.place.account}/{context.place.region}"),))


@dataclass(frozen=True, slots=True)
class Check(Generic[S]):
    """One check: which subjects it has, and a pure function that judges one of them.

    ``subjects`` may raise ``NotRead`` or give an ``Unread``: then the check is UNKNOWN for the whole place. So may
    ``judge``: then it is UNKNOWN for that subject.
    """

    id: str
    subjects: Callable[[Context], Read[tuple[S, ...]]]
    judge: Callable[[S, Context], Judged]


AnyCheck = Check[Any]


@dataclass(frozen=True, slots=True)
class Said:
    """One condition of a check: whether it is met, and the words with the value that decided it."""

    met: bool | None
    """None: all of it was read, and it cannot be said (a policy's condition that nobody here understands)."""
    words: str


Condition = Callable[[], Said]
"""Looks at one thing; raises ``NotRead`` where that was not read."""


def passed(*evidence: str) -> Judged:
    return Judged(Verdict.PASS, evidence)


def failed(*evidence: str) -> Judged:
    return Judged(Verdict.FAIL, evidence)


def unknown(*evidence: str) -> Judged:
    return Judged(Verdict.UNKNOWN, evidence)


def unread(trouble: NotRead) -> str:
    return f"{trouble.unread.call} not read: {clean(trouble.unread.why)}"


_VERDICTS: Final[Mapping[bool | None, Verdict]] = {True: Verdict.PASS, False: Verdict.FAIL, None: Verdict.UNKNOWN}
_ORDER: Final = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)


def weigh(conditions: Iterable[Condition]) -> Judged:
    """All of them have to be met. One that is not met decides, whatever else was not read; else one that was not
    read, or cannot be said, makes it UNKNOWN, and so does having none. Evidence of what decided comes first."""
    words: dict[Verdict, list[str]] = {verdict: [] for verdict in _ORDER}
    for condition in conditions:
        try:
            said = condition()
        except NotRead as trouble:
            words[Verdict.UNKNOWN].append(unread(trouble))
        else:
            words[_VERDICTS[said.met]].append(said.words)
    found = next((verdict for verdict in _ORDER if words[verdict]), None)
    if found is None:
        return unknown("nothing was looked at")
    return Judged(found, tuple(word for verdict in _ORDER for word in words[verdict]))
