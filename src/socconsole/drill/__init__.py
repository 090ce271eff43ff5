"""The embedded AWS: moto behind our own gateway, and the scenarios that unfold in it.

Only the command line starts it (:mod:`socconsole.drill.launch`), as a child process on 127.0.0.1. Tests use
:class:`Embedded`, the same world on a thread. moto is imported when a world is built, never before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from socconsole.drill.embedded import Embedded

__all__ = ["Embedded"]


def __getattr__(name: str) -> Any:
    if name == "Embedded":
        from socconsole.drill.embedded import Embedded

        return Embedded
    raise AttributeError(name)
