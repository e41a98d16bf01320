"""Trained networks: what exists (``catalogue``), and a store that fetches, checks, converts and keeps it."""

from doppelganger.weights.catalogue import CATALOGUE, Archive, LocalFile, Member, Url, Weight
from doppelganger.weights.pip_settings import PipSettings
from doppelganger.weights.store import Checkup, Store

__all__ = ["CATALOGUE", "Archive", "Checkup", "LocalFile", "Member", "PipSettings", "Store", "Url", "Weight"]
