"""The accounts of a configuration as the door needs them: profile, role, and where the keys come from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from socconsole.aws.operations import Role


class Account(Protocol):
    """The part of ``config.AccountConfig`` that the door reads."""

    @property
    def account(self) -> str: ...
    @property
    def profile(self) -> str | None: ...
    @property
    def reader_role(self) -> str | None: ...
    @property
    def watch_role(self) -> str | None: ...
    @property
    def triage_role(self) -> str | None: ...
    @property
    def responder_role(self) -> str | None: ...


class Config(Protocol):
    """The part of ``config.Config`` that the door reads."""

    @property
    def accounts(self) -> Sequence[Account]: ...
    @property
    def share(self) -> float: ...


def profile_of(config: Config, account: str) -> str:
    """The AWS profile for an account; empty means AWS_PROFILE or the default chain."""
    found = _find(config, account)
    return (found.profile or "") if found is not None else ""


def role_of(config: Config, account: str, role: Role) -> str:
    """ARN of the role configured for a role kind; empty means that the profile's own credentials are used.

    A watch without a role of its own reads with the reader's.
    """
    found = _find(config, account)
    if found is None:
        return ""
    return {
        "reader": found.reader_role,
        "watch": found.watch_role or found.reader_role,
        "triage": found.triage_role,
        "responder": found.responder_role,
    }[role] or ""


def how(profile: str, profiles: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str]) -> str:
    """Where botocore's chain would find credentials: ``sso``, ``login``, ``env``, ``profile`` or ``none``."""
    if not profile and environ.get("AWS_ACCESS_KEY_ID"):
        return "env"
    name = profile or environ.get("AWS_DEFAULT_PROFILE") or environ.get("AWS_PROFILE") or "default"
    settings = profiles.get(name)
    if settings is None:
        return "none"
    source = settings.get("source_profile")
    if isinstance(source, str) and source != name and source in profiles:
        return how(source, profiles, {})
    if "sso_session" in settings or "sso_start_url" in settings:
        return "sso"
    if "login_session" in settings:
        return "login"
    return "profile"


def active_profile(profile: str, environ: Mapping[str, str] = os.environ) -> str:
    """The profile name that a remedy should show: the configured one, or the environment's."""
    return profile or environ.get("AWS_DEFAULT_PROFILE") or environ.get("AWS_PROFILE") or ""


def _find(config: Config, account: str) -> Account | None:
    return next((entry for entry in config.accounts if entry.account == account), None)
