import base64
import json
from pathlib import Path

import numpy as np
import pytest

from doppelganger.errors import OutputError
from doppelganger.networks import Networks
from doppelganger.persona.ordered import from_face_file, from_wish
from doppelganger.persona.persona import PersonaError


def test_an_edited_photo_is_no_persona(networks: Networks, tmp_path: Path) -> None:
    latent = {"shape": [16, 512], "float32": base64.b64encode(np.zeros((16, 512), "<f4").tobytes()).decode()}
    file = tmp_path / "edit.json"
    file.write_text(json.dumps({"schema": 1, "picture": "../share/edited.png", "latent": latent}), "utf-8")
    with pytest.raises(PersonaError, match="real person"):
        from_face_file("me", file, networks)


def test_another_file_is_said(networks: Networks, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}", "utf-8")
    with pytest.raises(OutputError):
        from_face_file("x", tmp_path / "x.json", networks)


def test_words_that_are_not_understood_are_said(networks: Networks) -> None:
    with pytest.raises(PersonaError, match="flibbert"):
        from_wish("x", "a woman with flibbert", 0, networks)
