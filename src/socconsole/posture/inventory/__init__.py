"""The inventory: whatever serves an LLM in a place, as far as its snapshot shows. Pure.

What could not be read of an endpoint stays ``Unread``; where not even a list could be read there may be others, and
the round is not complete: that is said by whoever shows it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Final

from socconsole.model.endpoint import Endpoint
from socconsole.posture.check import Context
from socconsole.posture.inventory import bedrock, sagemaker, selfhosted

log = logging.getLogger("socconsole.posture")

Source = Callable[[Context], Iterator[Endpoint]]

SOURCES: Final[tuple[Source, ...]] = (
    sagemaker.endpoints,
    bedrock.models,
    bedrock.profiles,
    bedrock.provisioned,
    bedrock.agents,
    bedrock.runtimes,
    bedrock.knowledge_bases,
    selfhosted.hosts,
    selfhosted.workloads,
    selfhosted.clusters,
    selfhosted.inventoried,
)


def endpoints(context: Context) -> tuple[tuple[Endpoint, ...], tuple[str, ...]]:
    """Endpoints of the place, each once, and what kept us from finding all of them: a fault of ours, in words.

    A fault costs its kind of endpoints alone; nothing that a faulty round does not see may be called gone.
    """
    found: dict[str, Endpoint] = {}
    faults: list[str] = []
    for source in SOURCES:
        try:
            found |= {one.id: one for one in source(context)}
        except Exception as fault:  # as in judging: it costs this source its answer, and no other
            log.exception("inventory %s", source.__qualname__)
            name = f"{source.__module__.rpartition('.')[2]} {source.__name__}"
            faults.append(f"inventory of {name}: a fault of ours: {type(fault).__name__}")
    return tuple(found.values()), tuple(faults)
