"""The tables of the configuration: what may stand in the file, its types, its ranges and its defaults."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

import msgspec

from socconsole.config.escalation import ChannelConfig, EscalationConfig, HandoffConfig, HeartbeatConfig
from socconsole.model.mode import Mode

Account = Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$", description="12-digit AWS account id")]
Region = Annotated[str, msgspec.Meta(pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$", description="AWS region")]
RoleArn = Annotated[str, msgspec.Meta(pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", description="IAM role ARN")]
PUBLIC_KEY: Final = r"^\s*(-----BEGIN PUBLIC KEY-----[\s\S]+-----END PUBLIC KEY-----|[0-9a-fA-F]{64})\s*$"
_TOPIC: Final = r"^arn:[a-z-]+:sns:([a-z0-9-]+|\$\{region\}):([0-9]{12}|\$\{account\}):.+$"
PublicKey = Annotated[
    str,
    msgspec.Meta(
        description="Ed25519 public key: PEM, or 64 hexadecimal digits",
        extra_json_schema={"pattern": PUBLIC_KEY},  # for editors; ``loading`` says it in words
    ),
]
Zone = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", description="IANA time zone")]
Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$", description="ISO 3166-1 country code")]
Period = Annotated[
    str,
    msgspec.Meta(pattern=r"^$|^[0-9]+(m|h| days?| working days?| months?)$", description="24h, 15m, 3 working days"),
]
Service = Literal["securityhub", "guardduty", "trail", "egress", "alarms", "metrics", "posture"]
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
    entity: str = ""
    """The legal entity whose data it is, or that processes it: one of ``[[entity]]``."""
    role: Literal["controller", "processor"] = "controller"
    """What that entity is to this data."""
    controllers: tuple[str, ...] = ()
    """Of a processor: for whom, as ``[[entity.controllers]]`` names them; all of them when empty."""
    subjects: tuple[str, ...] = ()
    """Whose data: ``customers``, ``employees`` …"""
    people: tuple[int, int] | None = None
    """At least and at most how many people; absent: not known, which is not none."""
    countries: tuple[Country, ...] = ()
    """Where these people live."""


class ControllerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For whom an entity processes data."""

    name: str
    within: Period = ""
    """How soon the contract wants to be told; without undue delay when empty."""


class EntityConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A legal entity: clocks run for each by itself."""

    name: str
    country: Annotated[str, msgspec.Meta(pattern="^([A-Z]{2})?$", description="ISO 3166-1 country code")] = ""
    zone: Zone = "UTC"
    """Whose calendar counts."""
    authorities: Mapping[str, str] = {}
    """Regime → whom it has to tell (``gdpr-33 = "BlnBDI"``)."""
    contact: str = ""
    """Data protection officer or other contact, as a notification names it."""
    controllers: tuple[ControllerConfig, ...] = ()
    applies: Mapping[str, bool] = {}
    """Regime → whether it applies to this entity at all (``nis2-23 = false``); what is not said is asked in a case."""


class CasesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who decides in a case what has legal consequences."""

    decide: tuple[str, ...] = ()
    """Analysts who may say when an entity was aware, and whether to notify. What others say of it is kept as their
    suspicion; with ``alone`` everybody may."""
    playbooks: str = ""
    """Folder of the team's own playbooks, which win over ours; absent: ``playbooks`` beside this file."""


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


class PostureConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the posture checks hold the estate against."""

    regions: tuple[Region, ...] = ()
    """Where data may lie and be processed; the regions of ``accounts`` when empty."""
    trusted_accounts: tuple[Account, ...] = ()
    """Accounts of others that may be let in; those of ``accounts`` are no strangers anyway."""
    classification_tag: str = "DataClassification"
    classifications: tuple[str, ...] = ("public", "internal", "confidential", "restricted")
    """Values that the classification tag may have; case does not matter."""
    owner_tag: str = "owner"
    residency_tag: str = "residency"
    evidence_buckets: tuple[str, ...] = ()
    """Names of buckets that keep evidence, with wildcards: they need Object Lock."""
    break_glass_role: RoleArn | None = None
    """Whom somebody becomes when everything else is locked out."""
    checkout: tuple[str, ...] = ()
    """The checkout path: ARNs of listeners' load balancers, distributions and buckets; API domain names."""
    inference_ports: tuple[Annotated[int, msgspec.Meta(ge=1, le=65535)], ...] = (
        8000, 11434, 8080, 8001, 5000, 30000,
    )  # fmt: skip
    """vLLM, Ollama, TGI, Triton, others, SGLang."""
    drill_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 92
    """The longest time between two tabletop exercises."""
    unused_days: Annotated[int, msgspec.Meta(ge=1, le=400)] = 90
    """What nobody used for so long is to be looked at: roles, users, access keys."""
    review_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 183
    """The longest time between two reviews of a role or user."""


class ThirdPartyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody outside who may read data of ours or take a role: an entry of the register."""

    name: str
    who: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Account ids, ARNs, federations or services, as policies name them, with ``*`` and ``?``."""
    owner: str = ""
    """Who in the team answers for it."""
    purpose: str = ""
    contact: str = ""
    """Whom to call there when something leaked."""
    review: date | None = None
    """The day by which somebody has to look at it again; absent: nobody set one, which is overdue."""


class ProbeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An endpoint of the team's own whose error responses ``posture --report errors`` looks at."""

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/\s@]+(/\S*)?$", description="URL without credentials")]
    token_env: str = ""
    """Environment variable that holds the bearer token, if it wants one; the token stands nowhere else."""
    canaries: tuple[str, ...] = ()
    """Text that was planted in training data, and can come from nowhere else."""
    budget: Annotated[int, msgspec.Meta(ge=1, le=100)] = 12
    """Requests in one run."""
    per_second: Annotated[float, msgspec.Meta(gt=0, le=10)] = 1.0


class PositionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is paid for security beside the AWS bill: people, tools, an outside team."""

    name: str
    monthly: Annotated[float, msgspec.Meta(ge=0)]
    kind: Literal["detection", "prevention", "response", "other"]


class SpendConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How ``posture --report spend`` divides what is paid."""

    detection_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 60
    """Of what is counted, at least so much to detection and response."""
    months: Annotated[int, msgspec.Meta(ge=1, le=12)] = 3
    """Whole months that are read."""
    services: Mapping[str, Literal["detection", "prevention", "response", "other"]] = {}
    """Service, as Cost Explorer names it → what it is spent on, where you see it otherwise than the mapping."""
    positions: tuple[PositionConfig, ...] = ()
    unit: str = "USD"
    """Of ``positions``, and of the bill."""


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
    posture: Annotated[float, msgspec.Meta(ge=60, le=86400)] = 3600.0
    """A round reads the whole configuration of a place: some calls a resource."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    analyst: str = ""
    """Who acts, in the ledger and as SourceIdentity; the login name when empty."""
    mode: Literal["READ", "TRIAGE"] = "TRIAGE"
    """The most this install may do before ``:respond``. RESPOND is never a default."""
    allow_profile_to_respond: bool = False
    accounts: tuple[AccountConfig, ...] = ()
    dataset: tuple[DatasetConfig, ...] = ()
    entity: tuple[EntityConfig, ...] = ()
    """Legal entities that data belong to, or that process it."""
    cases: CasesConfig = msgspec.field(default_factory=CasesConfig)
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
    posture: PostureConfig = msgspec.field(default_factory=PostureConfig)
    spend: SpendConfig = msgspec.field(default_factory=SpendConfig)
    third_party: tuple[ThirdPartyConfig, ...] = ()
    """The register of those outside who may read data or take roles."""
    probe: tuple[ProbeConfig, ...] = ()
    """Endpoints of the team's own that may be probed; nothing is while this is empty."""
    intervals: Intervals = msgspec.field(default_factory=Intervals)
    push: PushConfig | None = None
    """Where AWS tells by itself what happens; without it everything is polled."""
    channel: tuple[ChannelConfig, ...] = ()
    """Ways to tell somebody."""
    escalation: tuple[EscalationConfig, ...] = ()
    """Paths: who is told of what, in which order."""
    heartbeat: HeartbeatConfig | None = None
    """Where the watch says that it lives."""
    handoff: HandoffConfig = msgspec.field(default_factory=HandoffConfig)
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


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the file."""
    return msgspec.json.schema(Config)
