"""Directions of w+ that change one thing about a face (``vectors``), and the reader that measures what a face has (``reader``)."""

from doppelganger.directions.vectors import Direction, DirectionError, Directions, apply, load

__all__ = ["Direction", "DirectionError", "Directions", "apply", "load"]
