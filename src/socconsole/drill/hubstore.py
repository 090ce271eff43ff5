"""The findings of Security Hub, per account and region: a dict by (ProductArn, Id)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from socconsole.drill.paging import Pages

Key = tuple[str, str]


@dataclass(slots=True)
class Record:
    """One finding. ``text`` is its JSON, rendered once until it changes."""

    finding: dict[str, Any]
    text: bytes = b""
    history: list[dict[str, Any]] = field(default_factory=list)

    def changed(self) -> None:
        self.text = b""

    def rendered(self) -> bytes:
        if not self.text:
            self.text = orjson.dumps(self.finding)
        return self.text


@dataclass(slots=True)
class Hub:
    """Security Hub in one account and region; it exists once enabled."""

    account: str
    region: str
    subscribed_at: datetime
    records: dict[Key, Record] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    """Subscription ARN → product ARN."""
    auto_enable_controls: bool = True
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Automation rules by ARN, as ``BatchGetAutomationRules`` answers."""
    insights: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Custom insights by ARN, as ``GetInsights`` answers."""

    @property
    def arn(self) -> str:
        return f"arn:aws:securityhub:{self.region}:{self.account}:hub/default"


@dataclass(slots=True)
class Aggregator:
    account: str
    home: str
    arn: str
    mode: str
    regions: tuple[str, ...] = ()

    def links(self, region: str) -> bool:
        match self.mode:
            case "ALL_REGIONS":
                return True
            case "ALL_REGIONS_EXCEPT_SPECIFIED":
                return region not in self.regions
            case "SPECIFIED_REGIONS":
                return region in self.regions
            case _:
                return False


class HubStore:
    def __init__(self) -> None:
        self._hubs: dict[tuple[str, str], Hub] = {}
        self._aggregators: dict[str, Aggregator] = {}
        self.pages: Pages[tuple[Hub, Key]] = Pages()

    def hub(self, account: str, region: str) -> Hub | None:
        return self._hubs.get((account, region))

    def enable(self, account: str, region: str, now: datetime) -> Hub:
        hub = Hub(account, region, now)
        self._hubs[account, region] = hub
        return hub

    def disable(self, account: str, region: str) -> None:
        self._hubs.pop((account, region), None)

    def aggregator(self, account: str) -> Aggregator | None:
        return self._aggregators.get(account)

    def set_aggregator(self, account: str, aggregator: Aggregator | None) -> None:
        if aggregator is None:
            self._aggregators.pop(account, None)
        else:
            self._aggregators[account] = aggregator

    def seen_from(self, hub: Hub) -> list[Hub]:
        """The hubs whose findings a hub shows: itself, and in the home region the linked ones."""
        aggregator = self._aggregators.get(hub.account)
        if aggregator is None or aggregator.home != hub.region:
            return [hub]
        return [hub] + [
            other
            for (account, region), other in self._hubs.items()
            if account == hub.account and region != hub.region and aggregator.links(region)
        ]

    def find(self, hub: Hub, key: Key) -> Record | None:
        for one in self.seen_from(hub):
            if key in one.records:
                return one.records[key]
        return None
