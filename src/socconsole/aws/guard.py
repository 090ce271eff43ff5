"""The guard: what may leave this machine, decided in the transport, before a byte does.

``check`` runs as a handler of botocore's ``before-call`` event, which fires in every client of the session
after the request is serialised and before anything is sent, however the client was come by. It leaves a
permit in the request's context; ``transport.Transport`` sends nothing that carries none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from socconsole.aws.modes import MODE_EFFECTS
from socconsole.aws.operations import ROLE_EFFECTS, Operation, Role, table
from socconsole.model.action import Mode

PERMIT: Final = "socconsole_permit"


class Refused(Exception):
    """Our own no: nothing was sent. ``remedy`` says what would allow it, empty where nothing does."""

    def __init__(self, operation: str, why: str, remedy: str = "") -> None:
        super().__init__(why)
        self.operation = operation
        self.why = why
        self.remedy = remedy


class Permit:
    """Left in a request's context by the guard. Only this module makes them."""

    __slots__ = ("operation",)

    def __init__(self, operation: str) -> None:
        self.operation = operation


class Guard:
    """The rule for one door: an operation passes if its row, the role and the mode all allow it.

    The watch's allow-list is fixed: read and housekeeping, whatever mode started it.
    """

    def __init__(self, role: Role, mode: Mode, rows: Mapping[str, Operation] | None = None) -> None:
        self.role = role
        self.mode = mode
        self._rows = table() if rows is None else rows

    def permit(self, operation: str) -> Operation:
        """The row of an allowed operation. Raises :class:`Refused`."""
        row = self._rows.get(operation)
        if row is None:
            raise Refused(operation, "not in aws/operations/: an operation that is not listed cannot be called")
        if row.credentials:
            return row
        if self.role not in row.roles or row.effect not in ROLE_EFFECTS[self.role]:
            raise Refused(operation, f"the {self.role} role does not do {row.effect} here")
        if self.role != "watch" and row.effect not in MODE_EFFECTS[self.mode]:
            remedy = ":respond, or --respond on the command line" if self.mode is Mode.TRIAGE else ""
            raise Refused(operation, f"{self.mode} mode does not allow {row.effect}", remedy)
        return row

    def check(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        """Handler of ``before-call``. Raises :class:`Refused`."""
        operation = f"{model.service_model.service_name}:{model.name}"
        self.permit(operation)
        context[PERMIT] = Permit(operation)
