"""Moments in reports: UTC, to the second, said with Z."""

from __future__ import annotations

from datetime import datetime


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"
