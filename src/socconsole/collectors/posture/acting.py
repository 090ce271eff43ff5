"""What self-hosted models may do: the policies of the roles of what serves them, and of no other role.

Which instances, services and clusters serve one shows from all of them together, so those are read here as well; their
questions are the same as their own families', and AWS is asked each of them once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from socconsole.collectors.posture import containers, hosts, network
from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.roles import permissions
from socconsole.config import Config
from socconsole.model.estate import Estate
from socconsole.model.estate.acting import Acting
from socconsole.model.known import Known
from socconsole.posture import Context
from socconsole.posture.inventory.selfhosted import roles

_SERVING: Final[tuple[Callable[[Asking, Config], Awaitable[object]], ...]] = (hosts.read, containers.read, network.read)


async def read(asking: Asking, config: Config) -> Acting:
    """Raises ``AwsTrouble`` as :class:`Asking` does."""
    parts = await asking.each(_SERVING, lambda family: family(asking, config))
    seen = Context(Estate(asking.place, datetime.now(UTC), parts, 0, ()), config)
    named = tuple(dict.fromkeys(role.value for role in roles(seen) if isinstance(role, Known) and role.value))
    return Acting(dict(zip(named, await asking.each(named, partial(permissions, asking)), strict=True)))
