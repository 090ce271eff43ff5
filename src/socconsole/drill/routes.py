"""How a service module says which operations it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from socconsole.drill.principals import Principal

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud
    from socconsole.drill.wire import Incoming


@dataclass(slots=True)
class Call:
    """One recognised, authenticated request."""

    n: int
    account: str
    region: str
    principal: Principal
    access_key: str
    incoming: Incoming
    request_id: str
    params: dict[str, Any] = field(default_factory=dict)
    forwarded: dict[str, str] = field(default_factory=dict)
    """Headers of the request, lower-cased names."""

    @property
    def service(self) -> str:
        return self.incoming.service

    @property
    def operation(self) -> str:
        return self.incoming.operation

    @property
    def raw(self) -> bytes:
        return self.incoming.body


F = TypeVar("F", bound=Callable[..., Any])
Handler = Callable[["Cloud", Call], Any]
Check = Callable[["Cloud", Call], None]


@dataclass(slots=True)
class Routes:
    """Three tables, keyed by (botocore service name, operation).

    ``op`` answers instead of moto, ``before`` may refuse by raising ``AwsError`` and then lets moto answer,
    ``after`` runs when moto has answered without an error.
    """

    ops: dict[tuple[str, str], Handler] = field(default_factory=dict)
    befores: dict[tuple[str, str], Check] = field(default_factory=dict)
    afters: dict[tuple[str, str], Check] = field(default_factory=dict)

    def op(self, service: str, *operations: str) -> Callable[[Handler], Handler]:
        return _register(self.ops, service, operations)

    def before(self, service: str, *operations: str) -> Callable[[Check], Check]:
        return _register(self.befores, service, operations)

    def after(self, service: str, *operations: str) -> Callable[[Check], Check]:
        return _register(self.afters, service, operations)

    def include(self, other: Routes) -> None:
        self.ops |= other.ops
        self.befores |= other.befores
        self.afters |= other.afters


def _register(table: dict[tuple[str, str], F], service: str, operations: tuple[str, ...]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for operation in operations:
            if (service, operation) in table:
                raise ValueError(f"{service}:{operation} has a handler already")
            table[service, operation] = function
        return function

    return decorate
