"""``python -m doppelganger.cli``: the command where its script is not on the path."""

from doppelganger.cli.main import main

main()
