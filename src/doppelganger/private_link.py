"""A page whose address is a secret, opened in the browser.

A browser is started by a command line, and those every user of the machine can read. So it is given a file that only its owner may
read and that sends it on, as Jupyter does.
"""

import atexit
import os
import tempfile
import threading
from contextlib import suppress
from html import escape
from pathlib import Path

import typer

_SECONDS = 60.0
"""For a browser to start and read the file; the program may run for days."""


def open_privately(link: str) -> None:
    """Open it in the browser. The file goes after a minute, or when the program ends; where none can be written, nothing opens."""
    with suppress(OSError):
        # in the home folder: browsers that are snaps see no temporary file, and no hidden one
        handle, name = tempfile.mkstemp(".html", "doppelganger-", Path.home())  # for the owner alone (0600)
        file = Path(name)
        atexit.register(file.unlink, missing_ok=True)
        with os.fdopen(handle, "w", encoding="utf-8") as page:
            page.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={escape(link)}">\n')
        forgotten = threading.Timer(_SECONDS, file.unlink, kwargs={"missing_ok": True})
        forgotten.daemon = True
        forgotten.start()
        typer.launch(file.as_uri())
