"""Regulatory and internal clocks: regimes as data, arithmetic, and what runs in a case. Pure."""

from socconsole.clocks.regime import Deadline, Regime, period, regimes
from socconsole.clocks.running import clocks, nearest

__all__ = ["Deadline", "Regime", "clocks", "nearest", "period", "regimes"]
