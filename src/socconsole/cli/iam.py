"""``iam``: the least-privilege policies of the four roles, generated from the table of operations."""

from __future__ import annotations

import json as jsonlib
from typing import TYPE_CHECKING, Annotated

import typer

from socconsole.cli.exits import Code, finish
from socconsole.cli.opening import load_config
from socconsole.cli.options import ConfigOption

if TYPE_CHECKING:
    from socconsole.aws.iam import Push

AccountOption = Annotated[str, typer.Option("--account", help="12-digit account id; * for any.")]
PartitionOption = Annotated[str, typer.Option("--partition", help="aws, aws-cn or aws-us-gov.")]

iam_app = typer.Typer(help="Least-privilege policies for the console's roles.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(iam_app, name="iam")


@iam_app.callback()
def iam() -> None:
    """Least-privilege policies for the console's roles."""


@iam_app.command()
def reader(account: AccountOption = "*", partition: PartitionOption = "aws") -> None:
    """What plans and screens are read with."""
    _print("reader", account, partition)


@iam_app.command()
def watch(account: AccountOption = "*", partition: PartitionOption = "aws", config: ConfigOption = None) -> None:
    """What the watch runs with; its queue and its trails' buckets as the configuration names them."""
    from socconsole.aws.iam import Push

    push = load_config(config).push
    if push is None or account not in ("*", push.account):
        _print("watch", account, partition)
    else:
        _print("watch", account, partition, Push(push.arn(partition), push.trail_buckets))


@iam_app.command()
def triage(account: AccountOption = "*", partition: PartitionOption = "aws") -> None:
    """What tells Security Hub of an acknowledgement."""
    _print("triage", account, partition)


@iam_app.command()
def responder(account: AccountOption = "*", partition: PartitionOption = "aws") -> None:
    """What contains; assumed for one action, narrowed to its calls and resources."""
    _print("responder", account, partition)


@iam_app.command()
def template(
    push: Annotated[bool, typer.Option("--push", help="The queue and what fills it instead.")] = False,
    heartbeat: Annotated[
        bool, typer.Option("--heartbeat", help="The alarm that tells a topic when the watch falls silent instead.")
    ] = False,
) -> None:
    """CloudFormation for the four roles of one account (deploy/roles.json), or for push.json, or for heartbeat.json."""
    from socconsole.aws import heartbeat_template, push_template
    from socconsole.aws import template as roles_template

    chosen = heartbeat_template if heartbeat else push_template if push else roles_template
    made = chosen.template()
    print(jsonlib.dumps(made, indent=2))
    finish(Code.DONE)


def _print(role: str, account: str, partition: str, push: Push | None = None) -> None:
    """One policy document a line: IAM takes 6,144 characters in one, so a role may need several."""
    from socconsole.aws.iam import policies
    from socconsole.aws.operations import ROLES

    for document in policies(next(one for one in ROLES if one == role), partition, account, push):
        print(jsonlib.dumps(document, separators=(",", ":")))
    finish(Code.DONE)
