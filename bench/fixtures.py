"""Stores to measure on: made once by the console's own intake, kept in a cache folder, copied for every run.

Findings are GuardDuty's and Security Hub's records as AWS sends them, read by ``formats`` and stored by
``store.findings.commit``. The first :data:`TOP` are critical, of one type and strictly older one after the other, so
that row *i* of Triage is the finding with serial *i*: a bench can tell from the screen which row the cursor is on.

A million findings (``--big``) are the hundred thousand, copied ten times inside SQLite: same schema, same triggers,
same indexes, other ids; only the readers and the merge are spared. The copies' bodies are the originals' frames.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from socconsole import formats
from socconsole.formats import Record
from socconsole.model.world import World, WorldKind
from socconsole.store import db, findings
from socconsole.store.state import StateFolder

TOP: Final = 400
"""How many findings at the top of Triage stand in the order of their serials."""

SMALL, MIDDLE, BIG = 10_000, 100_000, 1_000_000

MAKER: Final = 3
"""Counted up when what is made here changes, so that an older cache is not used."""

_BATCH: Final = 500
_TOP_AGE: Final = timedelta(hours=2)
_REGIONS: Final = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2")
_ACCOUNTS: Final = ("111122223333", "444455556666", "777788889999")
_TYPES: Final = (
    ("UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS", "Credentials used outside AWS"),
    ("Discovery:S3/AnomalousBehavior", "Buckets listed as never before"),
    ("Recon:EC2/PortProbeUnprotectedPort", "An unprotected port is being probed"),
    ("CryptoCurrency:EC2/BitcoinTool.B!DNS", "A host asks for a domain of a mining pool"),
    ("Persistence:IAMUser/AnomalousBehavior", "An access key was made in an unusual way"),
    ("Impact:EC2/AbusedDomainRequest.Reputation", "A host asks for a domain that is often abused"),
    ("PrivilegeEscalation:IAMUser/AnomalousBehavior", "A policy was attached in an unusual way"),
)
_CONTROLS: Final = (
    ("S3.8", "S3 general purpose buckets should block public access"),
    ("EC2.19", "Security groups should not allow unrestricted access to ports with high risk"),
    ("IAM.3", "IAM users' access keys should be rotated every 90 days or less"),
    ("RDS.3", "RDS DB instances should have encryption at-rest enabled"),
)


def record(serial: int, now: datetime, version: int = 0) -> dict[str, Any]:
    """One record as AWS sends it. ``version`` above 0 is a later state of the same one: count, time and title move."""
    rng = random.Random(serial)
    if serial < TOP:
        return _guardduty(serial, now - _TOP_AGE - timedelta(seconds=serial), version, rng, top=True)
    happened = now - timedelta(hours=3, seconds=rng.randrange(20 * 86_400))
    kind = rng.random()
    if kind < 0.7:
        return _guardduty(serial, happened, version, rng, top=False)
    return _control(serial, happened, version, rng) if kind < 0.9 else _vulnerability(serial, happened, version, rng)


def records(serials: Iterator[int] | range, now: datetime, version: int = 0) -> Iterator[Record]:
    """The records of some serials, read as the intake reads them."""
    for serial in serials:
        yield from formats.read_object(record(serial, now, version), 1)


def store(count: int, cache: Path) -> Path:
    """A state folder of an import world with ``count`` findings; made when the cache does not hold it yet."""
    home = cache / f"findings-{count}-{MAKER}"
    if home.exists():
        return home
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    making = Path(tempfile.mkdtemp(prefix="making-", dir=cache))
    try:
        root = making / "state"
        folder = StateFolder.create(root, World(WorldKind.IMPORT))
        db.prepare(folder)
        if count > MIDDLE:
            _multiply(store(MIDDLE, cache), root, count)
        else:
            _fill(folder, count)
        with db.writing(folder) as conn:
            conn.execute("ANALYZE")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.replace(root, home)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return home


def base(conn: sqlite3.Connection) -> datetime:
    """The ``now`` that a store's records were made with: with another one the same serial is another time."""
    at: int = conn.execute("SELECT at FROM queue WHERE title LIKE '0000000 %'").fetchone()[0]
    return datetime.fromtimestamp(at // 1_000_000, UTC) + _TOP_AGE


def copy(home: Path, into: Path) -> Path:
    """A copy to run on; the journals of SQLite and what a console left behind stay where they are."""
    shutil.copytree(home, into, ignore=shutil.ignore_patterns("*-wal", "*-shm", "session.json", "*.log"))
    return into


def _fill(folder: StateFolder, count: int) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with db.writing(folder) as conn:
        for start in range(0, count, _BATCH):
            wanted = range(start, min(count, start + _BATCH))
            counts = findings.commit(conn, records(wanted, now), answer=None, origin="bench", now=now)
            if counts.new != len(wanted):
                raise RuntimeError(f"of {len(wanted)} records only {counts.new} became findings: {counts}")


def _multiply(source: Path, root: Path, count: int) -> None:
    """Copy every finding but the first :data:`TOP` until there are ``count``."""
    shutil.copyfile(source / db.NAME, root / db.NAME)
    with db.writing(root) as conn:
        conn.create_function("other_id", 2, _other_id, deterministic=True)
        columns = [name for _, name, *_ in conn.execute("PRAGMA table_info(finding)")]
        have: int = conn.execute("SELECT count(*) FROM finding").fetchone()[0]
        step = have
        for number in range(1, count // have + 1):
            take = min(have - TOP, count - _count(conn))
            if take <= 0:
                break
            shift = number * step
            changed = {"n": f"n + {shift}", "id": f"other_id(id, {number})", "text_row": f"text_row + {shift}"}
            wanted = ", ".join(changed.get(name, name) for name in columns)
            picked = f"n > {TOP} AND n <= {TOP + take}"
            with db.transaction(conn):
                conn.execute(f"INSERT INTO finding ({', '.join(columns)}) SELECT {wanted} FROM finding WHERE {picked}")
                conn.execute(
                    "INSERT INTO finding_fts (rowid, title, description, resources, types, actors, account) "
                    f"SELECT text_row + {shift}, title, '', resources, types, actors, account || char(10) || region "
                    f"FROM finding WHERE {picked}"
                )
                conn.execute(
                    "INSERT INTO observation (n, finding, ident, digest, origin, format, updated, seen, live, head) "
                    f"SELECT n + {shift}, finding + {shift}, other_id(ident, {number}), digest, origin, format, "
                    f"updated, seen, live, head FROM observation WHERE finding IN "
                    f"(SELECT n FROM finding WHERE {picked})"
                )
                conn.execute(
                    "INSERT INTO body (observation, dictionary, doc, data) SELECT observation + "
                    f"{shift}, dictionary, doc, data FROM body WHERE observation IN "
                    f"(SELECT n FROM observation WHERE finding > {TOP} AND finding <= {TOP + take})"
                )
                conn.execute(
                    f"INSERT INTO alias (key, finding) SELECT other_id(key, {number}), finding + {shift} "
                    f"FROM alias WHERE finding > {TOP} AND finding <= {TOP + take}"
                )
        made = _count(conn)
        if made < count * 0.95:
            raise RuntimeError(f"{count} findings were wanted, {made} were made")


def _count(conn: sqlite3.Connection) -> int:
    found: int = conn.execute("SELECT coalesce(sum(n), 0) FROM tally").fetchone()[0]
    return found


def _other_id(value: str | bytes, number: int) -> str | bytes:
    """Another id of the same form and length."""
    if isinstance(value, bytes):
        return hashlib.sha256(value + bytes([number])).digest()[: len(value)]
    return "f-" + hashlib.sha256(f"{value}/{number}".encode()).hexdigest()[: len(value) - 2]


# --- records -------------------------------------------------------------------------------------------


def _z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def _hex(rng: random.Random, digits: int) -> str:
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def _title(serial: int, words: str, version: int) -> str:
    return f"{serial:07} {words}" + (f", {version + 1} times" if version else "")


def _guardduty(serial: int, at: datetime, version: int, rng: random.Random, *, top: bool) -> dict[str, Any]:
    region, account = rng.choice(_REGIONS), rng.choice(_ACCOUNTS)
    name, words = ("Exfiltration:S3/AnomalousBehavior", "Objects read in bulk") if top else rng.choice(_TYPES)
    severity = 9.0 if top else rng.choice((2.0, 2.0, 2.0, 5.0, 5.0, 8.0))
    detector, id_ = _hex(rng, 32), _hex(rng, 32)
    bucket = f"data-{_hex(rng, 8)}"
    updated = at + timedelta(minutes=5, seconds=version)
    resource: dict[str, Any] = {
        "ResourceType": "S3Bucket" if "S3" in name else "AccessKey" if "IAM" in name else "Instance",
        "AccessKeyDetails": {
            "AccessKeyId": f"ASIA{_hex(rng, 16).upper()}",
            "PrincipalId": f"AROA{_hex(rng, 16).upper()}:session-{rng.randrange(10_000)}",
            "UserName": f"service-{rng.randrange(400)}",
            "UserType": "AssumedRole",
        },
    }
    if "S3" in name:
        resource["S3BucketDetails"] = [
            {
                "Arn": f"arn:aws:s3:::{bucket}",
                "Name": bucket,
                "Type": "Destination",
                "CreatedAt": 1_650_000_000 + rng.randrange(10**7),
                "Owner": {"Id": _hex(rng, 64)},
                "Tags": [{"Key": "team", "Value": f"team-{rng.randrange(40)}"}, {"Key": "env", "Value": "prod"}],
                "DefaultServerSideEncryption": {"EncryptionType": "AES256"},
                "PublicAccess": {"EffectivePermission": rng.choice(("PUBLIC", "NOT_PUBLIC"))},
            }
        ]
    elif "EC2" in name:
        resource["InstanceDetails"] = {
            "InstanceId": f"i-{_hex(rng, 17)}",
            "InstanceType": rng.choice(("m6i.large", "g5.2xlarge", "t3.medium")),
            "AvailabilityZone": f"{region}a",
            "ImageId": f"ami-{_hex(rng, 17)}",
            "NetworkInterfaces": [
                {
                    "NetworkInterfaceId": f"eni-{_hex(rng, 17)}",
                    "PrivateIpAddress": f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}",
                    "SubnetId": f"subnet-{_hex(rng, 17)}",
                    "VpcId": f"vpc-{_hex(rng, 17)}",
                    "SecurityGroups": [{"GroupId": f"sg-{_hex(rng, 17)}", "GroupName": f"group-{rng.randrange(99)}"}],
                }
            ],
            "Tags": [{"Key": "Name", "Value": f"host-{rng.randrange(2_000)}"}],
        }
    address = f"203.0.113.{rng.randrange(256)}"
    return {
        "SchemaVersion": "2.0",
        "AccountId": account,
        "Region": region,
        "Partition": "aws",
        "Id": id_,
        "Arn": f"arn:aws:guardduty:{region}:{account}:detector/{detector}/finding/{id_}",
        "Type": name,
        "Title": _title(serial, words, version),
        "Description": f"{words}: service-{rng.randrange(400)} did from {address} what it never did in 90 days before; "
        f"{rng.randrange(9_000)} calls in {rng.randrange(2, 50)} minutes over {rng.randrange(2, 900)} resources.",
        "Severity": severity,
        "CreatedAt": _z(at + timedelta(minutes=4)),
        "UpdatedAt": _z(updated),
        "Resource": resource,
        "Service": {
            "ServiceName": "guardduty",
            "DetectorId": detector,
            "ResourceRole": "TARGET",
            "Archived": False,
            "Count": 1 + version,
            "EventFirstSeen": _z(at),
            "EventLastSeen": _z(at),
            "Action": {
                "ActionType": "AWS_API_CALL",
                "AwsApiCallAction": {
                    "Api": rng.choice(("GetObject", "ListBuckets", "CreateAccessKey", "AttachRolePolicy")),
                    "ServiceName": rng.choice(("s3.amazonaws.com", "iam.amazonaws.com")),
                    "CallerType": "Remote IP",
                    "RemoteIpDetails": {
                        "IpAddressV4": address,
                        "Country": {"CountryName": rng.choice(("Elbonia", "Ruritania", "Freedonia"))},
                        "City": {"CityName": f"City {rng.randrange(300)}"},
                        "GeoLocation": {"Lat": rng.randrange(-90, 90), "Lon": rng.randrange(-180, 180)},
                        "Organization": {
                            "Asn": str(64_496 + rng.randrange(15)),
                            "AsnOrg": f"Transit {rng.randrange(99)}",
                            "Isp": f"Carrier {rng.randrange(99)}",
                            "Org": f"Carrier {rng.randrange(99)}",
                        },
                    },
                    "AffectedResources": {"AWS::S3::Bucket": bucket},
                },
            },
            "AdditionalInfo": {
                "Type": "default",
                "Value": json.dumps({"unusual": {"hoursOfDay": [rng.randrange(24)], "asns": [rng.randrange(9**5)]}}),
            },
        },
    }


def _hub(serial: int, at: datetime, version: int, account: str, region: str, product: str, id_: str) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": id_,
        "ProductArn": f"arn:aws:securityhub:{region}::product/aws/{product}",
        "CompanyName": "AWS",
        "Region": region,
        "AwsAccountId": account,
        "FirstObservedAt": _z(at),
        "LastObservedAt": _z(at),
        "CreatedAt": _z(at + timedelta(minutes=1)),
        "UpdatedAt": _z(at + timedelta(minutes=2, seconds=version)),
        "Workflow": {"Status": "NEW"},
        "WorkflowState": "NEW",
        "RecordState": "ACTIVE",
    }


