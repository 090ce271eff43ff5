"""Secrets out of a trail record, before anything of it is stored: the event, what is put away, a file that is imported.

CloudTrail itself hides much (``HIDDEN_DUE_TO_SECURITY_REASONS``), but the answer of ``AssumeRole`` holds the session
token, and services differ. What opens nothing by itself stays: access key ids, request ids, idempotency tokens, the
ids, names and ARNs of secrets. How a member is named decides: by its ending, since services put anything before it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, Final

from socconsole.formats.fields import body, embedded

HIDDEN: Final = "(secret left out)"

_DEPTH: Final = 64


class _Kind(Enum):
    """What the name of a member says of its value."""

    PLAIN = auto()
    SECRET = auto()
    ENVIRONMENT = auto()
    """Variables of a process: the values are anybody's, and often secrets."""
    NAME = auto()
    """Of a pair ``{"name": …, "value": …}``: the value of this one tells what the other is."""
    VALUE = auto()


_WORDS: Final = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token|seed|key[-_]?material"
    r"|(?:private|api|shared|secret|secret[-_]?access|auth|stream)[-_]?key)"
)
_WORDS_THEN: Final = r"(?:value|string|text|binary|data|base64|pem|plaintext)?"
_ENDING: Final = re.compile(f"{_WORDS}{_WORDS_THEN}$")
_EXACT: Final = frozenset(
    {
        "assertion",
        "authcode",
        "authorization",
        "authorizationcode",
        "basicauthcredentials",
        "codeverifier",
        "plaintext",
        "proxyauthorization",
        "qrcodepng",
        "samlassertion",
        "secretcode",
        "secrethash",
        "signature",
        "tokencode",
        "xamzsignature",
    }
)
_HARMLESS: Final = re.compile(
    r"(?:next\w*|page|pagination|continuation|client|request|idempotency|creation|lock|updated?|change|sequence|start"
    r"|starting|checkpoint|conditional|configuration|version|view|result|block)token$"
    r"|subjectfromwebidentitytoken$|publickeymaterial$"
)
"""Endings of what looks like one: where a listing goes on, what makes a call happen once, who a token speaks of."""
_ENVIRONMENT: Final = re.compile(r"env$|environment(?!.*(?:ids?|names?|arns?)$)|.*environmentvariables")
_NAMING: Final = frozenset(
    {
        "attributename",
        "field",
        "header",
        "headername",
        "key",
        "name",
        "optionname",
        "parameterkey",
        "parametername",
        "variablename",
    }
)
_BESIDE_SECRETS: Final = frozenset(
    {"accessKeyId", "arn", "id", "keyId", "kmsKeyId", "name", "secretArn", "secretId", "secretName", "secretStatus"}
)
"""Members that stay in an object that is named like a secret: RDS tells of ``masterUserSecret`` where it is kept."""
_BESIDE_VARIABLES: Final = frozenset({"computeType", "image", "name", "type", "valueFrom"})
"""Members that stay under an environment, in AWS's own spelling: variables are seldom written so."""

_SEPARATORS: Final = str.maketrans("", "", "-_. ")
_LOOSE: Final = re.compile(
    r"(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[A-Za-z0-9/+=%_-]{20,}"  # a session token of STS
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # a JSON web token
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
)
_BEHIND: Final = re.compile(
    r"([?&](?:X-Amz-)?(?:Signature|Security-Token|(?:access_)?token|password|secret|api_?key)=)(?!\(secret)[^&\s\"'<>]+"
    r"|(://[^/\s:@\"]{0,128}:)[^/\s@\"]{1,256}(?=@)"  # user and password of an address
    rf"|(\"[\w.-]{{0,60}}{_WORDS}{_WORDS_THEN}\\*\"\s*:\s*\\*\")(?:[^\"\\]|\\.)+",  # JSON in a text, or cut off
    re.IGNORECASE,
)
"""What stands behind one of its groups."""

_SHORTEST: Final = 24
"""Below that a text holds no secret by its looks."""


def without(value: Any) -> Any:
    """A copy in which every secret reads :data:`HIDDEN`; JSON inside texts is looked into as well.

    Of a copy it makes the same again.
    """
    return _without(value, 0, None)


def _without(value: Any, depth: int, stays: frozenset[str] | None) -> Any:
    """``stays``: inside of what is a secret as a whole, the members that are none; None outside of such."""
    if isinstance(value, dict):
        if depth >= _DEPTH:  # deeper than any real record: nothing there is worth a leak
            return HIDDEN
        paired = _names_a_secret(value)
        return {
            key: item
            if item is None or isinstance(item, bool)
            else _without(item, depth + 1, _inside(key, item, stays, paired))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_without(item, depth + 1, stays) for item in value] if depth < _DEPTH else HIDDEN
    if stays is not None:
        return HIDDEN if _tells(value) else value
    return _text(value, depth) if isinstance(value, str) else value


def _inside(key: object, item: object, stays: frozenset[str] | None, paired: bool) -> frozenset[str] | None:
    """What stays within a member; None where it is no secret."""
    if not isinstance(key, str):
        return stays
    kind = _kind(key)
    if kind is _Kind.SECRET or (paired and kind is _Kind.VALUE):
        return _BESIDE_SECRETS
    if kind is _Kind.ENVIRONMENT and (isinstance(item, dict | list) or "." in key):  # Security Lake flattens names
        return _BESIDE_VARIABLES
    return None if stays is not None and key[:1].lower() + key[1:] in stays else stays


def _names_a_secret(value: Mapping[Any, Any]) -> bool:
    """``{"name": "DB_PASSWORD", "value": …}``, as ECS, CodeBuild and CloudFormation write variables."""
    for key in value:
        if isinstance(key, str) and _kind(key) is _Kind.NAME:
            item = value[key]
            if isinstance(item, str) and _kind(item) is _Kind.SECRET:
                return True
    return False


@functools.lru_cache(4096)
def _kind(name: str) -> _Kind:
    low = name[-256:].lower().translate(_SEPARATORS)
    if low in _EXACT or (_ENDING.search(low) and not _HARMLESS.search(low)):
        return _Kind.SECRET
    if low in _NAMING:
        return _Kind.NAME
    if low.endswith(("value", "values")):
        return _Kind.VALUE
    return _Kind.ENVIRONMENT if _ENVIRONMENT.match(low) else _Kind.PLAIN


def _tells(value: object) -> bool:
    """Whether there is anything to hide: not for what is empty, a mere flag, or names where a secret is kept."""
    if isinstance(value, str):
        return value != "" and not value.startswith("arn:")
    return value is not None and not isinstance(value, bool)


def _text(value: str, depth: int) -> str:
    if value[:1] in ("{", "[") and depth < _DEPTH:
        inner = embedded(value)
        if isinstance(inner, dict | list):
            hidden = _without(inner, depth + 1, None)
            return value if hidden == inner else body(hidden).decode("ascii")
    return out_of(value)


def out_of(text: str) -> str:
    """``text`` without what is a secret by its looks alone."""
    found = text if len(text) < _SHORTEST else _LOOSE.sub(HIDDEN, text)
    return _BEHIND.sub(_left, found) if "=" in found or '"' in found or "://" in found else found


def _left(found: re.Match[str]) -> str:
    return f"{found[1] or found[2] or found[3]}{HIDDEN}"
