"""A plan as ``aws`` command lines, for the hands of whoever may do what we may not.

Every value is quoted for the shell (sh, bash, zsh), so that a name from AWS cannot become a command; what is
not printable ASCII is spelled as an escape (``$'…'``, bash and zsh) and cannot drive the terminal either.

A value that an earlier call returns is printed as ``<GroupId of call 1>``, quoted: AWS takes it for no id, so that
a line pasted before it was filled in changes nothing.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

from socconsole.model.action import Call, Plan
from socconsole.response.calls import asked

_SERVICES: Final = {"s3": "s3api"}
"""Where the CLI's name of a service is not the API's."""

_ACRONYM: Final = re.compile(r"([A-Z]+)([A-Z][a-z])")
_WORD: Final = re.compile(r"([a-z0-9])([A-Z])")


def kebab(name: str) -> str:
    """``PutPublicAccessBlock`` → ``put-public-access-block``, as the AWS CLI spells it.

    >>> kebab("ExpectedBucketOwner")
    'expected-bucket-owner'
    """
    return _WORD.sub(r"\1-\2", _ACRONYM.sub(r"\1-\2", name)).lower()


def _option(name: str, value: Any) -> str:
    flag = kebab(name)
    value = _spelled(value)
    if isinstance(value, bool):
        return f"--{flag}" if value else f"--no-{flag}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    if text.isascii() and text.isprintable():
        return f"--{flag} {shlex.quote(text)}"
    # JSON's escapes are a subset of those of $'...', but for the quote itself.
    escaped = json.dumps(text, ensure_ascii=True)[1:-1].replace("\x7f", "\\u007f").replace("'", "\\'")
    return f"--{flag} $'{escaped}'"


def _spelled(value: Any) -> Any:
    """Words in place of what only an earlier call's answer tells."""
    if (wanted := asked(value)) is not None:
        index, path = wanted
        return f"<{path} of call {index + 1}>"
    if isinstance(value, Mapping):
        return {key: _spelled(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(one) for one in value]
    return value


def line(call: Call, region: str) -> str:
    """One call as one line."""
    service = _SERVICES.get(call.service, call.service)
    options = [_option(name, value) for name, value in call.params.items()]
    return " ".join(["aws", service, kebab(call.operation), *options, f"--region {shlex.quote(region)}"])


def lines(plan: Plan) -> tuple[str, ...]:
    """The plan, how to undo it, and, where it would not help, what would, by hand."""
    region = plan.place.region
    out = [line(call, region) for call in plan.calls]
    if plan.undo_calls:
        out += ["# to undo:", *commented(plan.undo_calls, region)]
    if plan.instead_calls:
        out += [f"# {plan.instead.split(':')[0]}, by hand:"]
        out += [line(call, region) for call in plan.instead_calls]
    return tuple(out)


def commented(calls: Sequence[Call], region: str) -> list[str]:
    """As comments, so that pasting the block does not undo what it does."""
    return [f"#   {line(call, region)}" for call in calls]
