"""The command line. A plain start, the version and the help go round typer, which costs more than they do."""

from __future__ import annotations

import gc
import io
import os
import sys

__all__ = ["main"]


def main() -> None:
    """Entry point of ``socconsole``: run, and turn every end into an exit code of the contract."""
    # Set before anything imports Textual, which reads it once: paint on the key, not on a 60 Hz timer.
    os.environ.setdefault("TEXTUAL_FPS", "240")
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode is no reason to fail

    words = sys.argv[1:]
    if words == ["--version"]:  # scripts ask often, and nothing of the rest is needed to say it
        from socconsole import __version__

        print(f"socconsole {__version__}")
        return

    from socconsole.cli.exits import Code, Stop, mend, say

    try:
        _run(words)
    except Stop as end:
        say(f"socconsole: {end}")
        if end.remedy:
            mend(end.remedy)
        sys.exit(int(end.code))
    except KeyboardInterrupt:
        sys.exit(int(Code.INTERRUPTED))
    except BrokenPipeError:
        # The reader went away (`| head`): end quietly, and keep the interpreter from complaining at exit. Not 0:
        # what was not said may have been a no.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(int(Code.NO))
    except Exception as error:  # the last line of defence: a fault of ours, told without locals
        import traceback

        from socconsole.aws.mask import mask
        from socconsole.text import clean

        say("socconsole: a fault of ours:")
        for frame in traceback.extract_tb(error.__traceback__)[-8:]:
            say(f"  {clean(os.path.basename(frame.filename))}:{frame.lineno} in {clean(frame.name)}")
        say(f"  {type(error).__name__}: {clean(mask(str(error)))}")
        sys.exit(int(Code.FAULT))


def _run(words: list[str]) -> None:
    if words in (["--help"], ["-h"]):
        from socconsole.cli.help_page import page

        if (text := page()) is not None:
            print(text, end="", flush=True)  # here, where a reader that went away is no fault
            return
    gc.disable()  # see ``start.run``: it is the console's modules that load here
    from socconsole.cli.start import plain, start

    if (asked := plain(words)) is not None:
        sys.exit(start(asked))
    gc.enable()
    from socconsole.cli.app import build

    build()()
