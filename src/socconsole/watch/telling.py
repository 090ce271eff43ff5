"""One message to one channel: an SNS topic by the watch's own role, anything else by Apprise.

An Apprise URL is a secret (tokens, passwords): it is read when it is needed, and nothing of it is logged or recorded.
"""

from __future__ import annotations

import asyncio
from typing import Final

from socconsole.aws import AwsTrouble, Door
from socconsole.config import ChannelConfig
from socconsole.config.channels import NoSecret, secret
from socconsole.escalate import Message
from socconsole.model.world import Place

WITHIN_S: Final = 20.0
"""Of one send: after that it counts as failed, and the next in line is told."""


class Unreachable(Exception):
    """It was not sent, as far as we know. The text is a few words of ours, without secrets."""


async def tell(channel: ChannelConfig, message: Message, door: Door) -> None:
    """Send it. Raises :class:`Unreachable`."""
    if channel.sns:
        await _publish(channel.sns, message, door)
        return
    try:
        url = secret(channel)
    except NoSecret as error:
        raise Unreachable(str(error)) from error
    try:
        async with asyncio.timeout(WITHIN_S):
            await asyncio.to_thread(_notify, url, message)
    except TimeoutError as error:
        raise Unreachable(f"no answer within {WITHIN_S:.0f} s") from error
    except Unreachable:
        raise
    except Exception as error:
        # A hundred services' worth of other people's code: however it fails, the next in line has to be told.
        raise Unreachable(f"Apprise failed: {type(error).__name__}") from error


async def _publish(topic: str, message: Message, door: Door) -> None:
    _, _, _, region, account, _ = topic.split(":", 5)
    subject = "".join(char for char in message.subject if char.isascii() and char.isprintable())
    asked = {"TopicArn": topic, "Subject": subject, "Message": message.body}
    try:
        await door.call(Place(account, region), "sns:Publish", asked, deadline=WITHIN_S)
    except AwsTrouble as trouble:
        raise Unreachable(f"SNS: {trouble.kind.value}") from trouble


def _notify(url: str, message: Message) -> None:
    import apprise

    # Within this thread and without its own retries: what is tried again, and when, is decided by the path.
    asset = apprise.AppriseAsset(async_mode=False, secure_logging=True)
    told = apprise.Apprise(asset=asset)
    if not told.add(url):
        raise Unreachable("its URL is none that Apprise knows")
    if not told.notify(body=message.body, title=message.subject, body_format=apprise.NotifyFormat.TEXT):
        raise Unreachable(f"Apprise could not deliver ({url.partition(':')[0][:20]})")
