"""``iam``: the least-privilege policies of the four roles, generated from the table of operations."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer

from socconsole.cli.common import Code, finish

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
def watch(account: AccountOption = "*", partition: PartitionOption = "aws") -> None:
    """What the watch runs with."""
    _print("watch", account, partition)


@iam_app.command()
def triage(account: AccountOption = "*", partition: PartitionOption = "aws") -> None:
    """What tells Security Hub of an acknowledgement."""
    _print("triage", account, partition)


@iam_app.command()
def responder(account: AccountOption = "*", partition: PartitionOption = "aws") -> None:
    """What contains; assumed for one action, narrowed to its calls and resources."""
    _print("responder", account, partition)


@iam_app.command()
def template() -> None:
    """CloudFormation for the four roles of one account (deploy/roles.json)."""
    from socconsole.aws.template import template as made

    print(jsonlib.dumps(made(), indent=2))
    finish(Code.DONE)


def _print(role: str, account: str, partition: str) -> None:
    """One policy document a line: IAM takes 6,144 characters in one, so a role may need several."""
    from socconsole.aws.iam import policies
    from socconsole.aws.operations import ROLES

    for document in policies(next(one for one in ROLES if one == role), partition, account):
        print(jsonlib.dumps(document, separators=(",", ":")))
    finish(Code.DONE)
