"""``posture --report spend``: the bill of whole months, divided into detection, response and prevention."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from socconsole.cli import writing
from socconsole.cli.exits import Code, finish, say, stop
from socconsole.cli.opening import open_configured
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.aws import Door
    from socconsole.config import Config
    from socconsole.model.world import World
    from socconsole.reports.spend import Bill

_PAGES: Final = 50


def spend(form: str, output: Path | None, store: Path | None, config: Path | None) -> None:
    """Read the last whole months from Cost Explorer, which charges for each request, and write the report.

    Exit code 3 where the bill of an account could not be read: the share is not known then.
    """
    from socconsole.model.world import WorldKind
    from socconsole.reports import spend as report

    folder, settings = open_configured(store, config)
    if folder.world.kind is WorldKind.IMPORT:
        stop(Code.BAD_INPUT, "an import has no bill: this report asks AWS")
    now = datetime.now(UTC)
    bills, unread = asyncio.run(_read(folder.world, settings, now.date()))
    try:
        found = report.spend(bills, settings.spend, unread)
    except ValueError as error:
        stop(Code.BAD_INPUT, clean(str(error)))
    writing.report(report.document(found, now), lambda: report.as_json(found, now), form, output)
    for one in unread:
        say(f"not read: {clean(one, 300)}")
    finish(Code.NOT_FRESH if unread else Code.DONE)


async def _read(world: World, settings: Config, today: date) -> tuple[list[Bill], tuple[str, ...]]:
    from socconsole.aws import AwsTrouble, Door
    from socconsole.model.action import Mode

    end = today.replace(day=1)
    start = end
    for _ in range(settings.spend.months):
        start = (start - timedelta(days=1)).replace(day=1)
    bills: list[Bill] = []
    unread: list[str] = []
    async with Door.open(settings, world, "reader", Mode.READ, settings.who) as door:
        for account in settings.accounts:
            try:
                bills += await _of(door, account.account, start, end)
            except AwsTrouble as trouble:
                unread.append(f"{account.account}: {trouble.kind}: {clean(trouble.detail, 200)}")
    return bills, tuple(unread)


async def _of(door: Door, account: str, start: date, end: date) -> list[Bill]:
    """All services of one account, month by month. Facts: Cost Explorer API reference, ``GetCostAndUsage``."""
    from socconsole.aws import AwsTrouble, Kind
    from socconsole.model.world import Place
    from socconsole.reports.spend import Bill

    params: dict[str, object] = {
        "TimePeriod": {"Start": start.isoformat(), "End": end.isoformat()},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}],
        # A payer's bill holds its members' too: each account answers for itself.
        "Filter": {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [account]}},
    }
    place = Place(account, "us-east-1")
    found: list[Bill] = []
    for _ in range(_PAGES):
        answer = await door.call(place, "ce:GetCostAndUsage", params)
        try:
            for month in answer["ResultsByTime"]:
                for group in month["Groups"]:
                    cost = group["Metrics"]["UnblendedCost"]
                    name = clean(str(group["Keys"][0]), 120)
                    when = str(month["TimePeriod"]["Start"])[:7]
                    estimated = bool(month.get("Estimated"))
                    found.append(Bill(account, when, name, float(cost["Amount"]), str(cost["Unit"]), estimated))
        except (LookupError, TypeError, ValueError) as error:
            said = f"an answer in a shape that is not understood ({type(error).__name__})"
            raise AwsTrouble(Kind.BAD_RESPONSE, "ce:GetCostAndUsage", place, said) from error
        if not answer.get("NextPageToken"):
            return found
        params["NextPageToken"] = answer["NextPageToken"]
    raise AwsTrouble(Kind.BAD_RESPONSE, "ce:GetCostAndUsage", place, f"more than {_PAGES} pages")
