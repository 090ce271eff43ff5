"""What hides findings upstream does so in the drill as well, or nobody could practise finding it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from socconsole.drill import Embedded
from tests.drill.test_guardduty import all_ids, detector, read
from tests.drill.test_securityhub import finding, imported, one
from tests.embedded import client

PROBED = "Recon:EC2/PortProbeUnprotectedPort"


def sampled(duty: Any, kind: str) -> dict[str, Any]:
    known = set(all_ids(duty))
    duty.create_sample_findings(DetectorId=detector(duty), FindingTypes=[kind])
    (made,) = read(duty, [ident for ident in all_ids(duty) if ident not in known])
    return made


def in_hub(aws: Embedded, arn: str) -> list[Any]:
    wanted = {"Id": [{"Value": arn, "Comparison": "EQUALS"}]}
    return list(client(aws, "securityhub").get_findings(Filters=wanted)["Findings"])


def test_a_filter_archives_what_comes_and_security_hub_never_hears_of_it(aws: Embedded) -> None:
    duty = client(aws, "guardduty")
    heard = sampled(duty, "Recon:EC2/Portscan")
    assert in_hub(aws, heard["Arn"])
    criteria = {"Criterion": {"type": {"Equals": [PROBED]}}}
    duty.create_filter(DetectorId=detector(duty), Name="quiet", Action="ARCHIVE", FindingCriteria=criteria)
    told = duty.get_filter(DetectorId=detector(duty), FilterName="quiet")
    assert (told["Action"], told["FindingCriteria"]) == ("ARCHIVE", criteria)
    hidden = sampled(duty, PROBED)
    assert hidden["Service"]["Archived"]
    assert not in_hub(aws, hidden["Arn"])


def test_an_automation_rule_changes_what_it_fits_as_it_comes_in(aws: Embedded) -> None:
    hub = client(aws, "securityhub")
    imported(hub, finding("before/1"))
    hub.create_automation_rule(
        RuleName="noise",
        RuleOrder=1,
        Description="too many",
        Criteria={"SeverityLabel": [{"Comparison": "EQUALS", "Value": "HIGH"}]},
        Actions=[
            {"Type": "FINDING_FIELDS_UPDATE", "FindingFieldsUpdate": {"Workflow": {"Status": "SUPPRESSED"}}},
        ],
    )
    imported(hub, finding("after/1"), finding("after/2", Severity={"Label": "LOW"}))
    states = [one(hub, ident)["Workflow"]["Status"] for ident in ("before/1", "after/1", "after/2")]
    assert states == ["NEW", "SUPPRESSED", "NEW"]


def test_macie_is_off_until_it_is_enabled(aws: Embedded) -> None:
    macie = client(aws, "macie2")
    with pytest.raises(ClientError, match="Macie is not enabled"):
        macie.get_macie_session()
    macie.enable_macie()
    assert macie.get_macie_session()["status"] == "ENABLED"
    assert macie.get_automated_discovery_configuration()["status"] == "DISABLED"
