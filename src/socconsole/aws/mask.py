"""Secrets out of text: for whatever an exception or an answer says before it is shown, logged or stored."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_HIDDEN: Final = "[hidden]"

_RULES: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    # user:password@ in a proxy's or an endpoint's address
    (re.compile(r"(?<=://)[^\s@:\"'<>]*:[^\s@\"'<>]+(?=@)"), _HIDDEN),
    # JSON web tokens (IAM Identity Center, web identity)
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), _HIDDEN),
    # a name that holds a secret, and its value, in JSON, XML, a query string or a header
    (
        re.compile(
            r"(?i)((?:secret_?access_?key|secretkey|session_?token|security[-_]token|access_?token"
            r"|refresh_?token|id_?token|client_?secret|x-amz-signature|signature|password|authorization)"
            r"[\"']?\s*(?:[=:>]|%3D)\s*[\"']?)(?:Bearer\s+|AWS4-HMAC-SHA256\s+)?[^\s\"'<&,;]{6,}"
        ),
        lambda match: match[1] + _HIDDEN,
    ),
    # what STS session tokens look like when they stand alone
    (re.compile(r"\b(?:FwoGZXIvYXdz|IQoJb3JpZ2lu)[A-Za-z0-9+/=]{20,}"), _HIDDEN),
    # access key ids name a key, they do not open anything: their ends stay readable
    (re.compile(r"\b(A[KS]IA)[A-Z0-9]{8,}([A-Z0-9]{4})\b"), r"\1…\2"),
)


def mask(text: str) -> str:
    """``text`` with what opens doors taken out. Idempotent."""
    for pattern, by in _RULES:
        text = pattern.sub(by, text)
    return text
