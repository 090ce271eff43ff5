"""Who can come in, from outside and of our own, as one round found it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from socconsole.model.access import Access, Credential, Identity, Lacking
from socconsole.model.estate.identities import Identities, Tags, User
from socconsole.model.estate.outside import Outside, Unused
from socconsole.model.known import NotRead, Read, Unread
from socconsole.posture import outsiders
from socconsole.posture.check import Context, unread
from socconsole.text import clean


def access(context: Context) -> Access:
    """A part that was not read at all (an import, a test with one family) has nothing to say."""
    try:
        context.part(Identities)
        context.part(Outside)
    except LookupError:
        return Access()
    found, lacking = outsiders.found(context)
    identities, unknown = _identities(context)
    return Access(found, identities, (*lacking, *unknown))


def _identities(context: Context) -> tuple[tuple[Identity, ...], tuple[Lacking, ...]]:
    part = context.part(Identities)
    if not part.here:
        return (), ()
    lists: tuple[tuple[str, Read[object], Callable[[Context], Iterator[Identity]]], ...] = (
        ("role", part.roles, _roles),
        ("user", part.users, _users),
    )
    found: list[Identity] = []
    lacking: list[Lacking] = []
    for what, listed, walk in lists:
        if isinstance(listed, Unread):
            lacking.append(Lacking("identities", what, f"{what}s: {unread(NotRead(listed))}"))
        else:
            found.extend(walk(context))
    unused = context.part(Outside).unused
    if isinstance(unused, Unread):
        lacking.append(Lacking("identities", "", f"permissions that nobody uses: {unread(NotRead(unused))}"))
    elif unused.get() is None:
        words = "permissions that nobody uses: no Access Analyzer looks for them in our regions"
        lacking.append(Lacking("identities", "", words))
    return tuple(found), tuple(lacking)


def _unused(context: Context, arn: str) -> tuple[str, ...]:
    listed: Read[tuple[Unused, ...] | None] = context.part(Outside).unused
    if isinstance(listed, Unread):
        return ()
    return tuple(dict.fromkeys(one.kind for one in listed.get() or () if one.resource == arn))


def _owner(context: Context, tags: Tags) -> str:
    wanted = context.config.posture.owner_tag.lower()
    return next((clean(value, 80) for key, value in tags if key.raw().lower() == wanted), "")


def _roles(context: Context) -> Iterator[Identity]:
    """Not those of services, which nobody here can change or take away."""
    for role in context.part(Identities).roles.get():
        if role.linked:
            continue
        unknown = (unread(NotRead(role.used)),) if isinstance(role.used, Unread) else ()
        used = None if isinstance(role.used, Unread) else role.used.get()
        owner = _owner(context, role.tags)
        yield Identity(role.arn, "role", role.created, used, owner, (), _unused(context, role.arn), unknown)


def _users(context: Context) -> Iterator[Identity]:
    part = context.part(Identities)
    for user in part.users.get():
        unknown = [
            f"{what}: {unread(NotRead(one))}"
            for what, one in (("access keys", user.keys), ("tags", user.tags), ("service credentials", part.services))
            if isinstance(one, Unread)
        ]
        credentials = _credentials(user, part.services)
        unknown += [f"{one.kind} {one.id}: {one.unread}" for one in credentials if one.unread]
        yield Identity(
            arn=user.arn,
            kind="user",
            created=user.created,
            used=_last(user.signed_in, *(one.used for one in credentials)),
            owner="" if isinstance(user.tags, Unread) else _owner(context, user.tags.get()),
            credentials=credentials,
            unused=_unused(context, user.arn),
            unread=tuple(unknown),
        )


def _credentials(user: User, services: Read[tuple[tuple[str, Credential], ...]]) -> tuple[Credential, ...]:
    keys = () if isinstance(user.keys, Unread) else user.keys.get()
    others = () if isinstance(services, Unread) else services.get()
    name = user.arn.rpartition("/")[2]
    return (*keys, *(one for owner, one in others if owner == name))


def _last(*days: date | None) -> date | None:
    return max((one for one in days if one is not None), default=None)
