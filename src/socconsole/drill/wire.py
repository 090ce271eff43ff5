"""HTTP request ⇄ AWS operation, by botocore's service models. The one place that reaches into moto's core.

moto is pinned exactly: everything here except ``moto.server`` and ``moto.backends`` is its inside.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import moto.core.errors
import orjson
from botocore.exceptions import DataNotFoundError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from werkzeug.exceptions import HTTPException

from socconsole.drill.errors import AwsError, in_protocol

# moto warns about every error code that botocore's models do not list (ExpiredToken, NoSuchBucketPolicy). The
# codes are AWS's own; and a program that turns warnings into errors would get a 500 for each of them.
moto.core.errors.warn = lambda *args, **kwargs: None  # type: ignore[attr-defined]

_SCOPE: Final = re.compile(r"Credential=([^/,\s]+)/\d+/([^/,\s]+)/([^/,\s]+)/aws4_request")
_QUERY_SCOPE: Final = re.compile(r"([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
# Signing name -> botocore services behind it, where they differ.
_SIGNING: Final = {
    "access-analyzer": ("accessanalyzer",),
    "bedrock": ("bedrock", "bedrock-agent", "bedrock-runtime"),
    "bedrock-agentcore": ("bedrock-agentcore-control",),
    "monitoring": ("cloudwatch",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "states": ("stepfunctions",),
    "s3": ("s3control", "s3"),
    "sagemaker": ("sagemaker", "sagemaker-runtime"),
    "tagging": ("resourcegroupstaggingapi",),
}
_JSON: Final = {"json": "application/x-amz-json-1.1", "rest-json": "application/json"}


@dataclass(slots=True)
class Scope:
    """Who signed, for where."""

    access_key: str
    region: str
    signing: str
    token: str


@dataclass(slots=True)
class Incoming:
    """A request recognised as one operation of one service."""

    service: str
    operation: str
    protocol: str
    model: Any
    request: Any
    url_params: dict[str, Any]
    body: bytes

    def params(self) -> dict[str, Any]:
        """Parameters in the model's names, absent ones left out; raises :class:`AwsError` when unreadable."""
        parser = PROTOCOL_PARSERS[self.protocol](self.model, map_type=dict)
        try:
            parsed = parser.parse(
                {
                    "method": self.request.method,
                    "values": self.request.values,
                    "headers": self.request.headers,
                    "body": self.body,
                    "url_path": self.request.path,
                    "url_params": self.url_params,
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise AwsError("SerializationException", f"the request cannot be read: {error}") from error
        return {key: value for key, value in parsed.items() if value is not None}


@dataclass(slots=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def scope_of(environ: dict[str, Any]) -> Scope | None:
    """The SigV4 scope of a signed or presigned request; None when it is not signed."""
    match = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
    if match is None:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        match = _QUERY_SCOPE.fullmatch(query.get("X-Amz-Credential", [""])[0])
        token = query.get("X-Amz-Security-Token", [""])[0]
    return Scope(match[1], match[2], match[3], token) if match else None


def read_body(environ: dict[str, Any]) -> bytes:
    """The whole body; it can be read again by whoever comes after."""
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        body: bytes = environ["wsgi.input"].read()
        environ.pop("HTTP_TRANSFER_ENCODING")
        environ["CONTENT_LENGTH"] = str(len(body))
    else:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def identify(environ: dict[str, Any], signing: str, body: bytes) -> Incoming | None:
    """The operation a request asks for; None when no service behind the signing name knows it."""
    for service in _SIGNING.get(signing, (signing,)):
        if service == "s3control" and not environ.get("PATH_INFO", "").startswith("/v20180820/"):
            continue
        try:
            request = Request({**environ, "wsgi.input": io.BytesIO(body)})
            model, url_params = get_service_router(service).match(request)
            protocol = determine_request_protocol(model.service_model, request.content_type)
        except (HTTPException, NotImplementedError, LookupError, ValueError, DataNotFoundError):
            continue  # not an operation of this service, or not a service botocore knows
        return Incoming(service, str(model.name), protocol, model, request, dict(url_params), body)
    return None


def render(incoming: Incoming, result: Any) -> Answer:
    """A handler's result in the caller's protocol; ``bytes`` are a JSON body that is ready already."""
    if isinstance(result, bytes):
        return Answer(200, [("Content-Type", _JSON[incoming.protocol])], result)
    name = incoming.model.service_model.service_name
    serializer = get_serializer_class(name, incoming.protocol)(operation_model=incoming.model)
    out = serializer.serialize(result)
    body = out["body"].encode() if isinstance(out["body"], str) else out["body"]
    headers = [(key, str(value)) for key, value in out["headers"].items()]
    if incoming.protocol in _JSON:  # moto's serializer of a service that speaks several protocols says "text"
        headers = [(key, value) for key, value in headers if key.lower() != "content-type"]
    if not any(key.lower() == "content-type" for key, _ in headers):
        headers.append(("Content-Type", _JSON.get(incoming.protocol, "text/xml")))
    return Answer(int(out["status_code"]), headers, body)


def render_error(protocol: str, service: str, error: AwsError, request_id: str) -> Answer:
    """An error as AWS writes it in each of the five protocols."""
    code, status = in_protocol(error, protocol)
    if protocol in _JSON:
        fields = {"message": error.message, "Message": error.message, "Code": code, **error.fields}
        if protocol == "json":
            fields = {"__type": code, "message": error.message, **error.fields}
        headers = [("Content-Type", _JSON[protocol]), ("x-amzn-ErrorType", code)]
        return Answer(status, headers, orjson.dumps(fields))
    inner = f"<Code>{escape(code)}</Code><Message>{escape(error.message)}</Message>" + "".join(
        f"<{key}>{escape(str(value))}</{key}>" for key, value in error.fields.items()
    )
    kind = "Sender" if status < 500 else "Receiver"
    if protocol == "ec2":
        xml = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    elif service == "s3":
        xml = f"<Error>{inner}<RequestId>{request_id}</RequestId></Error>"
    else:
        xml = (
            f"<ErrorResponse><Error><Type>{kind}</Type>{inner}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    body = b'<?xml version="1.0" encoding="UTF-8"?>\n' + xml.encode()
    return Answer(status, [("Content-Type", "application/xml" if service == "s3" else "text/xml")], body)


def content_type(protocol: str) -> str:
    return _JSON.get(protocol, "text/xml")
