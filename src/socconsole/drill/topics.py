"""SNS topics: how many subscriptions are confirmed, which moto counts as none whatever there is.

Source: SNS API reference, ``GetTopicAttributes``. Queues of the same account confirm by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()


@routes.before("sns", "GetTopicAttributes")
def count_subscriptions(cloud: Cloud, call: Call) -> None:
    backend: Any = get_backend("sns")[call.account][call.region]
    topic = backend.topics.get(str(call.params["TopicArn"]))
    if topic is not None:
        topic.subscriptions_confimed = sum(one.topic is topic for one in backend.subscriptions.values())
