"""``talkers``: who a way out is talking to, asked of its flow logs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from socconsole.cli.exits import Code, finish, put, say
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.cli.respond_run import Verb, refused
from socconsole.commands import AskTalkers
from socconsole.model.wire import Failed, Talked
from socconsole.text import clean


def register(app: typer.Typer) -> None:
    @app.command("talkers")
    def talkers(
        path: Annotated[str, typer.Argument(help="A way out: its id (p-…) or the name of its resource.")],
        hours: Annotated[float, typer.Option("--hours", min=0.1, max=168, help="How far back to ask.")] = 1.0,
        compare: Annotated[
            bool,
            typer.Option("--compare/--no-compare", help="Also ask which it never talked to in the two weeks before."),
        ] = True,
        json: JsonOption = False,
        store: StoreOption = None,
        config: ConfigOption = None,
    ) -> None:
        """Ask flow logs who a way out is talking to. Logs Insights charges for what it scans; Ctrl-C stops the query.

        The whole answer is kept as evidence. Exit code 3 where a part of the window was not recorded or not returned.
        """
        verb = Verb(store, config, "", False, "", json)
        reply = asyncio.run(verb.ask(AskTalkers(path=path, hours=hours, compare=compare)))
        if isinstance(reply, Failed):
            refused(reply, json)
        if not isinstance(reply, Talked):
            raise TypeError(type(reply).__name__)
        told = reply.talkers
        put(told) if json else _print(told)
        seen, of = told["interfaces"]
        gaps = [f"the flow log sees {seen} of {of} interfaces"] if seen < of else []
        gaps += [f"{told['lost_records']:,} records were not recorded"] if told["lost_records"] else []
        gaps += ["there were more rows than a query returns"] if told["cut"] else []
        gaps += [f"not kept as evidence: {clean(told['not_kept'])}"] if told["not_kept"] else []
        for gap in gaps:
            say(f"socconsole: {gap}")
        finish(Code.NOT_FRESH if gaps else Code.DONE)


def _print(told: Mapping[str, Any]) -> None:
    from socconsole.triage.amounts import amount

    for one in told["peers"]:
        marks = " ".join(filter(None, ("uploads" if one["uploads"] else "", "new" if one["new"] else "")))
        port = f":{one['port']}" if one["port"] else ""
        hosts = ", ".join(one["hosts"])
        went = f"{amount(one['out']):>9} out  {amount(one['in']):>9} in"
        print(clean(f"{one['address'] + port:24} {went}  {marks:12} from {hosts}"))
    if not told["peers"]:
        print("nobody outside, as far as was recorded")
    say(f"{told['since']} to {told['until']}, {amount(told['bytes_scanned'])} scanned in {clean(told['log_group'])}")
