"""From one portrait, a face that people take for you and machines take for somebody else.

    import doppelganger
    result = doppelganger.make("me.jpg")
    doppelganger.save(result, "my-doppelganger")

Importing the package is light; the networks' libraries load with the first name that needs them.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from doppelganger.doppelganger import make as make
    from doppelganger.settings import Settings as Settings
    from doppelganger.storage import load as load
    from doppelganger.storage import save as save

# `import openvino` reports itself to its makers' analytics, from a process of its own, whenever this package of theirs can be
# imported; without it it has a stub for that. Nothing leaves this machine unasked, so it cannot be imported from here on.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

__version__ = "0.1.0"
__all__ = ["Settings", "load", "make", "save"]

_HOME = {
    "Settings": "doppelganger.settings",
    "load": "doppelganger.storage",
    "make": "doppelganger.doppelganger",
    "save": "doppelganger.storage",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'doppelganger' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
