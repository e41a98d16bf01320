"""Where the command starts and ends: whatever happens becomes one sentence and a documented exit code.

Only the standard library is imported here, and the rest inside ``run``, so that Ctrl-C while libraries load is caught too.
"""

import errno
import json
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import NoReturn

from doppelganger.errors import DoppelgangerError, OutputError

INTERRUPTED = 130
USAGE = 2
STOPPED = "Stopped; the same command goes on where it was."
BEGINS_ANEW = "Stopped; the same command begins anew."
_KEEP_NOTHING = {
    *[(word,) for word in ("verify", "rig", "animate", "study", "study-analyse")],
    *[("face", word) for word in ("mix", "child", "morph")],
    *[("persona", word) for word in ("new", "place", "delete")],
    ("swap", "extract"),
}
"""Commands that leave nothing to go on from."""
_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)


def main() -> NoReturn:
    """Entry point of the script."""
    for stream in (sys.stdout, sys.stderr):  # a Windows console may not know every letter of a sentence
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run a command line; returns the exit code. Errors go to stderr, or as JSON to stdout after ``--json``."""
    if not sys.warnoptions:  # those of libraries are for programmers, who ask for them with `python -W`
        warnings.simplefilter("ignore")
    try:
        from typer.main import get_command

        from doppelganger.cli.app import app

        code = get_command(app).main(args=list(arguments), prog_name="doppelganger", standalone_mode=False)
        if code == INTERRUPTED:  # Typer turns Ctrl-C into this number
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would cut the sentence short
        # One that came inside an `exec` (data classes are made by it, while libraries load) Python holds for unheard even
        # after it was caught, and ends by the signal instead of by our code; the next `exec` forgets it.
        exec("")
        sentence, code = STOPPED, INTERRUPTED
    except BrokenPipeError:
        return 1
    except Exception as error:
        sentence, code = explain(error)
        if not sentence:  # help was shown instead
            return code
    if sentence == STOPPED and {tuple(arguments[:1]), tuple(arguments[:2])} & _KEEP_NOTHING:
        sentence = BEGINS_ANEW
    if "--json" in arguments:
        print(json.dumps({"error": sentence, "exit_code": code}, ensure_ascii=False))
    else:
        _red(sentence)
    return code


def explain(error: Exception) -> tuple[str, int]:
    """A sentence for a person and the exit code. A mistake of the program itself also leaves its traceback on stderr."""
    if isinstance(error, DoppelgangerError):
        return str(error), error.exit_code
    if type(error).__name__ == "Abort":  # Typer's, where Ctrl-C reached a prompt
        return STOPPED, INTERRUPTED
    if hasattr(error, "format_message"):  # Typer's usage errors, of which it makes no base class public
        message = error.format_message().rstrip(".")
        return f"{message}. See `doppelganger --help`." if message else "", USAGE
    if isinstance(error, OSError) and error.errno in _FULL:
        where = f" that holds {error.filename}" if error.filename else ""
        return f"The disk{where} is full; free some space and start again.", OutputError.exit_code
    if isinstance(error, OSError) and error.errno in _CLOSED:
        return f"{error.filename} may not be used ({error.strerror}); correct its permissions.", OutputError.exit_code
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "There is not enough memory; close other programs, or use a smaller photo or `--device cpu`.", 1
    traceback.print_exception(error)
    return f"This is a mistake of the program, not yours ({type(error).__name__}); please report the lines above.", 1


def _red(sentence: str) -> None:
    colours = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    print(f"\033[31m{sentence}\033[0m" if colours else sentence, file=sys.stderr)