def _control(serial: int, at: datetime, version: int, rng: random.Random) -> dict[str, Any]:
    region, account = rng.choice(_REGIONS), rng.choice(_ACCOUNTS)
    control, words = rng.choice(_CONTROLS)
    id_ = f"arn:aws:securityhub:{region}:{account}:security-control/{control}/finding/{_hex(rng, 32)}"
    label = rng.choice(("LOW", "MEDIUM", "HIGH"))
    bucket = f"arn:aws:s3:::data-{_hex(rng, 8)}"
    return {
        **_hub(serial, at, version, account, region, "securityhub", id_),
        "ProductName": "Security Hub",
        "GeneratorId": f"security-control/{control}",
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        "Severity": {"Label": label, "Normalized": {"LOW": 1, "MEDIUM": 40, "HIGH": 70}[label], "Original": label},
        "Title": _title(serial, words, version),
        "Description": f"This control checks whether {words.lower()}.",
        "Remediation": {"Recommendation": {"Text": "See the documentation.", "Url": "https://docs.aws.amazon.com/"}},
        "ProductFields": {"Resources:0/Id": bucket, "aws/securityhub/ProductName": "Security Hub"},
        "Resources": [{"Type": "AwsS3Bucket", "Id": bucket, "Partition": "aws", "Region": region}],
        "Compliance": {
            "Status": "FAILED",
            "SecurityControlId": control,
            "AssociatedStandards": [{"StandardsId": "standards/aws-foundational-security-best-practices/v/1.0.0"}],
        },
    }


