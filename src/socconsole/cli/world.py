"""From options to a state folder and the configuration in force: which AWS, if any, a command works on.

Live: the accounts of the configuration, else the one behind the profile. The latter is written into the state
folder (``world.toml``), so that every process of this store means the same account and regions.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

from socconsole.cli.exits import Code, stop
from socconsole.cli.opening import live_root, load_config, open_folder

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.store.state import StateFolder


def open_world(
    store: Path | None,
    config: Path | None,
    profile: str | None = None,
    region: str | None = None,
    account: str | None = None,
) -> tuple[StateFolder, Config]:
    """The state folder, made when it is the live one and not there yet, and the configuration for it.

    ``profile``, ``region`` and ``account`` narrow a live world for this run. ``Stop`` says what is missing.
    """
    from socconsole.config import WORLD_FILE
    from socconsole.model.world import WorldKind

    root = store or live_root()
    if not root.exists():
        if store is not None and not _is_live(store):
            stop(Code.BAD_INPUT, f"there is no state folder at {root}")
        _make_live(root, config, profile, region)
    folder = open_folder(root)
    if folder.world.kind is WorldKind.LIVE and load_config(config).accounts:
        (root / WORLD_FILE).unlink(missing_ok=True)  # the team names its accounts by now
    settings = load_config(config, root)
    if folder.world.kind is WorldKind.LIVE:
        named = [one.account for one in settings.accounts]
        folder = folder.with_accounts(named, "socconsole")
    return folder, narrowed(settings, profile, region, account)


def _is_live(store: Path) -> bool:
    return store.resolve() == live_root().resolve()


def _make_live(root: Path, config: Path | None, profile: str | None, region: str | None) -> None:
    """Create the live world: from the configuration, or from who the profile turns out to be."""
    from socconsole.aws import AwsTrouble
    from socconsole.aws.identity import discover
    from socconsole.model.world import World, WorldKind
    from socconsole.store.state import StateFolder
    from socconsole.text import clean

    settings = load_config(config)
    first = settings.accounts[0] if settings.accounts else None
    asked = profile or (first.profile if first else None) or ""
    try:
        identity = asyncio.run(discover(asked, region or (first.regions[0] if first else "")))
    except AwsTrouble as trouble:
        stop(Code.NOT_FRESH, clean(str(trouble)), trouble.remedy or "socconsole drill   (needs no AWS account)")
    accounts = tuple(one.account for one in settings.accounts) or (identity.account,)
    if first is None and not identity.region:
        stop(Code.BAD_INPUT, "the profile names no region", "socconsole watch --region eu-central-1")
    StateFolder.create(root, World(WorldKind.LIVE, partition=identity.partition, accounts=accounts))
    if first is None:
        write_accounts(root, [(identity.account, "", asked, (identity.region,))])


def write_accounts(
    root: Path, accounts: list[tuple[str, str, str, tuple[str, ...]]], *, head: str = "", more: str = ""
) -> None:
    """Write ``world.toml``: ``head``, then (account, name, profile, regions) each, then ``more``; both TOML."""
    from socconsole.config import WORLD_FILE

    lines = ["# What this state folder watches. Written when it was made.", ""]
    if head:
        lines += [head, ""]
    for account, name, profile, regions in accounts:
        lines += ["[[accounts]]", f"account = {json.dumps(account)}", f"regions = {json.dumps(list(regions))}"]
        if name:
            lines.append(f"name = {json.dumps(name)}")
        if profile:
            lines.append(f"profile = {json.dumps(profile)}")
        lines.append("")
    path = root / WORLD_FILE
    path.write_text("\n".join(lines) + more, "utf-8")
    path.chmod(0o600)


def narrowed(settings: Config, profile: str | None, region: str | None, account: str | None) -> Config:
    import msgspec

    if not (profile or region or account):
        return settings
    kept = [one for one in settings.accounts if account in (None, one.account)]
    if not kept:
        stop(Code.BAD_INPUT, f"account {account} is not in the configuration")
    changed = []
    for one in kept:
        changes: dict[str, object] = {}
        if profile:
            changes["profile"] = profile
        if region:
            changes["regions"] = (region,)
        changed.append(msgspec.structs.replace(one, **changes))
    return msgspec.structs.replace(settings, accounts=tuple(changed))
