"""A state folder and configuration for the embedded AWS, as the drill makes them; for tests of every room."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from socconsole.config import AccountConfig, Config, DatasetConfig, Intervals, Service
from socconsole.drill import Embedded
from socconsole.store.db import prepare
from socconsole.store.state import StateFolder

ANALYST = "oncall1"
CORPUS = "kaufhaus-llm-corpus-prod"


SERVICES: tuple[Service, ...] = get_args(Service)


def config_for(aws: Embedded, services: tuple[Service, ...] = ("securityhub", "guardduty"), **changes: Any) -> Config:
    """Every account and region of the world, at the pace of tests; of its services, those of findings."""
    exclude = tuple(one for one in SERVICES if one not in services)
    given: dict[str, Any] = {
        "analyst": ANALYST,
        "share": 1.0,
        "accounts": tuple(
            AccountConfig(account=account, regions=aws.regions, exclude=exclude) for account in aws.accounts
        ),
        "dataset": (DatasetConfig(name="customer-corpus", stores=(CORPUS,), categories=("pii",), confidential=True),),
        "intervals": Intervals(securityhub=1.0, guardduty=1.0),
    }
    return Config(**(given | changes))


def folder_for(root: Path, aws: Embedded) -> StateFolder:
    """A new state folder of the drill world that is running."""
    folder = StateFolder.create(root, aws.world)
    prepare(folder)
    return folder
