"""How long silence lasts before it counts, and how long anything may be hidden."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

QUIET_AFTER: Final = timedelta(minutes=30)
"""Silence on a path, on top of the lag of the sources that could see it, before it is called quiet."""
SNOOZE_LIMIT: Final = timedelta(days=7)
"""The longest a finding is hidden by a decision."""
