"""Secrets out of a trail record, before anything of it is stored.

CloudTrail itself hides much (``HIDDEN_DUE_TO_SECURITY_REASONS``), but the answer of ``AssumeRole`` holds the session
token, and services differ. What opens nothing by itself stays: access key ids, request ids, idempotency tokens.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Final

import orjson

from socconsole.formats.fields import embedded

HIDDEN: Final = "(secret left out)"

_DEPTH: Final = 64
_NAMES: Final = frozenset(
    {
        "accesstoken",
        "adminpassword",
        "apikeyvalue",
        "authorization",
        "authtoken",
        "authorizationtoken",
        "clientsecret",
        "idtoken",
        "keymaterial",
        "masteruserpassword",
        "masterpassword",
        "newpassword",
        "oldpassword",
        "passphrase",
        "password",
        "passworddata",
        "plaintext",
        "privatekey",
        "privatekeyplaintext",
        "refreshtoken",
        "samlassertion",
        "secretaccesskey",
        "secretbinary",
        "secretkey",
        "secretstring",
        "securitytoken",
        "serviceapikeyvalue",
        "servicecredentialsecret",
        "servicepassword",
        "sessiontoken",
        "signature",
        "signintoken",
        "tdecredentialpassword",
        "temporarypassword",
        "tokenvalue",
        "userpassword",
        "webidentitytoken",
        "xamzsecuritytoken",
        "xamzsignature",
    }
)
"""Names of members whose value is a secret, in lower case, without ``-`` and ``_``."""

_SEPARATORS: Final = str.maketrans("", "", "-_. ")
_LOOSE: Final = re.compile(
    r"(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[A-Za-z0-9/+=%_-]{20,}"  # a session token of STS
    r"|(?<=X-Amz-Signature=)[0-9a-fA-F]{16,}|(?<=x-amz-signature=)[0-9a-fA-F]{16,}"  # a presigned address
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # a JSON web token
    r"|(?<=\"sessionToken\":\")[^\"]+|(?<=\"secretAccessKey\":\")[^\"]+"  # in JSON that is cut off
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
)

_SHORTEST: Final = 24
"""Below that a text holds none of these."""


def without(value: Any, depth: int = 0) -> Any:
    """A copy in which every secret reads :data:`HIDDEN`; JSON inside texts is looked into as well."""
    if isinstance(value, dict):
        if depth >= _DEPTH:  # deeper than any real record: nothing there is worth a leak
            return HIDDEN
        return {
            key: HIDDEN if isinstance(key, str) and _is_secret(key) and _tells(item) else without(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [without(item, depth + 1) for item in value] if depth < _DEPTH else HIDDEN
    return _text(value, depth) if isinstance(value, str) else value


@functools.lru_cache(4096)
def _is_secret(key: str) -> bool:
    return key.lower().translate(_SEPARATORS) in _NAMES


def _tells(value: object) -> bool:
    """Whether there is anything to hide: not for what is empty or a mere flag."""
    return value is not None and not isinstance(value, bool) and value != ""


def _text(value: str, depth: int) -> str:
    if value[:1] in ("{", "[") and depth < _DEPTH:
        inner = embedded(value)
        if isinstance(inner, dict | list):
            hidden = without(inner, depth + 1)
            return value if hidden == inner else _dumped(hidden)
    return out_of(value)


def out_of(text: str) -> str:
    """``text`` without what is a secret by its looks alone."""
    return text if len(text) < _SHORTEST else _LOOSE.sub(HIDDEN, text)


def _dumped(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # numbers or nesting that JSON's fast writer refuses: then nothing of it is kept
        return HIDDEN
