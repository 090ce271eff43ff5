"""``doctor``: everything this program stands on, each with how it is and the command that mends it.

Changes nothing: no state folder is made, no store migrated, nothing recorded.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from socconsole.cli.checks import Check, Level, fail, ok, warn
from socconsole.cli.exits import Code, finish, put, say
from socconsole.cli.opening import live_root
from socconsole.cli.options import AccountOption, ConfigOption, JsonOption, ProfileOption, RegionOption, StoreOption
from socconsole.cli.pasting import pasted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from socconsole.config import Config
    from socconsole.model.world import World
    from socconsole.store.state import StateFolder


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
    region: RegionOption = None,
    account: AccountOption = None,
) -> None:
    """Look at credentials, permissions, services, clock, store, ledger, watch and terminal; say what mends them.

    Exit code 3 when AWS does not answer, 1 for a broken ledger or store, 0 with warnings only.
    """
    code = Code.DONE
    counted = dict.fromkeys(Level, 0)
    for check in _checks(store, config, profile, region, account):
        counted[check.level] += 1
        code = max(code, check.code)
        _print(check, json)
    say(f"{counted[Level.OK]} ok, {counted[Level.WARN]} to look at, {counted[Level.FAIL]} failed")
    finish(code)


def _print(check: Check, as_json: bool) -> None:
    if as_json:
        put({"level": check.level.value, "area": check.area, "what": check.what, "remedy": check.remedy})
        return
    print(f"{check.level.value:<4}  {check.area:<30}  {check.what}", flush=True)
    if check.remedy and check.level is not Level.OK:
        print(f"{'':<38}mend it with: {pasted(check.remedy)}", flush=True)


def _checks(
    store: Path | None, config: Path | None, profile: str | None, region: str | None, account: str | None
) -> Iterable[Check]:
    from socconsole.cli import doctor_escalation, doctor_local

    root = store or live_root()
    settings, said = doctor_local.configuration(config, root)
    yield said
    folder, found = doctor_local.folder(root, named=store is not None)
    yield from found
    if settings is not None:
        yield from doctor_escalation.escalation(folder, settings)
    yield from doctor_local.terminal(os.environ, settings.clipboard if settings else "osc52")
    if folder is None and (store is not None or os.path.lexists(root)):
        yield warn("aws", "not asked: the state folder would say which AWS this is about")
    elif settings is not None:
        yield from _aws(folder, settings, profile, region, account)


def _aws(
    folder: StateFolder | None, settings: Config, profile: str | None, region: str | None, account: str | None
) -> Iterable[Check]:
    import asyncio

    from socconsole.cli.doctor_aws import examine
    from socconsole.cli.world import narrowed
    from socconsole.model.world import WorldKind

    if folder is not None and folder.world.kind is WorldKind.IMPORT:
        return [ok("aws", "an import world calls no AWS")]
    if folder is not None and settings.accounts:
        world: World | None = folder.world
        if folder.world.kind is WorldKind.LIVE:
            # What the next command would put on record; a doctor only asks.
            named = (*folder.world.accounts, *(one.account for one in settings.accounts))
            world = replace(folder.world, accounts=tuple(dict.fromkeys(named)))
        settings = narrowed(settings, profile, region, account)
    else:
        world, settings, trouble = _without_folder(settings, profile, region, account)
        if trouble is not None:
            return [trouble]
    if world is None:
        return []
    return asyncio.run(examine(world, settings, settings.who))


def _without_folder(
    settings: Config, profile: str | None, region: str | None, account: str | None
) -> tuple[World | None, Config, Check | None]:
    """The world that a first `socconsole` would make: of the configuration, else of the profile's account."""
    import asyncio

    import msgspec

    from socconsole.aws import AwsTrouble
    from socconsole.aws.identity import FALLBACK_REGION, discover
    from socconsole.cli.world import narrowed
    from socconsole.config import AccountConfig
    from socconsole.model.world import World, WorldKind
    from socconsole.text import clean

    first = settings.accounts[0] if settings.accounts else None
    asked = profile or (first.profile if first else None) or ""
    try:
        who = asyncio.run(discover(asked, region or (first.regions[0] if first else ""), deadline=10.0))
    except AwsTrouble as trouble:
        mend = trouble.remedy or "socconsole drill   (needs no AWS account)"
        return None, settings, fail("aws", f"{trouble.kind}: {clean(trouble.detail, 300)}", mend, Code.NOT_FRESH)
    if first is None:
        only = AccountConfig(account=who.account, regions=(who.region or FALLBACK_REGION,), profile=asked or None)
        settings = msgspec.structs.replace(settings, accounts=(only,))
    accounts = tuple(one.account for one in settings.accounts)
    return World(WorldKind.LIVE, who.partition, accounts), narrowed(settings, profile, region, account), None
