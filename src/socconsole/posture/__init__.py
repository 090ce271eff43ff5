"""Posture checks: data in ``catalogue``, one pure function each in the files named after their families.

A function is given what was read and says PASS, FAIL or UNKNOWN with the evidence that decided it. Nothing here
asks AWS: ``collectors.posture`` does, and hands over a typed snapshot (``model.estate``). What was not read cannot
be looked at: ``Read.get()`` ends the check as UNKNOWN, so that no trouble on the way is ever taken for a PASS.
"""

from socconsole.posture.check import Context
from socconsole.posture.evaluate import CHECKS, evaluate

__all__ = ["CHECKS", "Context", "evaluate"]
