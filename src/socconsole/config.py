"""The configuration: one TOML file, strictly validated, with a published JSON schema.

Data only: nothing in it is run. An unknown key, a wrong type or a value out of range names file, key and
line. Without a file everything has a default, and the accounts are those of the state folder (``world.toml``).
"""

from __future__ import annotations

import os
import pwd
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from socconsole.model.action import Mode

PATH_VARIABLE: Final = "SOCCONSOLE_CONFIG"
WORLD_FILE: Final = "world.toml"
"""In a state folder: the accounts and datasets it watches, in place of the configuration's (a drill's, a profile's)."""

RULES_FOLDER: Final = "rules"
"""Beside the configuration: where the team's own rules are looked for."""

Account = Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$", description="12-digit AWS account id")]
Region = Annotated[str, msgspec.Meta(pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$", description="AWS region")]
RoleArn = Annotated[str, msgspec.Meta(pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", description="IAM role ARN")]
_PUBLIC_KEY: Final = r"^\s*(-----BEGIN PUBLIC KEY-----[\s\S]+-----END PUBLIC KEY-----|[0-9a-fA-F]{64})\s*$"
_TOPIC: Final = r"^arn:[a-z-]+:sns:([a-z0-9-]+|\$\{region\}):([0-9]{12}|\$\{account\}):.+$"
PublicKey = Annotated[
    str,
    msgspec.Meta(
        description="Ed25519 public key: PEM, or 64 hexadecimal digits",
        extra_json_schema={"pattern": _PUBLIC_KEY},  # for editors; _check says it in words
    ),
]
Service = Literal["securityhub", "guardduty", "trail", "egress", "alarms", "metrics"]
Clock = Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$")]


class AccountConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One AWS account and how it is reached."""

    account: Account
    regions: Annotated[tuple[Region, ...], msgspec.Meta(min_length=1)]
    name: str = ""
    """What the header calls it."""
    profile: str | None = None
    """AWS profile; AWS_PROFILE or the default chain when absent."""
    reader_role: RoleArn | None = None
    watch_role: RoleArn | None = None
    triage_role: RoleArn | None = None
    responder_role: RoleArn | None = None
    """Assumed for the seconds of a containment. Without it RESPOND needs ``allow_profile_to_respond``."""
    theme: str | None = None
    """So that production looks like production."""
    exclude: tuple[Service, ...] = ()
    """Services that are out of scope here; they are named as such."""


class DatasetConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a store holds, as the team declares it."""

    name: str
    stores: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Names, ids or ARNs, with ``*`` and ``?``."""
    categories: tuple[str, ...] = ()
    """What law or contract cares about: ``pii``, ``health``, ``payment`` …"""
    confidential: bool = False


class PeerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another install, whose analyst may be the second person for what nobody may do alone."""

    name: str
    """Who that is, as the record names them."""
    public_key: PublicKey
    """What ``socconsole ledger key`` prints there: PEM, or 64 hexadecimal digits."""


class RunbookConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A containment of the team's own: a Lambda function or an SSM automation document, under the same rails.

    In ``parameters`` and ``undo`` the words ``${target}``, ``${account}``, ``${region}``, ``${finding}`` and
    ``${analyst}`` are filled in. A document takes a list of strings for each of its parameters.
    """

    id: Annotated[str, msgspec.Meta(pattern="^team-[a-z0-9-]{1,40}$", description="begins with team-")]
    title: str
    document: str = ""
    """Name or ARN of an SSM automation document (``AWSSupport-ContainS3Resource``)."""
    function: str = ""
    """Name or ARN of a Lambda function; it is given the parameters as a JSON object, and waited for."""
    types: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """ASFF resource types that it takes (``AwsS3Bucket``)."""
    stops: str
    """What it stops, as the team declares it: the console cannot know."""
    does_not_stop: str = "not declared"
    parameters: Mapping[str, str] = {}
    undo: Mapping[str, str] = {}
    """Parameters that undo it; without them it cannot be undone from here."""
    wide: bool = False
    second_person: bool = True


class EgressConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Ways out: what belongs to an LLM, and whom a new alarm tells."""

    llm_tags: tuple[str, ...] = ("*llm*", "*ollama*", "*inference*", "*bedrock*", "*sagemaker*", "*triton*")
    """Names, tag values and ``key=value`` of what serves or feeds a model, with wildcards; case does not matter."""
    alarm_topic: Annotated[str, msgspec.Meta(pattern=_TOPIC, description="SNS topic ARN")] | None = None
    """SNS topic that alarms made from here tell; ``${region}`` and ``${account}`` are filled in."""


class PushConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The queue of this install: what deploy/push.json makes. No two installs may share one."""

    queue_url: Annotated[
        str,
        msgspec.Meta(pattern=r"^https?://[^/\s]+/[0-9]{12}/[A-Za-z0-9_-]{1,80}$", description="URL of an SQS queue"),
    ]
    account: Account
    """Whose queue it is; one of ``accounts``."""
    region: Region
    trail_buckets: tuple[
        Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="bucket name")], ...
    ] = ()
    """Buckets whose trails' log files are read when they are announced; no other object is."""

    def arn(self, partition: str) -> str:
        return f"arn:{partition}:sqs:{self.region}:{self.account}:{self.queue_url.rpartition('/')[2]}"


class Intervals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Seconds between two readings of a source; a source is STALE after three."""

    securityhub: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 30.0
    guardduty: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 60.0
    trail: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 30.0
    egress: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 600.0
    """Discovery of ways out."""
    alarms: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 30.0
    metrics: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 60.0
    """GetMetricData is paid for by the metric asked: two a way out, one of them every five minutes."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    analyst: str = ""
    """Who acts, in the ledger and as SourceIdentity; the login name when empty."""
    mode: Literal["READ", "TRIAGE"] = "TRIAGE"
    """The most this install may do before ``:respond``. RESPOND is never a default."""
    allow_profile_to_respond: bool = False
    accounts: tuple[AccountConfig, ...] = ()
    dataset: tuple[DatasetConfig, ...] = ()
    critical: tuple[str, ...] = ()
    """Resources (names, ids or ARNs, with wildcards) that weigh more in the score."""
    never_touch: tuple[str, ...] = ()
    """Resources that no containment may change, with wildcards."""
    protected_tags: Mapping[str, str] = {}
    """Tags whose bearer no containment may change; ``*`` as value means any."""
    peers: tuple[PeerConfig, ...] = ()
    """Enrolled installs: their ``approve`` counts here."""
    alone: bool = False
    """A team of one: what is wide, irreversible or re-exposing may be done without a second person."""
    runbook: tuple[RunbookConfig, ...] = ()
    """Containments of the team's own."""
    forensic_account: Account | None = None
    """Whom snapshots kept as evidence are shared with; with an entry in ``accounts`` it can copy them too."""
    evidence_lock_days: Annotated[int, msgspec.Meta(ge=1, le=36500)] = 30
    """How long ``ebs-snapshot-lock`` locks a snapshot."""
    rules: tuple[str, ...] = ()
    """Folders and files of the team's own Sigma rules; absent: ``rules`` beside this file, if there is one."""
    rules_off: tuple[str, ...] = ()
    """Ids of rules that are not run."""
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.3
    """Part of AWS's request quota this install may use: other installs exist."""
    egress: EgressConfig = msgspec.field(default_factory=EgressConfig)
    intervals: Intervals = msgspec.field(default_factory=Intervals)
    push: PushConfig | None = None
    """Where AWS tells by itself what happens; without it everything is polled."""
    linger_minutes: Annotated[float, msgspec.Meta(ge=0, le=1440)] = 15.0
    """How long a watch that a console started goes on after the last console."""
    remind_minutes: Annotated[float, msgspec.Meta(ge=1, le=1440)] = 15.0
    """When an unacknowledged critical or high threat is recorded as overdue."""
    quiet_hours: tuple[Clock, ...] = ()
    """UTC spans (``22:00-06:00``) in which the bell stays silent."""
    theme: str = "dark"
    clipboard: Literal["osc52", "tmux", "file", "off"] = "osc52"
    mouse: bool | None = None
    """Absent: off over ssh, on elsewhere."""
    keys: Mapping[str, str] = {}
    """Command id to key, to remap (``acknowledge = "A"``)."""

    @property
    def datasets(self) -> tuple[DatasetConfig, ...]:
        return self.dataset

    @property
    def limit(self) -> Mode:
        return Mode(self.mode)

    @property
    def who(self) -> str:
        """Who acts: as configured, else the login name; not from ``LOGNAME``, which may say anything."""
        if self.analyst:
            return self.analyst
        try:
            return pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:  # a container's made-up user
            return f"uid{os.geteuid()}"


class ConfigError(Exception):
    """What is wrong, with file, key and line (0 and empty where there is none)."""

    def __init__(self, path: Path, key: str, line: int, message: str) -> None:
        self.path, self.key, self.line, self.message = path, key, line, message
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: {key + ': ' if key else ''}{message}")


def default_path() -> Path:
    """``SOCCONSOLE_CONFIG``, else ``config.toml`` in the user's configuration folder."""
    named = os.environ.get(PATH_VARIABLE)
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_config_path("socconsole", appauthor=False) / "config.toml"


_OWN: Final = ("analyst", "dataset", "intervals", "share", "allow_profile_to_respond")
"""What a ``world.toml`` may set besides its accounts."""


def load(path: Path | None = None, *, root: Path | None = None) -> Config:
    """The configuration in force; the defaults where there is no file.

    ``root`` is a state folder: where it has a ``world.toml``, the accounts are that file's, so that a drill
    never sees those of production, and so is what else of ``_OWN`` it sets. Raises :class:`ConfigError`, also for
    a ``path`` that was named and is not there.
    """
    named = path is not None or PATH_VARIABLE in os.environ
    path = path or default_path()
    if path.exists():
        config = _read(path)
    elif named:
        raise ConfigError(path, "", 0, "there is no such file; `socconsole config init` prints one")
    else:
        config = Config()
    config = msgspec.structs.replace(config, rules=_rules(config, path.absolute().parent))
    if root is not None and (root / WORLD_FILE).exists():
        own = _read(root / WORLD_FILE)
        said = tomllib.loads((root / WORLD_FILE).read_text("utf-8"))
        # What it does not say is as the team configured it: a live world's file names accounts and nothing else.
        changes: dict[str, Any] = {name: getattr(own, name) for name in _OWN if name in said}
        changes["push"] = own.push  # a queue goes with its accounts: a drill must not empty production's
        config = msgspec.structs.replace(config, accounts=own.accounts, **changes)
    return config


def _rules(config: Config, beside: Path) -> tuple[str, ...]:
    """Where the team's rules are, whatever folder a process works in."""
    if config.rules:
        return tuple(str(beside / Path(each).expanduser()) for each in config.rules)
    return (str(beside / RULES_FOLDER),) if (beside / RULES_FOLDER).is_dir() else ()


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the file."""
    return msgspec.json.schema(Config)


def _read(path: Path) -> Config:
    try:
        _check_owner(path)
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, "", 0, f"cannot be read: {error}") from error
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise ConfigError(path, "", int(found[1]) if found else 0, str(error)) from error
    try:
        config = msgspec.convert(parsed, Config)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `")
        key = where.rstrip("`").removeprefix("$").removeprefix(".")
        unknown = re.search(r"unknown field `(.+?)`", message)
        if unknown:
            key = f"{key}.{unknown[1]}".lstrip(".")
        raise ConfigError(path, key, _line_of(text, key), message) from error
    _check(config, path, text)
    return config


def _check_owner(path: Path) -> None:
    """Whoever can write the configuration decides which roles are assumed: only its owner, or root, may."""
    if why := exposed(path):
        raise ConfigError(path, "", 0, why)


def exposed(path: Path) -> str:
    """Why others than this user and root could change a file or folder, in words; empty where they cannot.

    Raises ``OSError``.
    """
    real = path.resolve()
    for what in (real, real.parent):
        told = what.stat()
        shared = told.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if shared and not (what == real.parent and told.st_mode & stat.S_ISVTX):
            return f"others may write to {what}; run: chmod go-w {what}"
    owner = real.stat().st_uid
    return "" if owner in (os.geteuid(), 0) else f"it belongs to user {owner}, neither to you nor to root"


def _check(config: Config, path: Path, text: str) -> None:
    """What types cannot say."""
    seen: set[str] = set()
    for n, account in enumerate(config.accounts):
        if account.account in seen:
            key = f"accounts[{n}].account"
            raise ConfigError(path, key, _line_of(text, key), f"{account.account} stands twice")
        seen.add(account.account)
    for n, runbook in enumerate(config.runbook):
        key = f"runbook[{n}].id"
        if bool(runbook.document) == bool(runbook.function):
            raise ConfigError(path, key, _line_of(text, key), "a runbook is either a document or a function")
        if any(other.id == runbook.id for other in config.runbook[:n]):
            raise ConfigError(path, key, _line_of(text, key), f"{runbook.id} stands twice")
    for n, peer in enumerate(config.peers):
        if not re.search(_PUBLIC_KEY, peer.public_key):
            key = f"peers[{n}].public_key"
            said = "paste all that `socconsole ledger key` prints there, BEGIN and END lines too, between triple quotes"
            raise ConfigError(path, key, _line_of(text, key), f"no public key: {said}; or its 64 hexadecimal digits")
    if config.push is not None:
        _check_push(config.push, seen, path, text)
    from socconsole.commands import BY_ID

    for id_ in config.keys:
        if id_ not in BY_ID:
            raise ConfigError(path, f"keys.{id_}", _line_of(text, f"keys.{id_}"), "no command has this id")


def _check_push(push: PushConfig, accounts: set[str], path: Path, text: str) -> None:
    key = "push.account"
    if push.account not in accounts:
        raise ConfigError(path, key, _line_of(text, key), f"{push.account} is none of [[accounts]]")
    if push.queue_url.split("/")[-2] != push.account:
        raise ConfigError(path, key, _line_of(text, key), "the queue's URL names another account")


def _line_of(text: str, key: str) -> int:
    """The line a key is set on, counted from 1; of its table where the key is missing there; 0 if neither is.

    ``accounts[1].regions[0]`` is looked for below the second ``[[accounts]]``.
    """
    wanted = re.sub(r"\.?\[\.\.\.\]", "", key)
    best, best_size = 0, 0
    table, seen = "", dict[str, int]()
    for n, line in enumerate(text.splitlines(), start=1):
        if head := re.match(r"\s*\[\[\s*([\w.-]+)\s*\]\]", line):
            table = f"{head[1]}[{seen.setdefault(head[1], 0)}]"
            seen[head[1]] += 1
            path = table
        elif head := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            path = table = head[1]
        elif assigned := re.match(r"""\s*["']?([\w.-]+)["']?\s*=""", line):
            path = f"{table}.{assigned[1]}".lstrip(".")
        else:
            continue
        inside = wanted == path or wanted.startswith((f"{path}.", f"{path}["))
        if inside and len(path) > best_size:
            best, best_size = n, len(path)
    return best


EXAMPLE: Final = """\
# socconsole: the configuration. Every key is optional; `socconsole config check` says what is wrong.

# analyst = "oncall1"            # who acts, in the ledger and in CloudTrail; the login name when absent
# mode = "TRIAGE"                # or "READ": decisions stay here until `:send`
# theme = "dark"                 # dark, light, high-contrast, colour-safe, mono, or one of yours
# share = 0.3                    # part of AWS's request quota this install may use
# allow_profile_to_respond = false  # contain with the profile's own rights where there is no responder_role
# forensic_account = "777788889999"   # whom evidence (snapshots) is shared with, and copied to
# evidence_lock_days = 30        # how long a snapshot is locked against deletion
# alone = false                  # a team of one: no second person for what is wide, final or re-exposing
# critical = ["arn:aws:s3:::invoices*"]   # resources that weigh more in the score
# never_touch = ["arn:aws:s3:::kept-open-on-purpose"]
# protected_tags = { "socconsole" = "never" }
# quiet_hours = ["22:00-06:00"]  # UTC; the bell is silent then
# linger_minutes = 15            # how long the watch goes on after the last console
# rules = ["rules"]              # folders of your own Sigma rules; `rules` beside this file when absent
# rules_off = []                 # ids of rules not to run; `socconsole rules list` shows them
# remind_minutes = 15            # when an unacknowledged critical or high threat is recorded as overdue
# clipboard = "osc52"            # or "tmux", "file", "off"
# mouse = true                   # absent: off over ssh, on elsewhere

# [[accounts]]
# account = "111122223333"
# name = "prod-eu"
# profile = "prod-eu"
# regions = ["eu-central-1", "eu-west-1"]
# reader_role = "arn:aws:iam::111122223333:role/socconsole-reader"
# watch_role = "arn:aws:iam::111122223333:role/socconsole-watch"
# triage_role = "arn:aws:iam::111122223333:role/socconsole-triage"
# responder_role = "arn:aws:iam::111122223333:role/socconsole-responder"
# theme = "high-contrast"
# exclude = []                   # out of scope: "securityhub", "guardduty", "trail", "egress", "alarms", "metrics"

# [[peers]]                      # installs whose `socconsole approve` counts here
# name = "lead"
# # What `socconsole ledger key` prints there; or, in "", the key's 64 hexadecimal digits:
# public_key = \"\"\"
# -----BEGIN PUBLIC KEY-----
# MCowBQYDK2VwAyEAO2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=
# -----END PUBLIC KEY-----
# \"\"\"

# [[runbook]]                    # a containment of your own, under the same rails
# id = "team-contain-bucket"
# title = "Contain a bucket with AWS's runbook"
# document = "AWSSupport-ContainS3Resource"
# types = ["AwsS3Bucket"]
# stops = "every access to the bucket but by the roles named as secure"
# [runbook.parameters]
# Action = "Contain"
# ResourceArn = "arn:aws:s3:::${target}"
# DryRun = "false"
# SecureRoles = "arn:aws:iam::${account}:role/socconsole-responder"
# S3BucketName = "containment-backups"
# AutomationAssumeRole = "arn:aws:iam::${account}:role/containment"
# [runbook.undo]
# Action = "Restore"
# ResourceArn = "arn:aws:s3:::${target}"
# DryRun = "false"
# S3BucketName = "containment-backups"
# AutomationAssumeRole = "arn:aws:iam::${account}:role/containment"

# [[dataset]]
# name = "support transcripts"
# stores = ["support-transcripts-*"]
# categories = ["pii"]
# confidential = true

# [egress]
# llm_tags = ["*llm*", "app=recommendations"]   # names and tags of what serves or feeds a model
# alarm_topic = "arn:aws:sns:${region}:111122223333:soc"   # whom alarms made from here tell

# [push]                         # the queue that deploy/push.json makes: findings, alarms and calls as they happen
# queue_url = "https://sqs.eu-central-1.amazonaws.com/111122223333/socconsole-push"
# account = "111122223333"
# region = "eu-central-1"
# trail_buckets = ["kaufhaus-trail-archive"]

# [intervals]
# securityhub = 30
# guardduty = 60
# trail = 30
# egress = 600
# alarms = 30
# metrics = 60

# [keys]
# acknowledge = "A"
"""
