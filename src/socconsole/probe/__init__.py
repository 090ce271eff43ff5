"""How endpoints of ours answer what they have to refuse, and whether that gives anything away.

The only room that speaks HTTP to anything but AWS, and only to URLs that the configuration calls its own.
"""

from socconsole.probe.leaks import Leak, leaks
from socconsole.probe.run import Answered, Asked, TokenError, probe, requests, token

__all__ = ["Answered", "Asked", "Leak", "TokenError", "leaks", "probe", "requests", "token"]
