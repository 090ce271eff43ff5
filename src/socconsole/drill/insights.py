"""Logs Insights: StartQuery, GetQueryResults, StopQuery, DescribeQueries over flow logs and what was put by hand.

A query takes seconds of the story, the more the longer its window, and answers from what had arrived when it began.
While it runs GetQueryResults tells how much it has scanned so far and no rows; a stopped one never has any. Limits:
50 log groups, 10,000 characters, 10,000 rows, 100 at a time in an account and Region. Source: CloudWatch Logs API
reference; Logs User Guide, "CloudWatch Logs quotas".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.errors import AwsError
from socconsole.drill.flowlogs import LAG
from socconsole.drill.insightsql import Command, Malformed, compiled
from socconsole.drill.insightsrun import MOST_ROWS, Answer, record, run
from socconsole.drill.metrics import Place
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

MOST_GROUPS: Final = 50
MOST_TEXT: Final = 10_000
CONCURRENT: Final = 100
TAKES: Final = 6.0
"""Seconds of the story that any query takes, and half a second more for each hour of its window up to a minute."""
_LONGEST: Final = 60.0
_LISTED: Final = 1000


@dataclass(slots=True)
class Query:
    """One query; ``began`` and ``until`` are its window in seconds since 1970."""

    id: str
    place: Place
    groups: tuple[str, ...]
    text: str
    commands: list[Command]
    began: int
    until: int
    limit: int
    created: datetime
    takes: float
    stopped_at: float = -1.0
    """Share of its work that was done when it was stopped; negative if nobody did."""
    answer: Answer | None = None

    def done(self, cloud: Cloud) -> float:
        """Share of its work that is done by now."""
        if self.stopped_at >= 0:
            return self.stopped_at
        passed = (cloud.clock.now() - self.created).total_seconds() * cloud.clock.speed
        return min(1.0, max(0.0, passed / self.takes))

    def status(self, cloud: Cloud) -> str:
        if self.stopped_at >= 0:
            return "Cancelled"
        return "Complete" if self.done(cloud) >= 1 else "Running"


@dataclass(slots=True)
class Queries:
    """All queries of a cloud, oldest first."""

    all: dict[str, Query] = field(default_factory=dict)


@routes.op("logs", "StartQuery")
def start_query(cloud: Cloud, call: Call) -> dict[str, Any]:
    params, place = call.params, (call.account, call.region)
    groups = _groups(call)
    text = str(params["queryString"])
    if len(text) > MOST_TEXT:
        raise _invalid("The query string is longer than 10,000 characters")
    if params.get("queryLanguage") not in (None, "CWLI"):
        raise _invalid(f"The drill's AWS does not know the query language {params['queryLanguage']}")
    began, until = int(params["startTime"]), int(params["endTime"])
    if not 0 <= began <= until:
        raise _invalid("startTime must not be after endTime")
    limit = int(params.get("limit") or MOST_ROWS)
    if not 1 <= limit <= MOST_ROWS:
        raise _invalid(f"limit must be from 1 to {MOST_ROWS}")
    try:
        commands = compiled(text)
    except Malformed as error:
        location = {"startCharOffset": error.begin, "endCharOffset": error.end}
        raise AwsError(
            "MalformedQueryException",
            str(error),
            400,
            {"queryCompileError": {"location": location, "message": str(error)}},
        ) from error
    held = get_backend("logs")[place[0]][place[1]].groups
    if missing := [name for name in groups if name not in held]:
        raise AwsError(
            "ResourceNotFoundException", f"Log group '{missing[0]}' does not exist for account ID '{place[0]}'"
        )
    running = [one for one in cloud.queries.all.values() if one.place == place and one.status(cloud) == "Running"]
    if len(running) >= CONCURRENT:
        raise AwsError("LimitExceededException", f"Account maximum query concurrency limit of [{CONCURRENT}] reached.")
    takes = min(_LONGEST, TAKES + (until - began) / 3600 / 2)
    id_ = cloud.ids.uuid("query", call.n)
    cloud.queries.all[id_] = Query(id_, place, groups, text, commands, began, until, limit, cloud.clock.now(), takes)
    return {"queryId": id_}


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def _groups(call: Call) -> tuple[str, ...]:
    given = [key for key in ("logGroupName", "logGroupNames", "logGroupIdentifiers") if call.params.get(key)]
    if len(given) != 1:
        raise _invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers is needed")
    named = call.params[given[0]]
    groups = tuple(str(one) for one in ([named] if isinstance(named, str) else named))
    if len(groups) > MOST_GROUPS:
        raise _invalid(f"A query searches up to {MOST_GROUPS} log groups")
    return tuple(one.split(":log-group:", 1)[-1].removesuffix(":*") for one in groups)


def _records(cloud: Cloud, query: Query) -> Iterator[dict[str, Any]]:
    """What the groups held within the window when the query began; the end of the window counts."""
    account = query.place[0]
    now = query.created.timestamp()
    held = get_backend("logs")[account][query.place[1]].groups
    for name in query.groups:
        for event in cloud.flow_logs.events(query.place, name, query.began, query.until + 1, now):
            ingested = event.at + 60_000 + int(LAG / cloud.clock.speed * 1000)
            yield record(name, account, event.stream, event.at, ingested, event.message)
        for stream in list(held[name].streams.values()) if name in held else ():
            for one in list(stream.events):
                if query.began * 1000 <= one.timestamp < (query.until + 1) * 1000:
                    yield record(name, account, stream.log_stream_name, one.timestamp, one.ingestion_time, one.message)


def _answer(cloud: Cloud, query: Query) -> Answer:
    if query.answer is None:
        query.answer = run(query.commands, _records(cloud, query), query.limit)
    return query.answer


def _found(cloud: Cloud, call: Call) -> Query:
    found = cloud.queries.all.get(str(call.params["queryId"]))
    if found is None or found.place != (call.account, call.region):
        raise AwsError("ResourceNotFoundException", "The specified query does not exist")
    return found


@routes.op("logs", "GetQueryResults")
def get_query_results(cloud: Cloud, call: Call) -> dict[str, Any]:
    query = _found(cloud, call)
    answer, status = _answer(cloud, query), query.status(cloud)
    done = query.done(cloud)
    return {
        "queryLanguage": "CWLI",
        "results": answer.rows if status == "Complete" else [],
        "statistics": {
            "recordsMatched": float(int(answer.matched * done)),
            "recordsScanned": float(int(answer.scanned * done)),
            "bytesScanned": float(int(answer.bytes * done)),
            "estimatedRecordsSkipped": 0.0,
            "estimatedBytesSkipped": 0.0,
            "logGroupsScanned": float(len(query.groups)),
        },
        "status": status,
    }


@routes.op("logs", "StopQuery")
def stop_query(cloud: Cloud, call: Call) -> dict[str, Any]:
    query = _found(cloud, call)
    if query.status(cloud) != "Running":
        raise _invalid("Query has already ended")
    query.stopped_at = query.done(cloud)
    return {"success": True}


@routes.op("logs", "DescribeQueries")
def describe_queries(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Newest first."""
    params, place = call.params, (call.account, call.region)
    found = [
        one
        for one in reversed(cloud.queries.all.values())
        if one.place == place
        and (not params.get("logGroupName") or params["logGroupName"] in one.groups)
        and params.get("status") in (None, one.status(cloud))
    ]
    token = str(params.get("nextToken") or "0")
    if not token.isdigit():
        raise _invalid("The specified nextToken is invalid")
    end = int(token) + int(params.get("maxResults") or _LISTED)
    told = [
        {
            "queryLanguage": "CWLI",
            "queryId": one.id,
            "queryString": f"SOURCE {' '.join(one.groups)} | {one.text}" if len(one.groups) > 1 else one.text,
            "status": one.status(cloud),
            "createTime": int(one.created.timestamp() * 1000),
            "logGroupName": one.groups[0],
        }
        for one in found[int(token) : end]
    ]
    return {"queries": told} | ({"nextToken": str(end)} if end < len(found) else {})
