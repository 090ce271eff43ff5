"""Who is behind an access key: the analyst, role sessions, users of the estate, and the scenario's cast."""

from __future__ import annotations

import base64
import hmac
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from moto.backends import get_backend

from socconsole.drill.clock import host_now
from socconsole.drill.errors import Trouble

BASE_KEY: Final = "AKIASOCCONSOLEDRILL0"
BASE_SECRET: Final = "drill"
ANALYST: Final = "oncall1"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. ``arn`` is the IAM ARN of the user or role (with path), which policies speak of."""

    account: str
    arn: str
    name: str
    """User name, or role name."""
    user_id: str
    role: str = ""
    session: str = ""
    source_identity: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    issued: datetime | None = None
    expires: datetime | None = None
    """Host time at which the session ends; None for long-term keys."""
    by: str = "client"
    held: bool = False
    """Held to the policies attached to it. The analyst's own key and the estate's builder are not."""
    session_policy: str = ""
    """JSON given to AssumeRole: the session may do only what both it and the role allow."""
    address: str = "127.0.0.1"
    """Where it calls from, as the trail shows it."""

    @property
    def caller_arn(self) -> str:
        """What GetCallerIdentity answers: a session's ARN drops the role's path."""
        if self.role:
            return f"arn:aws:sts::{self.account}:assumed-role/{self.role}/{self.session}"
        return self.arn


def anonymous() -> Principal:
    return Principal("", "anonymous", "anonymous", "anonymous")


class Directory:
    """Access key → principal. The secret is not checked: a drill's secrets are public by design."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._known: dict[str, Principal] = {}
        self._lock = threading.Lock()

    def register(self, access_key: str, principal: Principal) -> None:
        with self._lock:
            self._known[access_key] = principal

    def token(self, access_key: str, principal: Principal) -> str:
        """A session token that carries its principal, signed: sessions outlive a restart of the drill."""
        body = base64.urlsafe_b64encode(msgspec.json.encode([access_key, principal])).decode()
        return f"drill.{body}.{self._sign(body)}"

    def _sign(self, body: str) -> str:
        return hmac.new(self._secret, body.encode(), "sha256").hexdigest()

    def _session(self, access_key: str, token: str) -> Principal | None:
        kind, _, rest = token.partition(".")
        body, _, signature = rest.partition(".")
        if kind != "drill" or not hmac.compare_digest(signature, self._sign(body)):
            return None
        key, principal = msgspec.json.decode(base64.urlsafe_b64decode(body), type=tuple[str, Principal])
        return principal if key == access_key else None

    def forget(self, access_key: str) -> None:
        with self._lock:
            self._known.pop(access_key, None)

    def lookup(self, access_key: str, token: str) -> Principal:
        """Raises ``Trouble`` ``unknown_key`` (also for an inactive key or a foreign token) or ``expired``."""
        with self._lock:
            known = self._known.get(access_key)
        user, active = _estate_user(access_key)
        known = known or user or self._session(access_key, token)
        if known is None or not active:
            raise Trouble("unknown_key", "The security token included in the request is invalid.")
        if known.expires is not None and known.expires <= host_now():
            raise Trouble("expired", "The security token included in the request is expired")
        return known


def _estate_user(access_key: str) -> tuple[Principal | None, bool]:
    """The IAM user to whom moto's IAM says a key belongs, and whether the key works."""
    for account, partitions in list(get_backend("iam").items()):
        keys: dict[str, Any] = partitions["aws"].access_keys
        key = keys.get(access_key)
        if key is not None and getattr(key, "user_name", None):
            user = partitions["aws"].get_user(key.user_name)
            who = Principal(account, str(user.arn), str(user.name), str(user.id))
            return who, key.status == "Active"
    return None, True
