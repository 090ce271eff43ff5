"""BR-08 and GOV-03: whether data stays in the Regions where it may be."""

from __future__ import annotations

from functools import partial
from typing import Final

from socconsole.model.estate.bedrock import Bedrock, InferenceProfile
from socconsole.model.estate.residency import Elsewhere, Residency
from socconsole.model.known import Known, Read
from socconsole.model.posture import Judged
from socconsole.posture.check import AnyCheck, Check, Context, Said, weigh
from socconsole.text import clean

_SHOWN: Final = 5


def _profiles(context: Context) -> Read[tuple[InferenceProfile, ...]]:
    """The team's own, and of those that AWS has everywhere the ones that were used in the last two weeks."""
    part = context.part(Bedrock)
    profiles, invoked = part.profiles.get(), set(part.invoked.get())
    return Known(tuple(one for one in profiles if one.application or {one.arn, one.arn.rpartition("/")[2]} & invoked))


def routed_within(profile: InferenceProfile, context: Context) -> Judged:
    """BR-08. Whatever a profile routes to may be where a prompt is processed; AWS chooses by the request.

    Source: Bedrock User Guide, "Increase throughput with cross-Region inference".
    """
    return weigh([partial(_allowed, profile, context.regions)])


def _allowed(profile: InferenceProfile, regions: frozenset[str]) -> Said:
    outside = sorted({clean(one, 32) or "a model without a Region" for one in profile.regions if one not in regions})
    if outside:
        return Said(False, f"it routes to {', '.join(outside)}; allowed: {', '.join(sorted(regions))}")
    if not profile.regions:
        return Said(False, "AWS names no model that it routes to")
    return Said(True, f"it routes to {', '.join(sorted(set(profile.regions)))} alone")


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


CHECKS: Final[tuple[AnyCheck, ...]] = (Check("BR-08", _profiles, routed_within), Check("GOV-03", _regions, empty))
