"""Which rules fire on which of the collected records, checked by hand record by record. Skipped where they are not."""

from __future__ import annotations

import pytest

from socconsole import formats
from socconsole.model.trail import TrailEvent
from socconsole.rules.fields import Fields
from socconsole.rules.trial import try_out
from tests.formats.shared import lines, needs_data
from tests.rules.records import builtin

STOPPED = "CloudTrail stopped"
LESS = "CloudTrail records less"
SHARED = "Snapshot or image shared with another account"
UNLOCKED = "Models unlocked, then used by the same key"
PASSWORD = "Console password set for somebody else"

# file: line, counted from 1 → the rules; lines that are not here fire none.
EXPECTED: dict[str, dict[int, str]] = {
    "DataDog__stratus-red-team": {
        17: "Secrets fetched by the batch",
        18: "Secrets fetched by the batch",
        19: "Secrets fetched by the batch",
        30: STOPPED,  # DeleteTrail
        31: LESS,  # PutEventSelectors: reads only, no management events
        32: STOPPED,  # StopLogging
        33: "Flow logs or DNS query logs deleted",  # DeleteResolverQueryLogConfig
        34: "Account left the organization",  # refused: an attempt
        35: "Flow logs or DNS query logs deleted",  # DeleteFlowLogs
        53: SHARED,  # an image
        54: SHARED,  # copied by the account it was shared with
        55: SHARED,  # a snapshot
        56: SHARED,  # a database's
        59: UNLOCKED,
        62: UNLOCKED,
        63: UNLOCKED,  # InvokeModel
        64: UNLOCKED,
        65: "Sign-in without a second factor",
        73: "Role opened to another account",  # UpdateAssumeRolePolicy
        74: "Access key made for somebody else",
        75: "Administrator rights given",
        77: "Access key made for somebody else",
        78: "Administrator rights given",
        79: "Role opened to another account",  # CreateRole
        80: PASSWORD,
        83: "Key, secret, queue, topic, function or repository opened to outsiders",  # a function, for everybody
        86: "Sign-in provider or trust anchor made or changed",
        88: "Federation token made by a user",
        90: PASSWORD,
    },
    "Scoston__ai-assisted-ocsf-incident-timeline": {},
    "cloud-custodian__cloud-custodian": {},  # an estate being built: nothing in it is an attack
    "panther-labs__panther-analysis": {
        6: "Guardrail deleted or changed",
        7: "Guardrail deleted or changed",
        9: LESS,
        12: STOPPED,
        16: "AWS Config stopped",  # DeleteDeliveryChannel
        23: "Traffic mirrored",
        24: "Traffic mirrored",
        30: "Encryption key disabled or set to be deleted",  # refused: there is no such key
        55: "Sign-in provider or trust anchor made or changed",
        56: STOPPED,
        60: LESS,  # UpdateTrail: no longer of all Regions
    },
    "splunk__security_content": {
        4: PASSWORD,
        8: "Second factor taken away",
        11: "GuardDuty switched off",  # refused
        13: "Threat list taken from GuardDuty",  # refused
        14: "Log group or stream deleted",
        15: "Log group or stream deleted",
        19: STOPPED,
        20: "Second factor taken away",
        28: SHARED,
        29: "Bucket opened to everyone",  # its access list, for every account of AWS
        30: "Trail bucket left to expire",
        31: "Bucket replicated or copied out",
        34: "Key, secret, queue, topic, function or repository opened to outsiders",  # a key, to encrypt with
        36: STOPPED,
        38: PASSWORD,
        39: "Sign-in provider or trust anchor made or changed",
    },
}


@needs_data
@pytest.mark.parametrize("file", EXPECTED)
def test_the_rules_fire_on_what_a_reader_would_raise_an_alarm_for(file: str) -> None:
    read = [
        record
        for name, _, line in lines("cloudtrail")
        if name == f"{file}.jsonl"
        for record in formats.read_bytes(line)
    ]
    records = [record for record in read if isinstance(record, TrailEvent)]
    assert len(records) == len(read), "every record is read"
    trials, troubles = try_out(records, builtin(), Fields())
    assert troubles == {}
    fired: dict[int, list[str]] = {}
    for trial in trials:
        for place in trial.records:
            fired.setdefault(place + 1, []).append(trial.rule.title)
    assert fired == {line: [title] for line, title in EXPECTED[file].items()}
