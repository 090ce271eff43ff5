"""An estate out of a scenario's data: accounts with our roles, Security Hub, roles, users, buckets, the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socconsole.drill import roles
from socconsole.drill.scenario import Scenario

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud


def build(cloud: Cloud, scenario: Scenario) -> dict[str, str]:
    """Returns the variables that findings and deeds refer to."""
    cloud.scenario_name = scenario.name
    cloud.accounts = {account: name for name, account in scenario.accounts.items()}
    roles.install(cloud, cloud.accounts)
    for account in cloud.accounts:
        for region in scenario.regions:
            cloud.hands.call(roles.builder_key(account), region, "securityhub:EnableSecurityHub", {})
    return {**scenario.vars, **scenario.accounts}
