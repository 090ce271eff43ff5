"""Scenarios are data: ``scenarios/NAME.toml`` holds an estate, its past and a timeline of moves."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from socconsole.config import DatasetConfig, EntityConfig

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud
    from socconsole.drill.engine import Engine


_NAME: Final = re.compile(r"\$\{([a-z][a-z0-9-]*)\}")


class BadScenario(ValueError):
    """A scenario file that cannot be played; the message names the place."""


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything in a scenario file: a misspelt key is an error."""


class Role(Block, frozen=True):
    account: str
    name: str
    service: str
    """The AWS service that may assume it."""
    policy: dict[str, Any]
    path: str = "/"
    tags: dict[str, str] = {}
    idle: int = 0
    """Days since it was last used; it was made the day before. 0: made today, and never used."""


class User(Block, frozen=True):
    account: str
    name: str
    policy: dict[str, Any]
    tags: dict[str, str] = {}
    idle: int = 0
    """Days since its access key was last used; both were made the day before. 0: made today, and never used."""


class Bucket(Block, frozen=True):
    account: str
    region: str
    name: str
    tags: dict[str, str] = {}
    policy: dict[str, Any] | None = None
    blocked: bool = True
    """All four settings of its public access block are on."""
    objects: tuple[str, ...] = ()


class Talker(Block, frozen=True):
    """What an instance exchanges with an address on every day, whatever the story does; see ``drill/traffic.py``."""

    account: str
    region: str
    instance: str
    to: str
    port: int = 443
    out: int = 0
    back: int = 0
    """Bytes in a minute in which it talks, the day's mean."""
    busy: float = 1.0
    """Share of minutes in which it talks."""
    connections: int = 1
    """Open at a time."""
    service: str = ""
    """AWS service behind the address, as a flow log names it: ``S3``, ``DYNAMODB``, ``AMAZON``."""
    knocks: bool = False
    """The other side begins it, to this port of the instance."""


class Reads(Block, frozen=True):
    """What is read from a bucket on every day: bytes and requests a minute, the day's mean."""

    bucket: str
    bytes: int
    gets: float
    holds: int = 0
    """Bytes in it, as its storage metric tells; the objects here stand for them."""


class Invokes(Block, frozen=True):
    """Calls of a foundation model: every day's, or from step ``since`` while the conditions of ``when`` hold."""

    id: str
    account: str
    region: str
    model: str
    per_minute: float
    """Of the date every day; of the story where ``since`` names a step."""
    input_tokens: int
    output_tokens: int
    """Of one call."""
    since: str = ""
    when: tuple[str, ...] = ()


class Cast(Block, frozen=True):
    """Someone who acts in the timeline with credentials of the estate, from outside.

    ``session_of`` is a role whose session was stolen, ``key_of`` a user whose long-term key was.
    """

    account: str
    address: str
    session_of: str = ""
    session: str = ""
    key_of: str = ""


class Deed(Block, frozen=True):
    """One AWS call. ``by`` is a cast name, or empty for the estate's builder in ``account``."""

    op: str
    region: str
    params: dict[str, Any] = {}
    by: str = ""
    account: str = ""
    save: dict[str, str] = {}
    """Variable name → dotted path into the answer, for later deeds and findings."""


class Stream(Block, frozen=True):
    """A connection that an instance of the estate opens to an address outside."""

    account: str
    region: str
    instance: str
    to: str
    port: int = 443
    bytes_per_second: int = 65536


class Step(Block, frozen=True):
    """Something that happens at ``at`` seconds of scenario time, again every ``every`` until ``until``.

    It happens only if each condition of ``when`` holds then: ``public BUCKET``, ``readable BUCKET ACCOUNT``,
    ``can CAST ACTION RESOURCE``, ``done STEP``.
    """

    id: str
    at: float
    every: float = 0.0
    until: float = 0.0
    when: tuple[str, ...] = ()
    do: tuple[Deed, ...] = ()
    streams: tuple[Stream, ...] = ()
    """Begun after the deeds; nothing comes of the step where the network does not let one begin."""
    findings: tuple[str, ...] = ()
    grow: int = 1
    """Events that each repetition adds to the count of its findings."""


class Path(Block, frozen=True):
    """A way by which data leaves while the conditions hold."""

    id: str
    bucket: str
    since: str
    """Step that starts the reading."""
    when: tuple[str, ...]
    bytes_per_second: int
    object_bytes: int = 179_200
    """Of one read: what its requests are counted by."""
    by: str = ""
    """Cast name of the reader, for as long as its credentials may read; else who signs nothing, or ``account``."""
    account: str = ""
    address: str = ""


