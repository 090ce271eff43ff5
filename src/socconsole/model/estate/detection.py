"""What watches a place: GuardDuty, Security Hub, AWS Config, Access Analyzer, Macie, and what hides what they see."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.known import Read
from socconsole.text import Untrusted


@dataclass(frozen=True, slots=True)
class Detector:
    """GuardDuty of a region."""

    arn: str
    enabled: bool
    frequency: str
    """How often it tells of a finding that goes on: ``FIFTEEN_MINUTES``, ``ONE_HOUR`` or ``SIX_HOURS``."""
    features: tuple[tuple[str, bool], ...]
    """(name, whether it is on), as AWS lists them here."""


@dataclass(frozen=True, slots=True)
class Hub:
    """Security Hub (CSPM) of a region."""

    arn: str
    products: Read[tuple[str, ...]]
    """Products whose findings it takes in: ``aws/guardduty``."""
    aggregator: Read[Aggregator | None]
    administrator: Read[str]
    """Account whose rules hold here as well; empty for none."""


@dataclass(frozen=True, slots=True)
class Aggregator:
    """Where an account's findings of all regions come together."""

    home: str
    mode: str
    """``ALL_REGIONS``, ``ALL_REGIONS_EXCEPT_SPECIFIED``, ``SPECIFIED_REGIONS`` or ``NO_REGIONS``."""
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recorder:
    """AWS Config's recorder of the customer's own; those that services run for themselves are left out."""

    name: str
    """Token."""
    all_supported: bool
    left_out: tuple[str, ...]
    """Resource types that it leaves out by name."""
    daily: bool
    """It records once a day and not as things change, be it of some kinds only."""


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    name: str
    recording: bool
    last: str
    """``Success``, ``Failure``, ``Pending``, ``NotApplicable``; empty before it first recorded."""
    error: str
    """Printable."""


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """Delivery of what AWS Config records."""

    name: str
    failing: tuple[str, ...]
    """What fails now, printable: ``history: AccessDenied``."""


@dataclass(frozen=True, slots=True)
class Analyzer:
    """IAM Access Analyzer."""

    arn: str
    kind: str
    """``ACCOUNT``, ``ORGANIZATION``, ``ACCOUNT_UNUSED_ACCESS`` …"""
    active: bool
    external: Read[tuple[AccessFinding, ...]] | None
    """Active ones on what this account owns; None: it does not look for access from outside."""


@dataclass(frozen=True, slots=True)
class AccessFinding:
    id: str
    kind: str
    """``ExternalAccess``, ``UnusedIAMRole`` …; empty where AWS did not say."""
    resource: str
    """Token; empty where AWS did not say."""
    error: bool
    """The resource could not be analysed."""


@dataclass(frozen=True, slots=True)
class Macie:
    """Macie of a region; ``discovery`` is only asked where it is on."""

    enabled: bool
    discovery: Read[bool]
    """Automated sensitive data discovery is on."""


@dataclass(frozen=True, slots=True)
class ArchiveFilter:
    """A saved filter of GuardDuty's; only one that archives hides anything."""

    name: Untrusted
    archives: bool
    criteria: tuple[tuple[str, tuple[str, ...]], ...]
    """(attribute, values that it has to equal); no values for any other comparison."""


@dataclass(frozen=True, slots=True)
class TrustedList:
    """Addresses or names of which GuardDuty makes no findings."""

    name: Untrusted
    location: Untrusted
    active: bool


@dataclass(frozen=True, slots=True)
class AutomationRule:
    """A rule of Security Hub's that changes findings as they come in."""

    name: Untrusted
    enabled: bool
    hides: tuple[str, ...]
    """What it sets that takes a finding out of sight, in words: ``workflow SUPPRESSED``; empty: it hides nothing."""
    criteria: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """(field, (comparison, value) …): all fields have to fit, one value of each."""


@dataclass(frozen=True, slots=True)
class Insight:
    """A saved view of Security Hub's on findings that somebody suppressed."""

    name: Untrusted


@dataclass(frozen=True, slots=True)
class Hiding:
    """Everything that others set up, and that keeps findings from us; each is read by itself."""

    filters: Read[tuple[ArchiveFilter, ...]]
    addresses: Read[tuple[TrustedList, ...]]
    entities: Read[tuple[TrustedList, ...]]
    rules: Read[tuple[AutomationRule, ...]]
    rules_v2: Read[tuple[AutomationRule, ...]]
    insights: Read[tuple[Insight, ...]]


@dataclass(frozen=True, slots=True)
class Detection:
    detectors: Read[tuple[Detector, ...]]
    administrator: Read[str]
    """Account whose GuardDuty decides here: its filters and lists hold, and are not listed. Empty for none."""
    hub: Read[Hub | None]
    recorders: Read[tuple[Recorder, ...]]
    recorder_states: Read[tuple[RecorderStatus, ...]]
    channels: Read[tuple[ChannelStatus, ...]]
    analyzers: Read[tuple[Analyzer, ...]]
    macie: Read[Macie]
    hiding: Hiding
