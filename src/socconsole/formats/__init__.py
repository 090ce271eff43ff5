"""Wire formats ⇄ model: what AWS services send, read without dropping anything.

:func:`read_bytes` reads a file's content, :func:`read_object` one parsed record. Both yield, for every
record, an :class:`~socconsole.model.finding.Observation` or a :class:`~socconsole.model.trail.TrailEvent`, or
say why there is none: :class:`Quarantined` (cannot be understood) or :class:`Deferred` (understood, but its
reader is elsewhere: alarms).
Neither raises. :func:`without_secrets` makes of a file's content what may be kept of it.
"""

from socconsole.formats.dispatch import read_object
from socconsole.formats.record import Deferred, Quarantined, Record, Unreadable
from socconsole.formats.stream import read_bytes, without_secrets

__all__ = ["Deferred", "Quarantined", "Record", "Unreadable", "read_bytes", "read_object", "without_secrets"]
