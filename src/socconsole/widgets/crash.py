"""What is said when our own code fails: where and what, never the values that were in play.

Rich tracebacks print local variables: findings, credentials, and escape sequences for the terminal.
"""

from __future__ import annotations

import traceback
from pathlib import PurePath
from typing import Final

from socconsole.text import clean

FRAMES: Final = 12
OUR_FAULT: Final = 70
"""The exit code of a defect of ours (``EX_SOFTWARE``)."""


def safe_traceback(error: BaseException, frames: int = FRAMES) -> list[str]:
    """Printable lines: the innermost frames as ``file:line in function``, then the error's type and message.

    No source lines, no locals, no absolute paths.
    """
    out = ["socconsole failed; this is a defect of ours. Nothing that was on record is lost."]
    stack = traceback.extract_tb(error.__traceback__)
    if len(stack) > frames:
        out.append(f"  … {len(stack) - frames} outer frames")
    for frame in stack[-frames:]:
        where = "/".join(PurePath(frame.filename).parts[-2:])
        out.append(f"  {clean(where, 120)}:{frame.lineno} in {clean(frame.name, 80)}")
    out.append(f"{type(error).__name__}: {clean(_message(error), 300)}")
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        out.append(f"  because of {type(cause).__name__}: {clean(_message(cause), 300)}")
    return out


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an error whose own __str__ fails must not hide that there was one
        return "(no message)"
