"""Tables of escalation: who is told of what, by which channel, and what is missed: a heartbeat, a receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

if TYPE_CHECKING:
    from socconsole.config.tables import Config

Name = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$", description="letters, digits, _ . -")]
Quiet = Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$")]
Least = Literal["", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
TOPIC = r"^$|^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$"


class ChannelConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One way to tell somebody. Exactly one of ``sns``, ``apprise_env`` and ``apprise_file``."""

    id: Name
    who: str = ""
    """The role or the people whom it reaches, as a dry run and the record name them."""
    sns: Annotated[str, msgspec.Meta(pattern=TOPIC, description="SNS topic ARN")] = ""
    """A topic of one of ``accounts``, told by the watch's role; its name begins with ``socconsole-``."""
    apprise_env: str = ""
    """Environment variable of the watch that holds an Apprise URL: it is a secret, and stands nowhere else."""
    apprise_file: str = ""
    """File that holds one, which nobody else may read."""
    template: str = ""
    """Text with ``${title}`` and the like in place of ours."""


class StepConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step of a path."""

    channel: str
    """Id of a ``[[channel]]``."""
    wait_minutes: Annotated[float, msgspec.Meta(ge=0, le=1440)] = 15.0
    """How long whom it reached has to acknowledge before the next step."""
    quiet_hours: tuple[Quiet, ...] = ()
    """UTC spans in which the next step is told in its place, and it when they end."""


class EscalationConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A path: what sets it going by itself, and whom it tells in which order.

    A finding sets it going when it is new, unacknowledged and fits ``severity``, ``sources`` and ``types``; with none
    of them, and no ``case_severity``, only ``socconsole escalate`` does.
    """

    name: Name
    steps: Annotated[tuple[StepConfig, ...], msgspec.Meta(min_length=1)]
    severity: Least = ""
    """The least severity of a finding."""
    sources: tuple[str, ...] = ()
    """Of the finding, with wildcards: ``guardduty``, ``socconsole`` (what our own record gives cause for) …"""
    types: tuple[str, ...] = ()
    """Of the finding, with wildcards: ``Containment:Response/Undone``, ``Containment:Response/BreakGlass`` …"""
    case_severity: Least = ""
    """The least severity of a case that was opened."""
    drill: bool = False
    """In a drill too: nobody is called out of bed by an exercise unless this says so."""

    @property
    def automatic(self) -> bool:
        """Whether findings set it going."""
        return bool(self.severity or self.sources or self.types)


class HeartbeatConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the watch says once a minute that it lives; ``deploy/heartbeat.json`` makes the alarm on its absence."""

    account: Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$", description="12-digit AWS account id")]
    """One of ``accounts``."""
    region: Annotated[str, msgspec.Meta(pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$", description="AWS region")]
    install: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_.-]{1,60}$")]
    """What this install is called, as a dimension of the metric; no two may share it."""


class HandoffConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is expected of handoffs that were given."""

    accept_within_minutes: Annotated[float, msgspec.Meta(ge=1, le=1440)] = 30.0
    """Without a receipt by then, nobody is known to have taken over: that is a finding of our own."""


def escalation_faults(config: Config) -> tuple[str, str] | None:
    """What types cannot say: (key, what is wrong) of the first fault."""
    accounts = {one.account for one in config.accounts}
    for n, channel in enumerate(config.channel):
        if sum(map(bool, (channel.sns, channel.apprise_env, channel.apprise_file))) != 1:
            return f"channel[{n}].id", "a channel has exactly one of sns, apprise_env and apprise_file"
        if "://" in channel.apprise_env + channel.apprise_file:
            return f"channel[{n}].id", "name a variable or a file: a URL is a secret and does not belong here"
        if channel.sns and accounts and channel.sns.split(":")[4] not in accounts:
            return f"channel[{n}].sns", "the topic's account is none of [[accounts]]"
        if any(other.id == channel.id for other in config.channel[:n]):
            return f"channel[{n}].id", f"{channel.id} stands twice"
    known = {one.id for one in config.channel}
    for n, path in enumerate(config.escalation):
        if any(other.name == path.name for other in config.escalation[:n]):
            return f"escalation[{n}].name", f"{path.name} stands twice"
        if missing := [step.channel for step in path.steps if step.channel not in known]:
            return f"escalation[{n}].steps", f"{missing[0]} is none of [[channel]]"
        if mute := [step.channel for step in path.steps if _whole_day(step.quiet_hours)]:
            return f"escalation[{n}].steps", f"the quiet hours of {mute[0]} cover the day: it would never be told"
    if config.heartbeat is not None and accounts and config.heartbeat.account not in accounts:
        return "heartbeat.account", f"{config.heartbeat.account} is none of [[accounts]]"
    return None


def _whole_day(spans: tuple[str, ...]) -> bool:
    """Whether they leave no minute in which to speak."""
    quiet: set[int] = set()
    for span in spans:
        begin, end = (int(at[:2]) * 60 + int(at[3:]) for at in span.split("-"))
        quiet |= {minute % 1440 for minute in range(begin, end if end >= begin else end + 1440)}
    return len(quiet) == 1440
