"""The options that several verbs have, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StoreOption = Annotated[
    Path | None, typer.Option("--store", help="State folder (a drill's, a backup's); default: the live one.")
]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="Configuration file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON Lines on standard output.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="AWS profile, as in ~/.aws/config.")]
RegionOption = Annotated[str | None, typer.Option("--region", help="AWS region.")]
AccountOption = Annotated[str | None, typer.Option("--account", help="12-digit account id.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept with the record.")]
ConfirmOption = Annotated[
    str, typer.Option("--confirm", metavar="ID", help="The whole target id; required off a terminal.")
]
ApprovalOption = Annotated[
    str, typer.Option("--approval", metavar="LINE", help="What a second person's `socconsole approve` printed.")
]