def _vulnerability(serial: int, at: datetime, version: int, rng: random.Random) -> dict[str, Any]:
    region, account = rng.choice(_REGIONS), rng.choice(_ACCOUNTS)
    cve = f"CVE-20{rng.randrange(18, 27)}-{rng.randrange(1_000, 60_000)}"
    label = rng.choice(("LOW", "MEDIUM", "HIGH", "CRITICAL"))
    instance = f"arn:aws:ec2:{region}:{account}:instance/i-{_hex(rng, 17)}"
    id_ = f"arn:aws:inspector2:{region}:{account}:finding/{_hex(rng, 32)}"
    package = f"package-{rng.randrange(900)}"
    return {
        **_hub(serial, at, version, account, region, "inspector", id_),
        "ProductName": "Inspector",
        "GeneratorId": "AWSInspector",
        "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
        "Severity": {"Label": label, "Normalized": {"LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}[label]},
        "Title": _title(serial, f"{cve} - {package}", version),
        "Description": f"{package} has a flaw that lets a remote party read memory it should not ({_hex(rng, 24)}).",
        "Resources": [{"Type": "AwsEc2Instance", "Id": instance, "Partition": "aws", "Region": region}],
        "Vulnerabilities": [
            {
                "Id": cve,
                "VulnerablePackages": [{"Name": package, "Version": f"{rng.randrange(9)}.{rng.randrange(40)}"}],
                "Cvss": [{"BaseScore": rng.randrange(100) / 10, "Version": "3.1"}],
            }
        ],
    }
