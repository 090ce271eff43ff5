"""HTTP on 127.0.0.1 for a gateway: threads, keep-alive, and a stop that really stops."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

HOST = "127.0.0.1"


def _open_connections(server: Any) -> set[socket.socket]:
    connections: set[socket.socket] = server.connections
    return connections


class _Handler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes; Nagle would add 40 ms to each answer

    def setup(self) -> None:
        super().setup()
        _open_connections(self.server).add(self.connection)

    def finish(self) -> None:
        with contextlib.suppress(OSError):  # the peer, or stop(), may have closed it
            super().finish()
        _open_connections(self.server).discard(self.connection)

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            super().handle()

    def log(self, type: str, message: str, *args: Any) -> None:
        """Silent: the journal is the log."""


class _Server(ThreadedWSGIServer):
    daemon_threads = True
    connections: set[socket.socket]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that died is the client's business; nothing is written to a terminal we do not own."""


class Listener:
    """A running server; ``port`` 0 takes a free one. ``stop`` also cuts the connections that are open."""

    def __init__(self, app: Any, port: int = 0) -> None:
        self._server = _Server(HOST, port, app, handler=_Handler)
        self._server.connections = set()
        self.port = int(self._server.server_port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="drill-http", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in list(self._server.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
