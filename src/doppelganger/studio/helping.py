"""How every helper process begins: ``python -m doppelganger.studio.helping MODULE ARGUMENTS`` runs ``MODULE.main(ARGUMENTS)``.

Before that, and before any large library is loaded, Ctrl-C becomes the server's business and files become the owner's alone.
"""

import importlib
import os
import signal
import sys


def main(module: str, *arguments: str) -> None:
    """Until the server goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)
    importlib.import_module(module).main(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
