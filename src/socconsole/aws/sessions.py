"""botocore sessions, made the same way everywhere: one loader for the process, our hooks in every client.

A *live* session behaves as botocore's users expect (profiles, ``AWS_*`` variables, endpoint and CA settings,
proxies). A *drill* session sees nothing of the environment or of ``~/.aws``.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any, Final, NoReturn

import orjson
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigValueStore, ConstantProvider
from botocore.loaders import JSONFileLoader, Loader
from botocore.utils import JSONFileCache

import socconsole
from socconsole.aws.gate import Gate
from socconsole.aws.guard import Guard
from socconsole.aws.operations import table
from socconsole.aws.transport import Transport

CONNECT_TIMEOUT: Final = 3.0
READ_TIMEOUT: Final = 10.0
ATTEMPTS: Final = 3


class MfaNeeded(Exception):
    """A profile asks for a one-time code; we never prompt."""


class OrjsonFileLoader(JSONFileLoader):  # type: ignore[misc]  # published without types
    """botocore's service models read by orjson: half the time of a first client, 19 MB less for eight."""

    def _load_file(self, full_path: str, open_method: Any) -> Any:
        if not os.path.isfile(full_path):
            return None
        with open_method(full_path, "rb") as file:
            return orjson.loads(file.read())


@functools.cache
def loader(search_path: str | None) -> Loader:
    """The loader for a data path (``AWS_DATA_PATH``); it caches every model it read."""
    extra = [os.path.expanduser(part) for part in search_path.split(os.pathsep)] if search_path else []
    return Loader(extra_search_paths=extra, file_loader=OrjsonFileLoader())


def live(profile: str | None, guard: Guard, gate: Gate) -> AioSession:
    """A session as the AWS CLI would have it with ``--profile``; "" and None mean AWS_PROFILE or default.

    Raises botocore's ``ProfileNotFound`` at first use.
    """
    session = AioSession(profile=profile or None)
    session.register_component("data_loader", loader(session.get_config_variable("data_path")))
    _install(session, guard, gate, _config(guard))
    provider = session.get_component("credential_provider").get_provider("assume-role")
    # The AWS CLI's own cache: a role that it assumed with a one-time code serves us until it runs out.
    provider.cache = JSONFileCache(str(Path.home() / ".aws" / "cli" / "cache"))
    provider._prompter = _never_prompt  # botocore offers no public way to set it after construction
    return session


def drill(guard: Guard, gate: Gate) -> AioSession:
    """A session that reads no variable, no file and no proxy; its credentials have to be registered."""
    session = AioSession()
    store = ConfigValueStore(
        {name: ConstantProvider(row[2]) for name, row in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    )
    store.set_config_variable("config_file", os.devnull)
    store.set_config_variable("credentials_file", os.devnull)
    session.register_component("config_store", store)
    session.register_component("data_loader", loader(None))
    _install(session, guard, gate, _config(guard, s3={"addressing_style": "path"}, proxies={}))
    session.get_component("event_emitter").register("before-sign.s3-control", _without_account_host)
    return session


def patient(service: str) -> AioConfig | None:
    """What differs for the clients of a service that may hold answers back; None for any other."""
    longest = max((row.waits for row in table().values() if row.service == service), default=0.0)
    return AioConfig(read_timeout=READ_TIMEOUT + longest) if longest else None


def _config(guard: Guard, **extra: Any) -> AioConfig:
    # What contains is sent once: after a lost answer only reading back can tell whether AWS did it, and a
    # runbook that is started again runs twice. Whoever makes the calls tries again where AWS itself declined.
    attempts = 1 if guard.role == "responder" else ATTEMPTS
    return AioConfig(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
        max_pool_connections=16,
        http_session_cls=Transport,
        user_agent_extra=f"socconsole/{socconsole.__version__}",
        **extra,
    )


def _install(session: AioSession, guard: Guard, gate: Gate, config: AioConfig) -> None:
    # On the session, so that clients that botocore makes by itself (credentials, redirects) have them too.
    events = session.get_component("event_emitter")
    events.register_first("before-call", guard.check)
    events.register_last("before-parse", gate.before_parse)
    events.register_last("after-call", gate.after_call)
    session.set_default_client_config(config)


def _without_account_host(request: Any, **_: Any) -> None:
    """S3 Control puts the account in front of the host name; 127.0.0.1 has no such names."""
    scheme, _, rest = request.url.partition("://")
    host, slash, path = rest.partition("/")
    first, _, remaining = host.partition(".")
    if len(first) == 12 and first.isdigit():
        request.url = f"{scheme}://{remaining}{slash}{path}"


def _never_prompt(prompt: str) -> NoReturn:
    raise MfaNeeded("the profile asks for a one-time code")
