"""The WSGI gateway: every request to the embedded AWS passes here, in the order AWS itself would take.

identify → who is it → journal → fault rules → may he → dry run → our handler, or moto → after-hooks. moto
never sees a request that one of those refused; what moto cannot do becomes one clean error that no client
retries.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from moto.core.exceptions import ServiceException, _RESTError

from socconsole.drill import control, iamcheck, wire
from socconsole.drill.clock import host_now, stamp
from socconsole.drill.errors import AwsError, Trouble
from socconsole.drill.faults import Fault
from socconsole.drill.journal import Entry, changes_state, masked
from socconsole.drill.principals import Principal, anonymous
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

StartResponse = Callable[..., Any]
Environ = dict[str, Any]

_PORTAL: Final = b"<!doctype html><html><title>Welcome to the guest network</title><body>Sign in</body></html>"
_HOLLOW: Final = "x-drill-hollow"
"""Marks an answer that must go out without a request id; never sent."""
_ERROR_CODE: Final = re.compile(rb"<Code>([^<]{1,128})</Code>")
_ISSUED: Final = re.compile(rb"<AccessKeyId>([A-Z0-9]{16,128})</AccessKeyId>")
_ISSUING: Final = frozenset({"AssumeRole", "GetSessionToken", "GetFederationToken", "CreateAccessKey"})


class Gateway:
    """``app`` is moto's WSGI application."""

    def __init__(self, app: Callable[[Environ, StartResponse], Iterable[bytes]], routes: Routes) -> None:
        self.app = app
        self.routes = routes
        self.cloud: Cloud | None = None
        self.lock = threading.RLock()
        """Held while one of our handlers or hooks runs: they read and write state in several steps."""

    def __call__(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        cloud = self.cloud
        path = environ.get("PATH_INFO", "")
        if cloud is None or path.startswith(("/moto-api", "/latest/")):
            return _plain(start, 404, b"not found\n")
        if path.startswith("/_drill/"):
            return control.serve(cloud, environ, start)
        answer, request_id, service = self._answer(cloud, environ)
        if answer is None:
            return []
        head_only = environ.get("REQUEST_METHOD") == "HEAD"
        length = str(len(answer.body))
        headers = []
        for name, value in answer.headers:
            if name.lower() == "content-length":
                length = value if head_only else length
            elif name.lower() not in ("x-amzn-requestid", "x-amz-request-id", _HOLLOW):
                headers.append((name, value))
        if all(name != _HOLLOW for name, _ in answer.headers):
            headers.append((_id_header(service), request_id))
        if answer.status != 204:
            headers.append(("Content-Length", length))
        start(f"{answer.status} {'OK' if answer.status < 400 else 'Error'}", headers)
        return [] if head_only else [answer.body]

    # --- one request -------------------------------------------------------------------------------

    def _answer(self, cloud: Cloud, environ: Environ) -> tuple[wire.Answer | None, str, str]:
        body = wire.read_body(environ)
        scope = wire.scope_of(environ)
        signing = scope.signing if scope else "s3"
        incoming = wire.identify(environ, signing, body)
        n = cloud.journal.number()
        request_id = cloud.ids.uuid("request", n)
        if incoming is None:
            unknown = _unrecognised(cloud, n, scope, signing, environ)
            error = Trouble("not_emulated", f"no operation of {signing} answers to this request")
            refused = wire.render_error("rest-json", signing, error, request_id)
            return self._finish(cloud, unknown, refused), request_id, signing
        call = Call(
            n=n,
            account="",
            region=scope.region if scope else "us-east-1",
            principal=anonymous(),
            access_key=scope.access_key if scope else "",
            incoming=incoming,
            request_id=request_id,
        )
        entry = _entry(cloud, call, environ)
        fault: Fault | None = None
        try:
            if scope is not None:
                call.principal = cloud.directory.lookup(scope.access_key, scope.token)
            call.account = call.principal.account
            call.params = incoming.params()
            _name_caller(entry, call)
            if call.principal.by == "client":
                fault = cloud.faults.take(call.service, call.operation, call.account, call.region)
            if fault is not None:
                entry.fault = fault.kind
                if (early := self._fault(fault, call, environ)) is not None:
                    return self._finish(cloud, entry, early), request_id, call.service
            answer = self._serve(cloud, call, entry, environ)
        except AwsError as error:
            answer = wire.render_error(incoming.protocol, call.service, error, request_id)
        except _Cut:
            entry.code = "cut"
            cloud.journal.append(entry)
            raise ConnectionResetError from None
        if fault is not None and fault.kind == "truncated":
            self._finish(cloud, entry, answer)
            _send_half(environ, answer, request_id)
            raise ConnectionResetError
        return self._finish(cloud, entry, answer), request_id, call.service

    def _serve(self, cloud: Cloud, call: Call, entry: Entry, environ: Environ) -> wire.Answer:
        iamcheck.authorize(cloud, call)
        if call.params.get("DryRun") is True:
            # moto would carry several of these out.
            entry.dry_run = True
            raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", status=412)
        name = (call.service, call.operation)
        try:
            with self.lock:
                cloud.slow.settle()
                if check := self.routes.befores.get(name):
                    check(cloud, call)
                if handler := self.routes.ops.get(name):
                    return wire.render(call.incoming, handler(cloud, call))
            answer = self._moto(call, environ)
            if answer.status < 400 and (hook := self.routes.afters.get(name)):
                with self.lock:
                    hook(cloud, call)
        except ServiceException as error:  # raised by a moto backend that one of our handlers asked
            raise AwsError(str(error.code), str(error.message)) from error
        except _RESTError as error:
            raise AwsError(str(error.error_type), str(error.message), int(error.code or 400)) from error
        return answer

    def _moto(self, call: Call, environ: Environ) -> wire.Answer:
        environ = {**environ, "HTTP_X_MOTO_ACCOUNT_ID": call.account}
        environ["wsgi.input"].seek(0)
        seen: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[[bytes], None]:
            seen.append((status, headers))
            return lambda data: None

        name = f"{call.service}:{call.operation}"
        try:
            body = b"".join(self.app(environ, start))
        except Exception as error:  # whatever moto's inside raises is one thing to a client: a gap in the drill
            raise Trouble("not_emulated", f"the drill's AWS does not have {name}") from error
        status, headers = int(seen[-1][0].split()[0]), list(seen[-1][1])
        kind = next((value for key, value in headers if key.lower() == "content-type"), "")
        if status in (404, 500) and kind.startswith("text/html") and b"<!doctype html" in body[:64].lower():
            raise Trouble("not_emulated", f"the drill's AWS does not have {name}")
        if kind.startswith("text/html") or not kind:
            headers = [(key, value) for key, value in headers if key.lower() != "content-type"]
            headers.append(("Content-Type", wire.content_type(call.incoming.protocol)))
        if status < 300 and call.service == "s3" and call.incoming.model.output_shape is None:
            # Where S3 has nothing to say it sends nothing; moto sends the word True.
            return wire.Answer(status, headers, b"")
        return wire.Answer(status, headers, body)

    # --- faults --------------------------------------------------------------------------------------

    def _fault(self, fault: Fault, call: Call, environ: Environ) -> wire.Answer | None:
        """The answer that a rule gives instead; None to go on as usual."""
        if fault.latency:
            time.sleep(fault.latency)
        match fault.kind:
            case "error":
                raise AwsError(fault.code, fault.said, fault.status)
            case "expired":
                raise Trouble("expired", "The security token included in the request is expired")
            case "denied":
                raise Trouble("denied", fault.message or iamcheck.refusal(call, fault.because))
            case "reset":
                _reset(environ)
                raise _Cut
            case "html":
                return wire.Answer(200, [("Content-Type", "text/html"), (_HOLLOW, "1")], _PORTAL)
            case "empty":
                return wire.Answer(200, [("Content-Type", "application/json")], b"")
            case "hollow":
                headers = [("Content-Type", "application/json"), (_HOLLOW, "1")]
                return wire.Answer(200, headers, b"{}")
        return None

    @staticmethod
    def _finish(cloud: Cloud, entry: Entry, answer: wire.Answer) -> wire.Answer:
        entry.status = answer.status
        if answer.status >= 400 and not entry.code:
            headers = {key.lower(): value for key, value in answer.headers}
            found = _ERROR_CODE.search(answer.body)
            entry.code = headers.get("x-amzn-errortype") or (found[1].decode("ascii", "replace") if found else "")
            entry.code = entry.code or str(answer.status)
        elif entry.op in _ISSUING and (issued := _ISSUED.search(answer.body)):
            entry.issued = issued[1].decode()
        cloud.journal.append(entry)
        return answer


class _Cut(Exception):
    """The connection was cut on purpose."""


def _blank(cloud: Cloud, n: int, region: str, service: str, op: str, access_key: str, environ: Environ) -> Entry:
    return Entry(
        n=n,
        time=stamp(host_now()),
        scenario_time=stamp(cloud.clock.now()),
        account="",
        region=region,
        service=service,
        op=op,
        params={},
        access_key=access_key,
        principal="anonymous",
        role="",
        session="",
        source_identity="",
        tags={},
        by="client",
        mutating=changes_state(op),
        user_agent=environ.get("HTTP_USER_AGENT", "")[:256],
    )


def _entry(cloud: Cloud, call: Call, environ: Environ) -> Entry:
    return _blank(cloud, call.n, call.region, call.service, call.operation, call.access_key, environ)


def _unrecognised(cloud: Cloud, n: int, scope: wire.Scope | None, signing: str, environ: Environ) -> Entry:
    op = f"{environ.get('REQUEST_METHOD', '')} {environ.get('PATH_INFO', '')}"[:256]
    key, region = (scope.access_key, scope.region) if scope else ("", "")
    return _blank(cloud, n, region, signing, op, key, environ)


def _name_caller(entry: Entry, call: Call) -> None:
    who: Principal = call.principal
    entry.account, entry.params = call.account, masked(call.params)
    entry.principal, entry.role, entry.session = who.caller_arn, who.role, who.session
    entry.source_identity, entry.tags, entry.by = who.source_identity, dict(who.tags), who.by
    entry.address = who.address


def _id_header(service: str) -> str:
    return "x-amz-request-id" if service == "s3" else "x-amzn-RequestId"


def _plain(start: StartResponse, status: int, body: bytes) -> Iterable[bytes]:
    start(f"{status} X", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def _reset(environ: Environ) -> None:
    """Cut with RST. Closing alone leaves the client waiting: the server still holds the file objects."""
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)


def _send_half(environ: Environ, answer: wire.Answer, request_id: str) -> None:
    connection = environ.get("werkzeug.socket")
    if connection is None:
        return
    headers = [(k, v) for k, v in answer.headers if k.lower() != "content-length"]
    headers += [("x-amzn-RequestId", request_id), ("Content-Length", str(len(answer.body)))]
    head = "".join(f"{key}: {value}\r\n" for key, value in headers)
    connection.sendall(f"HTTP/1.1 {answer.status} OK\r\n{head}\r\n".encode("latin-1"))
    connection.sendall(answer.body[: len(answer.body) // 2])
    connection.shutdown(socket.SHUT_RDWR)
