"""GOV-03: whether data stays in the Regions where it may be."""

from __future__ import annotations

from functools import partial
from typing import Final

from socconsole.model.estate.residency import Elsewhere, Residency
from socconsole.model.known import Read
from socconsole.model.posture import Judged
from socconsole.posture.check import AnyCheck, Check, Context, Said, weigh

_SHOWN: Final = 5


def _regions(context: Context) -> Read[tuple[Elsewhere, ...]]:
    return context.part(Residency).regions


def empty(region: Elsewhere, context: Context) -> Judged:
    """GOV-03, a Region outside the allow-list at a time."""
    kinds = ("buckets", "instances", "SageMaker endpoints", "tagged data stores and compute")
    return weigh(partial(_none, kind, listed) for kind, listed in zip(kinds, region.found, strict=True))


def _none(kind: str, listed: Read[tuple[str, ...]]) -> Said:
    found = listed.get()
    if not found:
        return Said(True, f"no {kind}")
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return Said(False, f"{kind}: {', '.join(found[:_SHOWN])}{more}")


CHECKS: Final[tuple[AnyCheck, ...]] = (Check("GOV-03", _regions, empty),)
