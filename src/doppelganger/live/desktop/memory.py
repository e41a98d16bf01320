"""Which camera was picked last: a small file in the platform's folder for settings. Nothing of any picture is in it."""

import json
from collections.abc import Sequence
from pathlib import Path

from platformdirs import user_config_path

from doppelganger.images import write_atomically
from doppelganger.live.desktop.cameras import CameraInfo


class CameraMemory:
    """``folder``: where the file lies; default the platform's, such as ~/.config/doppelganger."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = (folder or user_config_path("doppelganger", appauthor=False)) / "camera.json"

    def keep(self, camera: CameraInfo) -> None:
        """Remember it. Raises OutputError where that cannot be written."""
        record = {"index": camera.index, "name": camera.name}
        write_atomically(self._file, json.dumps(record, ensure_ascii=False).encode())

    def pick(self, cameras: Sequence[CameraInfo]) -> CameraInfo | None:
        """The one of ``cameras`` that was picked last: by its name, since indices change with what is plugged in; else by its
        index; else the first. None where there are none."""
        try:
            record = json.loads(self._file.read_text("utf-8"))
            index, name = int(record["index"]), str(record["name"])
        except (OSError, ValueError, KeyError, TypeError):  # none yet, or damaged: nothing is lost
            index, name = -1, ""
        same = [camera for camera in cameras if camera.name == name]
        for wanted in ([c for c in same if c.index == index], same, [c for c in cameras if c.index == index], cameras):
            if wanted:
                return wanted[0]
        return None
