"""``python -m socconsole`` is ``socconsole``."""

from socconsole.cli import main

main()
