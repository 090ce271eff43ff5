"""The response gate: an answer counts only if it proves that it is one.

botocore takes a login page, an empty body or half a JSON document with status 200 for success without data
(measured: 9 to 12 of 14 list calls). Here, for every client of the session, before botocore parses: the media
type is the protocol's and the document whole; after: a request id, and the keys that ``aws/operations/`` says
prove an answer. Otherwise :class:`BadResponse`; never an empty list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from socconsole.aws.operations import Operation, table

_MEDIA: Final[Mapping[str, frozenset[str]]] = {
    "json": frozenset({"application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/json"}),
    "rest-json": frozenset({"application/json", "application/x-amz-json-1.1"}),
    "rest-xml": frozenset({"application/xml", "text/xml"}),
    "query": frozenset({"text/xml", "application/xml"}),
    "ec2": frozenset({"text/xml", "application/xml"}),
}
_ROOT: Final = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?<([A-Za-z][\w.-]*)[\s/>]")
_ID_HEADERS: Final = ("x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id")


class BadResponse(Exception):
    """Something answered, and it was not AWS or not whole."""


class Gate:
    """Both handlers, over one table of operations."""

    def __init__(self, rows: Mapping[str, Operation] | None = None) -> None:
        self._rows = table() if rows is None else rows

    def before_parse(
        self,
        operation_model: Any,
        response_dict: dict[str, Any],
        customized_response_dict: dict[str, Any],
        **_: Any,
    ) -> None:
        """Handler of ``before-parse``: raises :class:`BadResponse`. Errors (status 300 up) are not judged."""
        if response_dict["status_code"] >= 300:
            return
        row = self._row(operation_model)
        body: bytes = response_dict["body"]
        protocol = operation_model.service_model.resolved_protocol
        if row.absent_ok == "empty":
            # Where a model has an output without members, JSON services write it as an empty object.
            if body.strip() and not (body.strip() == b"{}" and protocol in ("json", "rest-json")):
                raise BadResponse(f"{len(body)} bytes where the answer is an empty one")
            return
        if row.absent_ok == "headers":
            return
        _media(response_dict["headers"], protocol, row)
        if row.absent_ok.startswith("<"):
            root = _ROOT.match(body)
            if root is None or f"<{root[1].decode()}>" != row.absent_ok:
                raise BadResponse(f"a document that does not begin with {row.absent_ok}")
        if protocol in ("json", "rest-json"):
            document = _document(body)
            if row.wire:
                # The records go round botocore's parser: it would drop fields newer than its model, and one
                # record of an unexpected shape would lose the whole page.
                records = document.get(row.wire)
                if not isinstance(records, list):
                    raise BadResponse(f"no list {row.wire!r} in the answer")
                customized_response_dict[row.proof[0]] = records
                response_dict["body"] = json.dumps({**document, row.wire: []}).encode()

    def after_call(self, http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        """Handler of ``after-call``: raises :class:`BadResponse`."""
        if http_response.status_code >= 300:
            return
        row = self._row(model)
        if not request_id(parsed):
            raise BadResponse("no request id: it was not AWS that answered")
        for path in row.proof:
            found: Any = parsed
            for key in path.split("."):
                if not isinstance(found, Mapping) or key not in found:
                    raise BadResponse(f"the answer lacks {path}")
                found = found[key]
        if row.paging is not None and not isinstance(parsed[row.paging.result], list):
            raise BadResponse(f"{row.paging.result} is not a list")

    def _row(self, model: Any) -> Operation:
        return self._rows[f"{model.service_model.service_name}:{model.name}"]


def request_id(parsed: Mapping[str, Any]) -> str:
    """AWS's id of the request, wherever the protocol puts it; empty when there is none."""
    metadata = parsed.get("ResponseMetadata", {})
    headers = metadata.get("HTTPHeaders", {})
    found = metadata.get("RequestId") or next((headers[name] for name in _ID_HEADERS if name in headers), "")
    return str(found)


def is_protocol(headers: Mapping[str, str]) -> bool:
    """Whether an error's media type is one that AWS's protocols use; a proxy's page is HTML or text."""
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    return media in frozenset().union(*_MEDIA.values()) or not media


def _media(headers: Mapping[str, str], protocol: str, row: Operation) -> None:
    media = {key.lower(): value for key, value in headers.items()}.get("content-type", "")
    name = media.partition(";")[0].strip().lower()
    if name not in _MEDIA.get(protocol, frozenset()) and name not in row.content:
        raise BadResponse(f"media type {name[:80]!a} where {protocol} answers")


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        # orjson refuses what AWS and attackers do write: lone surrogates, integers past 64 bits.
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadResponse(f"not a whole JSON document ({len(body)} bytes)") from error
    if not isinstance(document, dict):
        raise BadResponse("a JSON document that is not an object")
    return document
