"""Every AWS operation that socconsole may call, one table each in the files beside this one, a file a service.

What is in none of them cannot be called. The fields of a table:

``effect``
    ``read``, ``housekeeping``, ``workflow`` or ``contain``.
``roles``
    The role kinds that may call it (reader, watch, triage, responder); the watch may whatever a reader may; ``[]``
    only with ``credentials``.
``iam``
    IAM actions it needs; an action's name is not always the operation's.
``resource``
    ARN patterns the policy is narrowed to; ``${partition}`` and ``${account}`` are filled in, default ``*``.
    ``${queue}`` and ``${trail_bucket}`` are what ``[push]`` of the configuration names: without
    it no role may make the call, and the row is left out of its policy.
``proof``
    Keys that have to be in an answer (dotted: inside a structure) or it is a BadResponse.
``absent_ok``
    Instead of proof, for answers without a sure key: ``empty`` = no body at all (or an empty JSON object),
    ``headers`` = HEAD, ``<Name>`` = the document's root element, ``{}`` = a JSON object of which no key is sure.
``absent_codes``
    Error codes that state an absence; the call returns ``Absent(code)`` instead of raising.
``paging``
    Request token, answer token, page size parameter, its largest value, result key; ``more`` names a flag that
    says whether the token counts.
``rate``, ``burst``
    The service's own quota a second, for each account and region; our share is taken of it. Security Hub and
    CloudTrail from their API references; where AWS publishes none the figure is a cautious choice of ours.
``content``
    Media types beside the protocol's own.
``waits``
    Seconds that the service may hold an answer back because the call asks it to (a long poll).
``wire``
    The result list's name on the wire: its records are handed over as AWS wrote them, unparsed.
``passes``
    The service to which the call hands a role: it needs ``iam:PassRole`` on it (IAM User Guide, "Grant a user
    permissions to pass a role to an AWS service").
``condition``
    Condition keys and the one value each must have in a policy, where IAM can narrow the action by nothing else.
``credentials``
    Part of obtaining credentials: allowed in every mode and role, called by ``aws/`` only.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Final, Literal, get_args

import msgspec

from socconsole.model.action import Effect

Role = Literal["reader", "watch", "triage", "responder"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

ROLE_EFFECTS: Final[Mapping[Role, frozenset[Effect]]] = {
    "reader": frozenset({Effect.READ}),
    "watch": frozenset({Effect.READ, Effect.HOUSEKEEPING}),
    "triage": frozenset({Effect.READ, Effect.HOUSEKEEPING, Effect.WORKFLOW}),
    "responder": frozenset({Effect.READ, Effect.CONTAIN}),
}
"""What each role kind can ever do, in whatever mode; a row that asks for more does not load."""


class Paging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an operation pages. ``more``, where set, is the flag without which the token means nothing."""

    request: str
    answer: str
    size: str
    most: int
    result: str
    more: str = ""


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One table of a file here; the module's text explains the fields. ``rate`` is per second."""

    id: str
    effect: Effect
    roles: tuple[Role, ...]
    iam: tuple[str, ...]
    rate: float
    burst: float
    resource: tuple[str, ...] = ("*",)
    proof: tuple[str, ...] = ()
    absent_ok: str = ""
    absent_codes: tuple[str, ...] = ()
    paging: Paging | None = None
    content: tuple[str, ...] = ()
    waits: float = 0.0
    wire: str = ""
    passes: str = ""
    condition: Mapping[str, str] = {}
    credentials: bool = False

    @property
    def service(self) -> str:
        return self.id.partition(":")[0]

    @property
    def name(self) -> str:
        """The API's own name of the operation."""
        return self.id.partition(":")[2]


class BadTable(ValueError):
    """The table contradicts itself: a fault of ours, found when the program starts."""


@functools.cache
def table() -> Mapping[str, Operation]:
    """All rows by id. Raises :class:`BadTable`."""
    rows: dict[str, Operation] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".toml"):
            continue
        for name, row in read(file.read_text("utf-8")).items():
            if name in rows:
                raise BadTable(f"{name}: stands in two files")
            rows[name] = row
    return rows


def read(text: str) -> dict[str, Operation]:
    """Rows of a table in TOML. Raises :class:`BadTable` with the row's id."""
    rows: dict[str, Operation] = {}
    for name, fields in tomllib.loads(text).items():
        try:
            row = msgspec.convert({**fields, "id": name}, Operation)
        except (msgspec.ValidationError, TypeError) as error:
            raise BadTable(f"{name}: {error}") from error
        if fault := _fault(row):
            raise BadTable(f"{name}: {fault}")
        if "reader" in row.roles and "watch" not in row.roles:
            # The watch reads back whatever an action changed: it may read what a reader may.
            row = msgspec.structs.replace(row, roles=(*row.roles, "watch"))
        rows[name] = row
    return rows


def _fault(row: Operation) -> str:
    if not (row.service and row.name):
        return "is not service:Operation"
    if bool(row.proof) == bool(row.absent_ok):
        return "needs either proof or absent_ok"
    if not (row.rate > 0 and row.burst >= 1):
        return "needs a rate above 0 and a burst of at least 1"
    if row.credentials and row.effect is not Effect.READ:
        return "credentials rows only read"
    if not row.roles and not row.credentials:
        return "no role may call it"
    for role in row.roles:
        if row.effect not in ROLE_EFFECTS[role]:
            return f"the {role} role never does {row.effect}"
    if row.wire and not row.proof:
        return "wire needs the result key as its first proof"
    if row.roles and not row.iam:
        return "names no IAM action"
    return ""
