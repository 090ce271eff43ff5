"""The team's own containments, from the configuration to the end of the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from socconsole.commands import Contain, PlanContain, PlanUndo, Undo
from socconsole.config import Config, ConfigError, RunbookConfig, load
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Mode
from socconsole.response import afterwards, engine, planning, runbook
from socconsole.response.session import Refusal, Session
from socconsole.store.state import StateFolder
from tests.cli.support import run
from tests.embedded import client
from tests.response.conftest import CORPUS, PROD, Make, changes, eventually, record

AT = {"account": PROD.account, "region": PROD.region}
DOCUMENT = RunbookConfig(
    id="team-contain-bucket",
    title="Contain a bucket with AWS's runbook",
    document="AWSSupport-ContainS3Resource",
    types=("AwsS3Bucket",),
    stops="every access but by the secure roles",
    parameters={"Action": "Contain", "ResourceArn": "arn:aws:s3:::${target}", "Who": "${analyst} ${unknown}"},
    undo={"Action": "Restore", "ResourceArn": "arn:aws:s3:::${target}"},
)
FUNCTION = RunbookConfig(
    id="team-page", title="Ours", function="contain", types=("AwsS3Bucket",), stops="what our function stops"
)
CONFIG = Config(share=1.0, runbook=(DOCUMENT, FUNCTION))
STARTED = ("ssm:StartAutomationExecution", "socconsole-responder")


def asked(**more: str) -> PlanContain:
    return PlanContain(action="team-contain-bucket", target=f"arn:aws:s3:::{CORPUS}", **AT, **more)


def order(action: str = "team-contain-bucket") -> Contain:
    return Contain(action=action, target=CORPUS, confirm=CORPUS, reason="leak", **AT)


async def settled(aws: Embedded, folder: StateFolder, session: Session, id_: str) -> ActionState:
    await eventually(lambda: aws.cloud.slow.settle() or all(r.ended for rs in aws.cloud.runs.all.values() for r in rs))
    async with session.door(session, "reader") as door:
        return dict(await afterwards.resolve(folder, door, "oncall1", in_flight=0.0))[id_]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socconsole.drill.automation.SECONDS", 0.3)


async def test_a_document_is_started_once_with_its_parameters_and_its_end_is_told(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    mine = session(config=CONFIG)
    plan = await planning.plan(session(Mode.TRIAGE, config=CONFIG), asked())
    assert changes(aws) == []
    (call,) = plan.calls
    assert call.params["Parameters"] == {
        "Action": ["Contain"],
        "ResourceArn": [f"arn:aws:s3:::{CORPUS}"],
        "Who": [f"{CONFIG.who} ${{unknown}}"],
    }
    assert plan.second_person
    done = await engine.contain(mine, order())
    assert done.state is ActionState.IN_DOUBT, "it runs still"
    assert changes(aws) == [STARTED]
    assert await settled(aws, folder, mine, done.action_id) is ActionState.APPLIED

    back = await planning.plan_undo(mine, PlanUndo(action_id=done.action_id))
    assert back.calls[0].params["Parameters"]["Action"] == ["Restore"]
    assert back.re_exposes, "nothing says that what comes back is not public"
    with pytest.raises(Refusal, match="RE-EXPOSES"):
        await engine.undo(mine, Undo(action_id=done.action_id, confirm=CORPUS))
    undone = await engine.undo(
        session(), Undo(action_id=done.action_id, confirm=CORPUS, reason="owner", accept_exposure=True)
    )
    assert await settled(aws, folder, mine, undone.action_id) is ActionState.APPLIED, "also without its declaration"


async def test_a_run_that_fails_is_partial_and_an_unknown_document_not_applied(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    failing = RunbookConfig(**{**_fields(DOCUMENT), "parameters": {"Action": "fail"}})
    mine = session(config=Config(share=1.0, runbook=(failing,)))
    done = await engine.contain(mine, order())
    assert await settled(aws, folder, mine, done.action_id) is ActionState.PARTIAL
    nobody = RunbookConfig(**{**_fields(DOCUMENT), "document": "Nobody-Wrote-This"})
    assert (
        await engine.contain(session(config=Config(share=1.0, runbook=(nobody,))), order())
    ).state is ActionState.NOT_APPLIED


async def test_a_lost_answer_is_found_again_by_name_parameters_and_time(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    aws.faults.add(kind="truncated", service="ssm", op="StartAutomationExecution", times=None)
    mine = session(config=CONFIG)
    done = await engine.contain(mine, order())
    assert done.state is ActionState.IN_DOUBT
    assert await settled(aws, folder, mine, done.action_id) is ActionState.APPLIED
    assert len(aws.journal.calls("ssm", "StartAutomationExecution")) == 1, "never sent again"


async def test_a_function_is_invoked_and_its_effect_is_unknown(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    client(aws, "iam").create_role(RoleName="fn", AssumeRolePolicyDocument="{}")
    client(aws, "lambda").create_function(
        FunctionName="contain",
        Runtime="python3.12",
        Role=f"arn:aws:iam::{PROD.account}:role/fn",
        Handler="x.y",
        Code={"ZipFile": b"PK\x05\x06" + b"\0" * 18},
    )
    before = len(changes(aws))
    done = await engine.contain(session(config=CONFIG), order("team-page"))
    assert done.state is ActionState.UNKNOWN, done.detail
    assert changes(aws)[before:] == [("lambda:Invoke", "socconsole-responder")]
    (outcome,) = record(folder, "outcome")
    assert outcome.entry.data["state"] == "unknown"
    assert not (await planning.plan_undo(session(), PlanUndo(action_id=done.action_id))).helps


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[runbook]]\nid="x"\ntitle="t"\ntypes=["A"]\nstops="s"\ndocument="d"', "team-"),
        ('[[runbook]]\nid="team-x"\ntitle="t"\ntypes=["A"]\nstops="s"', "either a document or a function"),
        ('[[runbook]]\nid="team-x"\ntitle="t"\ntypes=[]\nstops="s"\ndocument="d"', "types"),
    ],
    ids=["id", "neither", "no types"],
)
def test_a_runbook_that_cannot_work_names_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert said in str(caught.value)
    assert ":" in str(caught.value)


def test_the_list_holds_the_teams_own(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[[runbook]]\nid="team-x"\ntitle="t"\ntypes=["AwsS3Bucket"]\nstops="s"\ndocument="d"')
    listed = run("contain", "--list", "--json", "--config", str(path))
    (row,) = [row for row in listed.rows if row["action"] == "team-x"]
    assert row["second_person"] is True
    assert row["reversible"] == "no"
    assert runbook.PREFIX == "team-"


def _fields(one: RunbookConfig) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__struct_fields__}
