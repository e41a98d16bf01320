import json

import numpy as np
import pytest
from PIL import Image

from doppelganger.images import read_image
from doppelganger.persona.persona import PersonaError
from doppelganger.persona.plan import parse_set
from doppelganger.persona.series import take_pictures
from doppelganger.verifiers.protocol import OperatingPoint
from doppelganger.verifiers.views import Views

TURNED = parse_set("name: turned\npictures:\n  - {yaw: -22}\n  - {yaw: 20, age: 6}\n", "turned.yaml")


class Stopped(Exception):
    pass


def test_a_stopped_series_goes_on_and_every_picture_is_the_persona(ada, networks, tmp_path):
    """Two pictures whose plain edits lose the person: stopped after the first, the second run takes the other alone."""
    folder = tmp_path / "turned"

    def stop(event):
        if event.stage == "shoot":
            raise Stopped

    with pytest.raises(Stopped):
        take_pictures(ada, TURNED, folder, 2, networks, progress=stop)
    first = (folder / "0001.png").read_bytes()
    assert not (folder / "0002.png").exists() and not (folder / "shoot.json").exists()
    steps = []
    series = take_pictures(ada, TURNED, folder, 2, networks, progress=lambda event: steps.append(event.stage))
    assert (folder / "0001.png").read_bytes() == first
    assert 0 < steps.count("nearest") < 40, "the first picture was not searched again"

    record = json.loads((folder / "shoot.json").read_text("utf-8"))
    assert record == json.loads(json.dumps(series.record)) and record["same as the reference"] == 1.0
    assert record["variety"]["spans"]["yaw"][1] - record["variety"]["spans"]["yaw"][0] > 30
    members = networks.panel.members
    for number, (kept, naive) in enumerate(zip(series.kept, series.naive, strict=True), 1):
        picture = folder / f"{number:04d}.png"
        seen = Views(read_image(picture), networks.detector).clean(members)
        limits = {m.name: m.thresholds[OperatingPoint.IDENTITY].value for m in members}
        for m in members:
            np.testing.assert_allclose(kept[m.name], seen[m.name], atol=1e-4)
            assert m.distance(ada.front[m.name], seen[m.name]) <= limits[m.name]
        assert any(m.distance(ada.front[m.name], naive[m.name]) > limits[m.name] for m in members)
        assert "trainedAlgorithmicMedia" in Image.open(picture).text["XML:com.adobe.xmp"]
    assert series.sheet.stat().st_size > 1000


def test_another_series_is_not_mixed_in(ada, networks, tmp_path):
    folder = tmp_path / "series"
    nothing = parse_set("pictures: []", "a.yaml")
    with pytest.raises(Stopped):
        take_pictures(ada, TURNED, folder, 1, networks, progress=_stop_at_once)
    with pytest.raises(PersonaError, match="another series"):
        take_pictures(ada, nothing, folder, 1, networks)


def _stop_at_once(event):
    raise Stopped
