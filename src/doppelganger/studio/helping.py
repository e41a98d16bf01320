"""How every helper process begins: ``python -m doppelganger.studio.helping MODULE ARGUMENTS`` runs ``MODULE.main(ARGUMENTS)``.

Before that, and before any large library is loaded, Ctrl-C becomes the server's business and files become the owner's alone.
SIGUSR1 writes where each thread is into the log: lines of code, none of what is worked on; so does a crash of a library.
"""

import faulthandler
import importlib
import os
import signal
import sys


def main(module: str, *arguments: str) -> None:
    """Until the server goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)
    faulthandler.enable()
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1)
    importlib.import_module(module).main(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
