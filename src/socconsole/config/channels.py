"""Where a channel goes: in words for people, and its secret, which is read when it is needed and kept nowhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from socconsole.config.escalation import ChannelConfig
from socconsole.text import clean


class NoSecret(Exception):
    """The Apprise URL of a channel is not to be had, or open to others. The text is a few words without secrets."""


def secret(channel: ChannelConfig) -> str:
    """The Apprise URL of a channel. Raises :class:`NoSecret`."""
    if channel.apprise_env:
        url = os.environ.get(channel.apprise_env, "").strip()
        if not url:
            raise NoSecret(f"the watch's environment has no {channel.apprise_env}")
        return url
    path = Path(channel.apprise_file).expanduser()
    try:
        told = path.stat()
        if told.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or told.st_uid not in (os.geteuid(), 0):
            raise NoSecret(f"others may read {channel.apprise_file}: chmod 600")
        url = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NoSecret(f"{channel.apprise_file} cannot be read: {type(error).__name__}") from error
    if not url:
        raise NoSecret(f"{channel.apprise_file} is empty")
    return url


def whither(channel: ChannelConfig) -> tuple[str, str]:
    """Where it goes, without its secret, and what is wrong with it as far as this process can see."""
    if channel.sns:
        return channel.sns, ""
    named = f"variable {channel.apprise_env}" if channel.apprise_env else f"file {clean(channel.apprise_file, 120)}"
    try:
        scheme = secret(channel).partition(":")[0]
    except NoSecret as trouble:
        # The watch may have another environment than this process.
        return f"apprise, {named}", "" if channel.apprise_env else str(trouble)
    return f"apprise {clean(scheme, 20)}, {named}", ""
