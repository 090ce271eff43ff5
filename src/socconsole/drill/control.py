"""``/_drill/``: what tests tell and ask the embedded AWS, with the drill's token."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson

from socconsole.drill.clock import stamp

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

HEADER = "X-Drill-Token"


def serve(cloud: Cloud, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """``GET journal?after=N``, ``GET world``, ``GET scores``, ``POST faults`` (a rule, a list of rules),
    ``DELETE faults``; everything else is 404, a wrong token 403."""
    if not secrets.compare_digest(environ.get("HTTP_X_DRILL_TOKEN", ""), cloud.token):
        return _json(start, 403, {"error": f"the header {HEADER} is missing or wrong"})
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "").removeprefix("/_drill/")
    match method, path:
        case "GET", "journal":
            query = parse_qs(environ.get("QUERY_STRING", ""))
            after = int(query.get("after", ["0"])[0])
            return _json(start, 200, [entry.as_json() for entry in cloud.journal.calls(by=None, after=after)])
        case "GET", "world":
            return _json(
                start,
                200,
                {
                    "scenario": cloud.scenario_name,
                    "seed": cloud.ids.seed,
                    "started": stamp(cloud.clock.started),
                    "speed": cloud.clock.speed,
                    "now": stamp(cloud.clock.now()),
                    "accounts": cloud.accounts,
                },
            )
        case "GET", "scores":
            return _json(start, 200, cloud.scores())
        case "POST", "faults":
            length = int(environ.get("CONTENT_LENGTH") or 0)
            try:
                given = orjson.loads(environ["wsgi.input"].read(length))
                rules = given if isinstance(given, list) else [given]
                for rule in rules:
                    cloud.faults.add(**rule)
            except (orjson.JSONDecodeError, TypeError, ValueError) as error:
                return _json(start, 400, {"error": str(error)})
            return _json(start, 200, {"added": len(rules)})
        case "DELETE", "faults":
            cloud.faults.clear()
            return _json(start, 200, {})
        case _:
            return _json(start, 404, {"error": "no such control"})


def _json(start: Callable[..., Any], status: int, value: Any) -> Iterable[bytes]:
    body = orjson.dumps(value)
    start(f"{status} X", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
