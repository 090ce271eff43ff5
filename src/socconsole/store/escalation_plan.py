"""What would go where: which path fits, who is told when and in which words. The same for a dry run and for a send.

Reads the store, the configuration and, for a dry run, whether a channel's secret is to be had; sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection

from socconsole import escalate
from socconsole.config import ChannelConfig, Config, EscalationConfig
from socconsole.config.channels import whither
from socconsole.escalate import About, Message, Send, Step
from socconsole.model.finding import Severity
from socconsole.model.world import World, WorldKind
from socconsole.store import escalation_answers, escalations, sources
from socconsole.store.escalations import WATCH, Going, Sent, Told


@dataclass(frozen=True, slots=True)
class Telling:
    """One step as it would go, if every channel works and nobody acknowledges."""

    at: datetime
    channel: str
    who: str
    where: str
    """Without its secret."""
    quiet: bool
    """It waits for the end of its quiet hours; the next one is told in its place."""
    wait: timedelta
    """What whom it reaches has to acknowledge, before the next one is told."""
    message: Message
    fault: str
    """What is wrong with it, as far as this process can see."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One path, and what it would do about what was asked for."""

    path: str
    fits: bool
    """By its severity: such a finding, or case, sets it going."""
    tells: tuple[Telling, ...]
    going: Going | None
    """It is under way about all of it already."""
    known: int
    """Of so much of it; that is left out."""
    nobody: str
    """Why nobody is told for now; empty where somebody is."""

    @property
    def fault(self) -> str:
        return next((one.fault for one in self.tells if one.fault), "")


def propose(
    conn: Connection, config: Config, world: World, about: Sequence[Told], who: str, now: datetime
) -> list[Proposal]:
    """What each path would do about ``about`` (not empty), were ``who`` to set it going now; those that fit first."""
    known = escalations.covering(conn, [one.id for one in about])
    alive = sources.watch_alive(conn)
    made = []
    for path in config.escalation:
        new = [one for one in about if (path.name, one.id) not in known]
        made.append(
            Proposal(
                path.name,
                fits(path, about),
                tuple(_tellings(config, path, new or about, who, now)),
                None if new else known[path.name, about[0].id],
                len(about) - len(new),
                nobody(world, path, alive=alive),
            )
        )
    return sorted(made, key=lambda one: not one.fits)


def held_up(conn: Connection, config: Config, world: World, path: str) -> str:
    """Why nobody further is told by a path that is under way; empty where somebody is."""
    found = next((one for one in config.escalation if one.name == path), None)
    if found is None:
        return f"path {path} is not in the configuration"
    return nobody(world, found, alive=sources.watch_alive(conn))


def fits(path: EscalationConfig, about: Iterable[Told]) -> bool:
    """Whether something of this severity sets it going."""
    return any(
        bool(least) and one.severity >= Severity[least]
        for one in about
        for least in [path.case_severity if one.id.startswith("c-") else path.severity]
    )


def nobody(world: World, path: EscalationConfig, *, alive: bool) -> str:
    """Why a path that is set going tells nobody for now; empty where it does."""
    if world.kind is WorldKind.IMPORT:
        return "imported only: nobody is told in an import world"
    if world.kind is WorldKind.DRILL and not path.drill:
        return f"this is a drill, and path {path.name} tells nobody in one (drill = true would)"
    return "" if alive else "no watch is alive to send it (socconsole watch)"


def _tellings(
    config: Config, path: EscalationConfig, about: Sequence[Told], who: str, now: datetime
) -> Iterable[Telling]:
    channels = {one.id: one for one in config.channel}
    for planned in escalate.plan(steps_of(path), now):
        step = path.steps[planned.step]
        channel = channels[step.channel]
        said = compose(config, path.name, channel, about, again=False, by=who)
        where, fault = whither(channel)
        wait = timedelta(minutes=step.wait_minutes)
        yield Telling(planned.at, channel.id, channel.who, where, planned.quiet, wait, said, fault or said.fault)


def steps_of(path: EscalationConfig) -> tuple[Step, ...]:
    """The steps of a configured path, as ``escalate`` takes them."""
    return tuple(Step(one.channel, timedelta(minutes=one.wait_minutes), one.quiet_hours) for one in path.steps)


def sends_of(made: Sequence[Sent]) -> list[Send]:
    """What is on record of its sends, likewise."""
    return [Send(one.channel, one.step, one.attempt, one.began, one.ended, one.reached) for one in made]


def message(
    conn: Connection, config: Config, one: Going, channel: ChannelConfig, again: bool, now: datetime
) -> Message | None:
    """What is told of an escalation now: of what still waits for somebody. None where nothing of it is known."""
    known = [(about, found) for about in one.abouts if (found := escalations.told(conn, about, now)) is not None]
    waiting = [
        found
        for about, found in known
        if (found.open if about.startswith("c-") else escalation_answers.waits(conn, one, about, found, now))
    ] or [found for _, found in known]
    by = "" if one.who.raw() == WATCH else one.who.raw()
    return compose(config, one.path, channel, waiting, again=again, by=by) if waiting else None


def compose(
    config: Config, path: str, channel: ChannelConfig, found: Sequence[Told], *, again: bool, by: str
) -> Message:
    """A channel's message about findings or a case, the worst first, with the names that we have for accounts."""
    names = {account.account: account.name or account.account for account in config.accounts}
    abouts = [
        About(
            one.id,
            one.severity.name,
            one.title,
            " ".join(part for part in (names.get(one.account, one.account), one.region) if part),
            one.case,
        )
        for one in found
    ]
    return escalate.compose(path, abouts, count=len(abouts), again=again, by=by, template=channel.template)
