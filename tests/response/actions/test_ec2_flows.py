"""A connection that runs survives every change of security groups; the console says so before, and what ends it."""

from __future__ import annotations

import pytest

from socconsole.commands import Contain, PlanContain
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Mode
from socconsole.response import engine, planning
from tests.drill.test_flows import moves, reachable, start
from tests.response.conftest import PROD, Make

AT = {"account": PROD.account, "region": PROD.region}


async def _contain(session: Make, action: str, target: str) -> None:
    asked = Contain(action=action, target=target, confirm=target, reason="it leaves by NAT", **AT)
    done = await engine.contain(session(), asked)
    assert done.state is ActionState.APPLIED, done.detail


@pytest.mark.parametrize("cut", ["ec2-nacl-deny", "ec2-nat-route"])
async def test_isolation_lets_a_running_flow_go_on_and_the_cut_it_names_ends_it(
    aws: Embedded, session: Make, cut: str
) -> None:
    made = reachable(aws)
    flow = start(aws, made.instance)
    assert moves(aws, flow) > 0

    plan = await planning.plan(session(Mode.TRIAGE), PlanContain(action="ec2-isolate", target=made.instance, **AT))
    said = " ".join(plan.warnings)
    assert "survive" in said
    assert "432,000 s" in said
    assert f"{made.private} leads out by the NAT gateway {made.nat}" in said
    assert cut in said
    await _contain(session, "ec2-isolate", made.instance)
    assert moves(aws, flow) > 0, "isolated, and the flow runs on"

    await _contain(session, cut, made.instance)
    assert moves(aws, flow) == 0
    assert flow.ended


async def test_revoking_egress_rules_says_the_same(aws: Embedded, session: Make) -> None:
    made = reachable(aws)
    flow = start(aws, made.instance)
    plan = await planning.plan(session(Mode.TRIAGE), PlanContain(action="ec2-sg-egress", target=made.group, **AT))
    assert "survive" in " ".join(plan.warnings)
    await _contain(session, "ec2-sg-egress", made.group)
    assert moves(aws, flow) > 0
