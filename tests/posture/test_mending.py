"""Every check with a fix, on an estate that fails it: which action the key takes, and whether anything is named for it.

That each of these actions can be planned because its check asks is in ``tests/response/test_harden.py``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from socconsole import posture
from socconsole.collectors.posture import snapshot
from socconsole.model.endpoint import Endpoint
from socconsole.model.posture import OWN, Result, Verdict
from socconsole.posture.catalogue import catalogue
from socconsole.posture.fixing import fix
from tests.posture.estate import CONFIG, HOME, PLACES, Replay, Reviewed

NOTHING = ""
"""Its evidence names nothing that the action takes: the analyst has to."""

TABLE = {
    "ALM-01": ("alarm-create", "kaufhaus-llm-corpus"),
    "ALM-02": ("alarm-create", NOTHING),
    "BR-01": ("bedrock-logging", "111122223333"),
    "BR-02": ("s3-encrypt", NOTHING),
    "BR-03": ("bedrock-require-guardrail", NOTHING),
    "BR-04": ("bedrock-agent-reject", ":agent-alias/"),
    "BR-05": ("iam-disable-service-credential", ":user/shop-integration"),
    "BR-08": ("bedrock-deny-invoke", NOTHING),
    "BR-09": ("bedrock-deny-invoke", NOTHING),
    "DET-01": ("guardduty-frequency", ":detector/"),
    "LOG-01": ("cloudtrail-logging", "ml-platform"),
    "LOG-02": ("s3-data-events", "kaufhaus-"),
    "LOG-03": ("s3-access-logging", "kaufhaus-old-trail"),
    "NET-01": ("ec2-flow-logs", "subnet-"),
    "NET-05": ("s3-require-tls-13", "kaufhaus-llm-corpus"),
    "S3-01": ("s3-block-public", "kaufhaus-prompt-scratch"),
    "S3-02": ("s3-deny-outsiders", "kaufhaus-prompt-scratch"),
    "S3-03": ("s3-encrypt", "kaufhaus-"),
    "S3-04": ("s3-access-logging", "kaufhaus-"),
    "S3-05": ("s3-require-tls", "kaufhaus-"),
    "SHS-02": ("ec2-isolate", "i-"),
    "SHS-03": ("ec2-sg-egress", "sg-"),
    "SHS-06": ("ebs-snapshot-private", "snap-"),
    "SM-01": ("sagemaker-isolate", ":endpoint/prompt-lab"),
    "SM-02": ("sagemaker-isolate", ":endpoint/prompt-lab"),
    "SM-05": ("sagemaker-stop-notebook", ":notebook-instance/playground"),
    "SM-07": ("iam-role-deny", ":role/ml-lab"),
    "SM-08": ("s3-block-public", "kaufhaus-prompt-scratch"),
}
"""Check → its action on the first failing subject that names something, and a part of what it would act on."""

NEXT = {
    "S3-01": ("s3-account-block-public", "444455556666"),
    "SHS-06": ("ebs-block-public-snapshots", "eu-west-1"),
}
"""Where the first part is mended, or passes: what comes then."""


async def _failing(reviewed: Reviewed) -> AsyncIterator[tuple[Result, Endpoint | None]]:
    """What fails in the estate, with the endpoint that it is about or made of."""
    checks = [one for one in posture.CHECKS if not one.id.startswith("ALM")]  # alarms are the store's to know
    for place in PLACES:
        estate = await snapshot(Replay(reviewed.answers), place, CONFIG, datetime.now(UTC))
        found = posture.evaluate(posture.Context(estate, CONFIG), checks)
        for result in found.results:
            if result.verdict is Verdict.FAIL:
                yield result, next((one for one in found.endpoints if result.subject in (one.arn, *one.parts)), None)
    for check, subject in (("ALM-01", "arn:aws:s3:::kaufhaus-llm-corpus"), ("ALM-02", "arn:aws:cloudwatch:::alarm:x")):
        yield Result(check, subject, HOME, Verdict.FAIL, (), OWN, datetime.now(UTC), ""), None


async def test_every_check_with_a_fix_says_what_it_would_act_on(reviewed: Reviewed) -> None:
    named: dict[str, dict[str, tuple[str, ...]]] = {}
    async for result, endpoint in _failing(reviewed):
        found = fix(catalogue()[result.check], result, endpoint)
        if found is not None:
            targets = named.setdefault(result.check, {})
            targets[found.action] = targets.get(found.action) or found.targets
    assert named.keys() == TABLE.keys() == {about.id for about in catalogue().values() if about.actions}
    for table in (TABLE, NEXT):
        for check, (action, part) in table.items():
            found_ = named[check][action]
            assert part in found_[0] if part else not found_, f"{check}: {found_}"
