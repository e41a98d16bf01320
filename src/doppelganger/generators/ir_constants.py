"""Reads the trained constants of an OpenVINO IR (version 10: an .xml that describes, a .bin that holds)."""

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from doppelganger.errors import WeightsError


def read_constants(xml: Path, blob: Path) -> dict[str, NDArray[np.float32]]:
    """Name → float32 array of every float constant, in the order of the graph (a dict keeps it).

    The file is data: nothing in it is executed. The caller has checked the digests of both files.
    """
    layers = ET.parse(xml).getroot().find("layers")
    if layers is None:
        raise WeightsError(f"{xml.name} is not an OpenVINO IR: it has no layers.")
    data = blob.read_bytes()
    constants: dict[str, NDArray[np.float32]] = {}
    for layer in layers:
        described = layer.find("data")
        if layer.get("type") != "Const" or described is None or described.get("element_type") != "f32":
            continue
        shape = [int(n) for n in (described.get("shape") or "").split(",") if n.strip()]
        start, size = int(described.get("offset", 0)), int(described.get("size", 0))
        name = layer.get("name") or f"constant {len(constants)}"
        constants[name] = np.frombuffer(data[start : start + size], np.float32).reshape(shape)
    return constants
