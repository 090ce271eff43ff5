"""Calls from inside the world: the estate is built and the attacker moves through the gateway, as clients do.

Requests are serialised from botocore's models and handed to the gateway as WSGI, without a socket or a
signature. They are journaled with ``by="scenario"`` and so appear in the trail like anyone's.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

import botocore.parsers
import botocore.serialize
import botocore.session
from botocore.compat import HTTPHeaders

from socconsole.drill.errors import AwsError

if TYPE_CHECKING:
    from botocore.model import ServiceModel

    from socconsole.drill.gateway import Gateway


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@cache
def _serializer(protocol: str) -> Any:
    return botocore.serialize.create_serializer(protocol, include_validation=True)


class Hands:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def call(
        self, access_key: str, region: str, operation: str, params: Mapping[str, Any], token: str = ""
    ) -> dict[str, Any]:
        """One call, ``operation`` as ``s3:PutBucketPolicy``; raises :class:`AwsError` as a client would."""
        service, _, name = operation.partition(":")
        model = _model(service)
        found = model.operation_model(name)
        protocol = str(model.resolved_protocol)
        request = _serializer(protocol).serialize_to_request(dict(params), found)
        path, _, query = request["url_path"].partition("?")
        parts = [part for part in (query, urlencode(request["query_string"] or {}, doseq=True)) if part]
        body, headers = _body(request, protocol)
        signing = str(model.metadata.get("signingName", model.endpoint_prefix))
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request["method"],
            "PATH_INFO": unquote(path).encode().decode("latin-1"),
            "RAW_URI": path,
            "QUERY_STRING": "&".join(parts),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": "127.0.0.1",
            "HTTP_AUTHORIZATION": (
                f"AWS4-HMAC-SHA256 Credential={access_key}/20260101/{region}/{signing}/aws4_request, "
                "SignedHeaders=host, Signature=0"
            ),
        }
        if token:
            environ["HTTP_X_AMZ_SECURITY_TOKEN"] = token
        for key, value in headers.items():
            upper = key.upper().replace("-", "_")
            environ["CONTENT_TYPE" if upper == "CONTENT_TYPE" else f"HTTP_{upper}"] = str(value)
        return self._send(found, protocol, environ)

    def _send(self, found: Any, protocol: str, environ: dict[str, Any]) -> dict[str, Any]:
        seen: list[tuple[str, list[tuple[str, str]]]] = []
        body = b"".join(self._gateway(environ, lambda status, headers: seen.append((status, headers))))
        status = int(seen[0][0].split()[0])
        response = {
            "status_code": status,
            "headers": HTTPHeaders.from_pairs(seen[0][1]),
            "body": io.BytesIO(body) if found.has_streaming_output and status < 300 else body,
            "context": {},
        }
        parsed: dict[str, Any] = botocore.parsers.create_parser(protocol).parse(response, found.output_shape)
        if status >= 300:
            error = parsed.get("Error", {})
            raise AwsError(str(error.get("Code", status)), str(error.get("Message", "")), status)
        return parsed


def _body(request: Mapping[str, Any], protocol: str) -> tuple[bytes, dict[str, str]]:
    headers = dict(request["headers"])
    body = request["body"]
    if isinstance(body, Mapping):
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        return urlencode(body, doseq=True).encode(), headers
    if isinstance(body, str):
        body = body.encode()
    if hasattr(body, "read"):
        body = body.read()
    return bytes(body or b""), headers
