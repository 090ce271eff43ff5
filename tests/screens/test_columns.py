"""What Triage's table has room for, at the widths that terminals have, and what an age is counted from."""

from datetime import UTC, datetime, timedelta

from socconsole.config import AccountConfig, Config
from socconsole.model.source import Freshness
from tests.screens.support import ACCOUNT, REGION, Estate, Opened, Running, record

TITLE = "Objects in S3 bucket corpus-prod were read in bulk"
TWO = Config(
    analyst="oncall1",
    accounts=(
        AccountConfig(account=ACCOUNT, name="prod", regions=(REGION, "eu-west-1")),
        AccountConfig(account="444455556666", regions=(REGION,)),
    ),
)


def head(desk: Running) -> str:
    return next(line for line in desk.text().splitlines() if " SEV " in line)


async def test_at_80_columns_the_title_has_the_room(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, record(1, TITLE))
    async with console(size=(80, 24), config=TWO) as desk:
        await desk.until(lambda: TITLE[:42] in desk.text())
        assert head(desk).split() == ["SEV", "SCORE↓", "AGE", "WHAT", "OWNER", "STATE"]


async def test_from_160_columns_account_and_region_stand_in_the_row(estate: Estate, console: Opened) -> None:
    other = {**record(2, "second"), "AwsAccountId": "444455556666"}
    estate.answer(Freshness.FRESH, record(1, TITLE), other)
    async with console(size=(160, 40), config=TWO) as desk:
        await desk.until(lambda: "second" in desk.text())
        assert {"WHERE", "ACCOUNT", "REGION", "OWNER"} <= set(head(desk).split())
        rows = [line for line in desk.text().splitlines() if "bucket-" in line and " H " in line]
        assert all(REGION in row for row in rows)
        assert "prod" in rows[0], "an account goes by the name that the configuration gives it"
        assert "444455556666" in rows[1], "and by its number where it has none"
        await desk.pilot.resize_terminal(150, 40)
        await desk.until(lambda: "REGION" not in head(desk))


async def test_what_every_row_would_repeat_is_no_column(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, record(1, TITLE))
    async with console(size=(200, 40)) as desk:
        await desk.until(lambda: TITLE in desk.text())
        assert not {"ACCOUNT", "REGION"} & set(head(desk).split())


async def test_an_age_is_that_of_the_finding_and_its_last_activity_stands_beside(
    estate: Estate, console: Opened
) -> None:
    def stamp(minutes: int) -> str:
        return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")

    goes_on = {**record(1, "goes on"), "CreatedAt": stamp(180), "LastObservedAt": stamp(5)}
    estate.answer(Freshness.FRESH, goes_on, {**record(2, "has just come"), "CreatedAt": stamp(10)})
    async with console(size=(120, 40)) as desk:
        await desk.until(lambda: "goes on" in desk.text())
        rows = [line for line in desk.text().splitlines() if "▲ H  " in line]
        assert any(" 3h goes on" in row for row in rows)
        assert any(" 10m has just come" in row for row in rows)
        desk.screen.perform_line("sort age")
        await desk.until(lambda: "by last activity" in desk.text())
        assert "goes on" in next(line for line in desk.text().splitlines() if "▲ H  " in line)
        await desk.until(lambda: "Z last activity" in desk.text())
