"""SNS topics and SQS queues as AWS's own services reach them: only where the policy lets that service in.

moto asks no policy here and delivers within one account and Region only. Sources: SQS Developer Guide, "Amazon SQS
policies"; SNS Developer Guide, "Fanout to Amazon SQS queues". EventBridge gives no context to a topic's policy
(EventBridge User Guide, "Troubleshooting"): a statement with a Condition never lets it publish.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from moto.backends import get_backend
from moto.sqs.models import Message

from socconsole.drill.clock import stamp
from socconsole.drill.policy import Decision, as_list, evaluate

EVENTS: Final = "events.amazonaws.com"
SNS: Final = "sns.amazonaws.com"
S3: Final = "s3.amazonaws.com"
CLOUDTRAIL: Final = "cloudtrail.amazonaws.com"
CLOUDWATCH: Final = "cloudwatch.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Sender:
    """A service that acts for a resource (``aws:SourceArn``) of an account."""

    service: str
    arn: str
    account: str


def to_queue(arn: str, body: str, sender: Sender) -> bool:
    """Put a message into a queue; False where there is none, or its policy does not let the sender."""
    _, _, _, region, account, name = arn.split(":", 5)
    queue: Any = get_backend("sqs")[account][region].queues.get(name)
    if queue is None or not _lets(queue.policy, "sqs:SendMessage", arn, sender):
        return False
    # moto's own sending counts all that is in the queue, for each message.
    message = Message(str(uuid.uuid4()), body)
    message.mark_sent(delay_seconds=queue.delay_seconds)
    queue.add_message(message)
    return True


def to_topic(arn: str, message: str, sender: Sender, at: datetime, subject: str = "") -> bool:
    """Publish to a topic, which hands it to its queues; False as :func:`to_queue`."""
    _, _, _, region, account, _ = arn.split(":", 5)
    backend = get_backend("sns")[account][region]
    topic = backend.topics.get(arn)
    if topic is None or not _lets(topic.policy, "sns:Publish", arn, sender):
        return False
    onward = Sender(SNS, arn, account)
    for one in list(backend.subscriptions.values()):
        if one.topic.arn != arn or one.protocol != "sqs":
            continue
        raw = str(one.attributes.get("RawMessageDelivery", "")).lower() == "true"
        to_queue(one.endpoint, message if raw else _envelope(arn, message, at, subject), onward)
    return True


def _envelope(topic: str, message: str, at: datetime, subject: str) -> str:
    """What a queue receives of a topic (SNS Developer Guide, "Parsing message formats"); nobody signs it here."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": str(uuid.uuid4()),
            "TopicArn": topic,
            **({"Subject": subject} if subject else {}),
            "Message": message,
            "Timestamp": stamp(at),
            "SignatureVersion": "1",
            "Signature": "",
        },
        indent=2,
    )


def admitted(policy: Any, action: str, resource: str, account: str) -> bool:
    """Whether a resource's policy lets another account as a whole."""
    document = json.loads(policy) if policy else {}
    named = {account, f"arn:aws:iam::{account}:root"}
    about = [one for one in as_list(document.get("Statement")) if named & _accounts(one.get("Principal"))]
    return evaluate([("resource", {"Statement": about})], action, resource, {}).decision is Decision.ALLOWED


def _accounts(principal: Any) -> set[str]:
    return set(as_list(principal.get("AWS"))) if isinstance(principal, Mapping) else set()


def _lets(policy: Any, action: str, resource: str, sender: Sender) -> bool:
    document = json.loads(policy) if isinstance(policy, str) and policy else policy
    if not isinstance(document, Mapping):
        return False
    about = [one for one in as_list(document.get("Statement")) if _names(one.get("Principal"), sender.service)]
    context = {"aws:sourcearn": (sender.arn,), "aws:sourceaccount": (sender.account,), "aws:securetransport": ("true",)}
    if sender.service == EVENTS and action == "sns:Publish":
        context = {}
    elif sender.service == CLOUDWATCH:  # an alarm comes in its owner's name, whom a topic's first policy lets in
        context["aws:sourceowner"] = (sender.account,)
    return evaluate([("resource", {"Statement": about})], action, resource, context).decision is Decision.ALLOWED


def _names(principal: Any, service: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    return service in as_list(principal.get("Service")) or "*" in as_list(principal.get("AWS"))
