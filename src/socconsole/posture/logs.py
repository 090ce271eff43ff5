"""LOG-01 to LOG-03: whether what is done here is written down, what is read here too, and who may touch the record."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from socconsole.model.estate.logs import DataStore, Logs, Recorded, Trail, TrailBucket
from socconsole.model.known import Known, NotRead, Read
from socconsole.model.posture import Judged, Verdict
from socconsole.model.trail import EVERY, MANAGEMENT, Selection
from socconsole.posture.check import AnyCheck, Check, Condition, Context, Said, failed, passed, unknown, weigh

_KINDS: Final = {
    "AWS::S3::Object": "objects",
    "AWS::Lambda::Function": "invocations",
    "AWS::SageMaker::Endpoint": "invocations",
    "AWS::Bedrock::AgentAlias": "invocations",
    "AWS::Bedrock::KnowledgeBase": "retrievals",
}


# --- LOG-01 -------------------------------------------------------------------------------------------


def _regions(context: Context) -> Read[tuple[Recorded, ...]]:
    return Known(context.part(Logs).recorded)


def recorded(region: Recorded, context: Context) -> Judged:
    """LOG-01. One trail that does all of it is enough; several that do it together leave gaps between them."""
    trails = region.trails.get()
    if not trails:
        return failed(f"no trail records in {region.region}")
    judged = [(trail, weigh(_whole(trail))) for trail in trails]
    for trail, found in judged:
        if found.verdict is Verdict.PASS:
            return passed(*(f"{_name(trail)}: {words}" for words in found.evidence))
    words = [f"{_name(trail)}: {words}" for trail, found in judged for words in found.evidence]
    return unknown(*words) if any(found.verdict is Verdict.UNKNOWN for _, found in judged) else failed(*words)


def _whole(trail: Trail) -> Iterator[Condition]:
    yield partial(_logs, trail)
    yield partial(_delivers, trail)
    yield partial(_takes_all_management, trail)
    yield lambda: Said(trail.multi_region, "all Regions" if trail.multi_region else "one Region only")
    yield lambda: Said(trail.validated, "digests are written" if trail.validated else "no digests: changes go unseen")
    yield lambda: Said(
        bool(trail.key), f"encrypted with {trail.key}" if trail.key else "no key of your own encrypts it"
    )


def _logs(trail: Trail) -> Said:
    on = trail.status.get().logging
    return Said(on, "is logging" if on else "is stopped")


def _delivers(trail: Trail) -> Said:
    errors = trail.status.get().errors
    words = "; ".join(f"delivery to its {where} fails: {why}" for where, why in errors)
    return Said(not errors, words or "delivers")


def _takes_all_management(trail: Trail) -> Said:
    """Several selectors add up, as far as each takes in all that it names."""
    found = [one for one in trail.selections.get() if one.what == MANAGEMENT]
    whole = [one for one in found if not one.narrow]
    lacking = [kind for kind in ("reads", "writes") if not any(getattr(one, kind) for one in whole)]
    if not lacking:
        return Said(True, "takes in all management events")
    why = "; ".join(one.narrow for one in found if one.narrow)
    return Said(False, f"does not take in all management events: {' and '.join(lacking)}{f' ({why})' if why else ''}")


def _name(trail: Trail) -> str:
    return trail.arn.rpartition("/")[2] if trail.home in trail.arn else trail.arn


# --- LOG-02 -------------------------------------------------------------------------------------------


def _stores(context: Context) -> Read[tuple[DataStore, ...]]:
    return context.part(Logs).stores


def data_recorded(store: DataStore, context: Context) -> Judged:
    """LOG-02. What one trail leaves out another may take in; one that was not read may take in anything."""
    trails: dict[str, set[str]] = {"reads": set(), "writes": set()}
    partly: dict[str, None] = {}
    unread: NotRead | None = None
    for trail in context.part(Logs).recorded[0].trails.get():
        try:
            for one in _at_work(trail):
                why = _misses(one, store)
                if why is None:
                    for kind in trails:
                        trails[kind] |= {_name(trail)} if getattr(one, kind) else set()
                elif why:
                    partly[f"{_name(trail)}: {why}"] = None
        except NotRead as trouble:
            unread = trouble
    lacking = [kind for kind, names in trails.items() if not names]
    if not lacking:
        return passed(f"{_KINDS[store.what]} are recorded by {', '.join(sorted(set().union(*trails.values())))}")
    if unread is not None:
        raise unread
    return failed(f"no trail records {' or '.join(lacking)} of its {_KINDS[store.what]}", *partly)


def _at_work(trail: Trail) -> tuple[Selection, ...]:
    """What a trail takes in now: nothing where it is stopped, or its bucket refuses it."""
    status = trail.status.get()
    refused = any(where == "bucket" for where, _ in status.errors)
    return trail.selections.get() if status.logging and not refused else ()


def _misses(one: Selection, store: DataStore) -> str | None:
    """None: all of the store is taken in; empty: nothing of it; else why it is only a part."""
    if one.what != store.what or not _there(one.place, store.arn):
        return ""
    if one.store in (EVERY, store.name):
        return one.narrow or None
    if one.store.endswith("*") and "/" not in one.store and store.name.startswith(one.store[:-1]):
        return one.narrow or None
    return f"only {one.store}" if one.store.startswith(f"{store.name}/") else ""


def _there(place: str, arn: str) -> bool:
    """Whether a selector that says where a store is may mean this one: names are an account's and a Region's own."""
    return all(theirs.startswith(said) for said, theirs in zip(place.split(":"), arn.split(":"), strict=False))


# --- LOG-03 -------------------------------------------------------------------------------------------


def _buckets(context: Context) -> Read[tuple[TrailBucket, ...]]:
    return context.part(Logs).buckets


def record_kept(bucket: TrailBucket, context: Context) -> Judged:
    """LOG-03. Nobody outside reads the record, nobody deletes it, and who reads it is written down."""
    return weigh(
        [
            partial(_not_public, bucket),
            partial(_granted_nobody, bucket),
            partial(_blocked, bucket),
            partial(_logged, bucket),
            partial(_locked, bucket),
        ]
    )


def _not_public(bucket: TrailBucket) -> Said:
    public = bucket.public.get()
    return Said(not public, "its policy is public" if public else "its policy is not public")


def _granted_nobody(bucket: TrailBucket) -> Said:
    rights = ", ".join(bucket.granted.get())
    return Said(not rights, f"its ACL gives everybody {rights}" if rights else "its ACL gives the public nothing")


def _blocked(bucket: TrailBucket) -> Said:
    on = bucket.blocked.get()
    return Said(on, "blocks public access" if on else "does not block public access with all four settings")


def _logged(bucket: TrailBucket) -> Said:
    to = bucket.logged_to.get()
    return Said(bool(to), f"its access log goes to {to}" if to else "who reads it is not logged")


def _locked(bucket: TrailBucket) -> Said:
    """CloudTrail asks for no retention by itself: without a default its objects are not locked."""
    lock = bucket.lock.get()
    if lock.enabled and lock.mode:
        return Said(True, f"Object Lock, {lock.mode}")
    return Said(False, "Object Lock without a default retention" if lock.enabled else "no Object Lock")


CHECKS: Final[tuple[AnyCheck, ...]] = (
    Check("LOG-01", _regions, recorded),
    Check("LOG-02", _stores, data_recorded),
    Check("LOG-03", _buckets, record_kept),
)
