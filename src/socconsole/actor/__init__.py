"""The actor carries requests out: in the console's child process, and in-process for a command-line verb.

``python -m socconsole.actor --store DIR [--config PATH] [--mode M]`` reads ``{"n": 7, "request": {…}}`` lines
and says ``model.wire`` replies, one JSON object a line each way.
"""

from socconsole.actor.carry_out import run_in, run_request

__all__ = ["run_in", "run_request"]