class Delivery(Block, frozen=True):
    """How late the trails' objects come, in story seconds; see ``drill/delivery.py``."""

    every: float = 300.0
    lag: float = 120.0


class Denied(Block, frozen=True):
    """Calls that are refused to everybody but the estate's builder, as by an SCP; each field is a glob."""

    service: str = "*"
    op: str = "*"
    account: str = "*"
    region: str = "*"


class Company(Block, frozen=True):
    """What the shop says of itself and its data: goes into the configuration of the drill's state folder."""

    decide: tuple[str, ...] = ()
    entity: tuple[EntityConfig, ...] = ()
    dataset: tuple[DatasetConfig, ...] = ()


class Scenario(Block, frozen=True):
    name: str
    title: str
    summary: str
    speed: float
    accounts: dict[str, str]
    """Name → account id, the analyst's own first."""
    regions: tuple[str, ...]
    aggregator: dict[str, str] = {}
    """Account name → home region of its Security Hub aggregator."""
    vars: dict[str, str] = {}
    role: tuple[Role, ...] = ()
    user: tuple[User, ...] = ()
    bucket: tuple[Bucket, ...] = ()
    cast: dict[str, Cast] = {}
    estate: tuple[Deed, ...] = ()
    finding: dict[str, dict[str, Any]] = {}
    past: tuple[dict[str, Any], ...] = ()
    control: tuple[dict[str, Any], ...] = ()
    package: tuple[dict[str, Any], ...] = ()
    step: tuple[Step, ...] = ()
    path: tuple[Path, ...] = ()
    delivery: Delivery = Delivery()
    talker: tuple[Talker, ...] = ()
    reads: tuple[Reads, ...] = ()
    invokes: tuple[Invokes, ...] = ()
    denied: tuple[Denied, ...] = ()
    company: Company = Company()


def names() -> list[str]:
    """The packaged scenarios. ``NAME.past.toml`` is not one, but a part of ``NAME``."""
    found = [one.name.removesuffix(".toml") for one in _folder().iterdir() if one.name.endswith(".toml")]
    return sorted(name for name in found if "." not in name)


def _folder() -> Traversable:
    return resources.files("socconsole.drill") / "scenarios"


def load(name: str) -> Scenario:
    """A packaged scenario. Raises :class:`BadScenario` when there is none or it does not hold together."""
    if name not in names():
        raise BadScenario(f"there is no scenario {name!r}; there are: {', '.join(names())}")
    parts = sorted(
        one.name for one in _folder().iterdir() if one.name.startswith(f"{name}.") and one.name.count(".") > 1
    )
    return read(name, *((_folder() / file).read_text("utf-8") for file in (f"{name}.toml", *parts)))


def read(name: str, *texts: str) -> Scenario:
    """A scenario from TOML texts; ``${name}`` is an account's id or one of ``[vars]``.

    Lists and tables that stand in several texts are joined, in their order; anything else stands in one.
    """
    document: dict[str, Any] = {}
    try:
        for text in texts:
            for key, value in tomllib.loads(text).items():
                known = document.get(key)
                if isinstance(known, list) and isinstance(value, list):
                    known.extend(value)
                elif isinstance(known, dict) and isinstance(value, dict):
                    known.update(value)
                else:
                    document[key] = value
        known = {**document.get("vars", {}), **document.get("accounts", {})}
        return msgspec.convert({**filled(document, known), "name": name}, Scenario)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadScenario(f"{name}: {error}") from error


def filled(value: Any, known: dict[str, str]) -> Any:
    """``${name}`` replaced in every string; names not known yet stay, for variables that deeds save."""
    if isinstance(value, str):
        return _NAME.sub(lambda found: known.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [filled(item, known) for item in value]
    if isinstance(value, dict):
        return {filled(key, known): filled(item, known) for key, item in value.items()}
    return value


def build(cloud: Cloud, scenario: Scenario) -> Engine:
    """Make the estate and its past in an empty AWS, and the engine that plays the timeline."""
    from socconsole.drill import estate
    from socconsole.drill.engine import Engine

    variables = estate.build(cloud, scenario)
    talkers = msgspec.convert(filled(list(msgspec.to_builtins(scenario.talker)), variables), tuple[Talker, ...])
    cloud.traffic.begin(talkers, scenario.reads)
    engine = Engine(cloud, scenario, variables)
    cloud.alarms.settle()
    cloud.scores = engine.scores
    return engine
