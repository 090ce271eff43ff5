"""AWS Config where moto has no answer, or not AWS's: whether a recorder records, and whether its channel delivers.

Source: AWS Config API reference (``DescribeConfigurationRecorderStatus``, ``DescribeDeliveryChannelStatus``). A
channel delivers where its bucket is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from socconsole.drill.exposure import bucket_of
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()


def _backend(call: Call) -> Any:
    return get_backend("config")[call.account][call.region]


@routes.op("config", "DescribeConfigurationRecorderStatus")
def recorder_status(cloud: Cloud, call: Call) -> dict[str, Any]:
    backend = _backend(call)
    asked = call.params.get("ConfigurationRecorderNames")
    delivers = all(bucket_of(one.s3_bucket_name) is not None for one in backend.delivery_channels.values())
    found = [one for one in backend.recorders.values() if not asked or one.name in asked]
    return {
        "ConfigurationRecordersStatus": [
            {
                "name": one.name,
                "recording": one.status.recording,
                **({"lastStatus": "Success" if delivers else "Failure"} if one.status.recording else {}),
            }
            for one in found
        ]
    }


@routes.op("config", "DescribeDeliveryChannelStatus")
def channel_status(cloud: Cloud, call: Call) -> dict[str, Any]:
    asked = call.params.get("DeliveryChannelNames")
    found = [one for one in _backend(call).delivery_channels.values() if not asked or one.name in asked]
    return {
        "DeliveryChannelsStatus": [
            {
                "name": one.name,
                "configHistoryDeliveryInfo": {"lastStatus": "Success"}
                if bucket_of(one.s3_bucket_name) is not None
                else {"lastStatus": "Failure", "lastErrorCode": "NoSuchBucket"},
            }
            for one in found
        ]
    }
