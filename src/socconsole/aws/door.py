"""The door: one call, or pages of one, with everything that DESIGN §4 promises of it.

Whatever goes wrong leaves as :class:`AwsTrouble` (or as the caller's own cancellation); what is returned has
passed the response gate. Nothing here retries beyond botocore's standard mode, and what
contains is not retried at all: nothing that changes anything is sent twice by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from socconsole.aws.accounts import Config, active_profile, how, profile_of, role_of
from socconsole.aws.buckets import Buckets
from socconsole.aws.gate import BadResponse, Gate, request_id
from socconsole.aws.guard import Guard
from socconsole.aws.iam import Grant, session_policy
from socconsole.aws.operations import ROLES, Role, table
from socconsole.aws.trouble import Absent, AwsTrouble, Kind
from socconsole.aws.worlds import DRILL_KEY, DRILL_SECRET, admit, drill_role, endpoint
from socconsole.model.action import Mode
from socconsole.model.world import Place, World, WorldKind

DEADLINE: Final = 20.0
"""Seconds for one call: our own queue, credentials, connection, retries and the whole answer."""

PAGES: Final = 500
"""Pages of one listing; a server that hands out fresh tokens for ever ends there."""

RESPONDER_SECONDS: Final = 900
"""The shortest session STS gives: responder credentials live for the seconds of an action."""


class Door:
    """One role kind's way to AWS in one world, for the life of an ``async with``.

    Clients are kept for each (account, region, service); all share one loader of service models.
    """

    def __init__(
        self,
        config: Config,
        world: World,
        role: Role,
        mode: Mode,
        analyst: str,
        tags: Mapping[str, str] | None = None,
        grant: Grant | None = None,
    ) -> None:
        self.world = world
        self.role: Role = role
        self._config = config
        self._analyst = analyst
        self._tags = dict(tags or {})
        self._grant = grant
        self._guard = Guard(role, mode)
        self._gate = Gate()
        self._buckets = Buckets(config.share)
        self._stack = contextlib.AsyncExitStack()
        self._credentials: dict[str, Any] = {}
        self._sessions: dict[str, Any] = {}
        self._clients: dict[tuple[str, Place], Any] = {}
        self._making = asyncio.Lock()

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        config: Config,
        world: World,
        role: Role,
        mode: Mode,
        analyst: str,
        *,
        tags: Mapping[str, str] | None = None,
        grant: Grant | None = None,
    ) -> AsyncIterator[Door]:
        """Open a door; no call is made yet.

        ``analyst`` becomes the SourceIdentity of assumed roles and ``tags`` their session tags (finding,
        case, ledger head). ``grant`` narrows a role's session to one action by a session policy.
        Raises :class:`AwsTrouble` ``refused`` for an import world.
        """
        if world.kind is WorldKind.IMPORT:
            raise AwsTrouble(Kind.REFUSED, "", None, "an import world calls no AWS")
        door = cls(config, world, role, mode, analyst, tags, grant)
        try:
            yield door
        finally:
            await door._stack.aclose()

    def roles(self, account: str) -> Mapping[str, str]:
        """ARN of the role for each role kind, as configured; empty where the profile's own identity acts."""
        return {role: self._role_arn(account, role) for role in ROLES}

    async def call(
        self,
        place: Place,
        operation: str,
        params: Mapping[str, Any],
        *,
        deadline: float = DEADLINE,
        cost: float = 1.0,
    ) -> dict[str, Any]:
        """One call; the parsed answer, with ``ResponseMetadata``, or :class:`Absent`.

        ``cost`` is what it takes from the token bucket: a background sweep pays double to leave half.
        Raises :class:`AwsTrouble`. After a ``timeout``, ``unreachable``, ``bad_response`` or ``error`` a
        write may have happened: only reading back can tell.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline
        try:
            row = self._guard.permit(operation)  # again in the transport; here it saves the client
            admit(self.world, place, operation)
            async with asyncio.timeout_at(end):
                await self._buckets.take(row, place, cost, end - loop.time())
                client = await self._client(row.service, place)
                return await _invoke(client, row.name, params)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # All of them: parsers fail in unlisted ways on answers of a shape that nobody foresaw.
            absent = self._absent(operation, error)
            if absent is not None:
                return absent
            raise self._trouble(error, operation, place) from error

    async def pages(
        self,
        place: Place,
        operation: str,
        params: Mapping[str, Any],
        *,
        deadline: float = DEADLINE,
        cost: float = 1.0,
        limit: int = PAGES,
    ) -> AsyncIterator[dict[str, Any]]:
        """The pages of a listing, each a call with its own deadline, to the last one.

        Ends only when AWS says that there is no more. Raises :class:`AwsTrouble` ``bad_response`` when a
        token comes a second time, or after ``limit`` pages with still more to come.
        """
        row = table().get(operation)
        if row is None or row.paging is None:
            raise AwsTrouble(Kind.REFUSED, operation, place, "not a paged operation in aws/operations/")
        paging = row.paging
        request = {paging.size: paging.most, **params}
        seen: set[str] = set()
        for _ in range(limit):
            page = await self.call(place, operation, request, deadline=deadline, cost=cost)
            yield page
            following = str(page.get(paging.answer) or "")
            if paging.more and not page.get(paging.more):
                following = ""
            if not following:
                return
            if following in seen:
                raise AwsTrouble(Kind.BAD_RESPONSE, operation, place, "the same page token a second time")
            seen.add(following)
            request[paging.request] = following
        raise AwsTrouble(Kind.BAD_RESPONSE, operation, place, f"more than {limit} pages, and still a token")

    async def _client(self, service: str, place: Place) -> Any:
        key = (service, place)
        found = self._clients.get(key)
        if found is None:
            async with self._making:
                found = self._clients.get(key)
                if found is None:
                    from socconsole.aws.sessions import patient

                    session = self._session(place)
                    found = await self._stack.enter_async_context(
                        session.create_client(
                            service,
                            region_name=place.region,
                            endpoint_url=endpoint(self.world),
                            config=patient(service),
                        )
                    )
                    self._clients[key] = found
        return found

    def _session(self, place: Place) -> Any:
        """The session whose clients are signed with the account's credentials of this door's role."""
        session = self._sessions.get(place.account)
        if session is None:
            from socconsole.aws.credentials import AccountCredentials, Fixed

            credentials = AccountCredentials(
                place,
                lambda: self._base_session(place.account),
                self._assume(place.account),
                endpoint(self.world),
            )
            session = self._bare_session(place.account)
            session.register_component("credential_provider", Fixed(credentials))
            self._credentials[place.account] = credentials
            self._sessions[place.account] = session
        return session

    def _bare_session(self, account: str) -> Any:
        from socconsole.aws import sessions

        if self.world.drill is None:
            return sessions.live(profile_of(self._config, account), self._guard, self._gate)
        return sessions.drill(self._guard, self._gate)

    def _base_session(self, account: str) -> Any:
        """A session with the analyst's own credentials: the profile's, or the drill's."""
        session = self._bare_session(account)
        if self.world.drill is not None:
            session.set_credentials(DRILL_KEY, DRILL_SECRET)
        return session

    def _assume(self, account: str) -> Any:
        from socconsole.aws.credentials import Assume

        arn = self._role_arn(account, self.role)
        if not arn:
            return None
        narrowed = session_policy(self._grant, self.world.partition, account) if self._grant else ""
        seconds = RESPONDER_SECONDS if self.role == "responder" else 3600
        return Assume(arn, self._analyst, self._tags, seconds, narrowed)

    def _role_arn(self, account: str, role: Role) -> str:
        if self.world.drill is not None:
            return drill_role(account, role, self.world.partition)
        return role_of(self._config, account, role)

    def _absent(self, operation: str, error: Exception) -> Absent | None:
        row = table().get(operation)
        response = getattr(error, "response", None)
        if row is None or not isinstance(response, dict):
            return None
        code = str(response.get("Error", {}).get("Code", ""))
        asked = request_id(response)
        if code not in row.absent_codes or not asked:
            return None
        return Absent(code, asked)

    def _trouble(self, error: Exception, operation: str, place: Place) -> AwsTrouble:
        from socconsole.aws.classify import Origin, classify

        if self.world.drill is not None:
            origin = Origin("drill")
        else:
            profile = profile_of(self._config, place.account)
            origin = Origin(
                how(profile, self._profiles(place.account), os.environ),
                active_profile(profile),
                role_of(self._config, place.account, self.role),
            )
        trouble = classify(error, operation, place, origin, role=self.role)
        if trouble.kind in (Kind.EXPIRED, Kind.NO_CREDENTIALS) and place.account in self._credentials:
            self._credentials[place.account].forget()
        return trouble

    def _profiles(self, account: str) -> Mapping[str, Mapping[str, Any]]:
        try:
            profiles: Mapping[str, Mapping[str, Any]] = self._bare_session(account).full_config["profiles"]
        except Exception:
            # A config file that cannot be read is reported by the call itself; here it only words a remedy.
            return {}
        return profiles


async def _invoke(client: Any, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    from botocore import xform_name

    answer = await getattr(client, xform_name(name))(**params)
    if not isinstance(answer, dict):
        raise BadResponse("an answer that is no structure")
    return answer
