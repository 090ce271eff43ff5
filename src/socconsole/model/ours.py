"""Findings that no service of AWS wrote: what this program found by itself, in the shape of all others."""

from __future__ import annotations

import hashlib
from datetime import datetime

from socconsole.model.finding import Actor, Format, Kind, Observation, Resource, Severity
from socconsole.text import Untrusted


def ours(
    format: Format,
    name: str,
    title: Untrusted,
    said: Untrusted,
    severity: Severity,
    body: bytes,
    *,
    product: str,
    types: tuple[str, ...],
    occurred: datetime,
    published: datetime | None,
    updated: datetime,
    kind: Kind = Kind.THREAT,
    account: str | None = None,
    region: str | None = None,
    resources: tuple[Resource, ...] = (),
    actors: tuple[Actor, ...] = (),
    active: bool = True,
    count: int = 1,
    native_id: str = "",
) -> Observation:
    """An observation of our own: with nothing in it that only AWS could have said, and nobody there to be written to.

    ``name`` is its one merge key: the same name, the same finding, whenever it is found again. ``said`` is
    its description. ``body`` is compact ASCII JSON, all that is known; the same body changes nothing.
    ``native_id`` is its name where it is not given.
    """
    return Observation(
        format=format,
        merge_keys=(name,),
        title=title,
        description=said,
        kind=kind,
        severity=severity,
        product=product,
        types=types,
        account=account,
        region=region,
        resources=resources,
        actors=actors,
        occurred=occurred,
        published=published,
        updated=updated,
        workflow=None,
        verdict=None,
        active=active,
        sample=False,
        note=None,
        note_by=None,
        compliance=None,
        native_id=native_id or name,
        product_arn=None,
        signals=(),
        count=count,
        body=body,
        digest=hashlib.sha256(body).digest(),
    )
