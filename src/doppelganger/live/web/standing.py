"""How things stand in a call, as the page is told with every frame."""

from dataclasses import asdict
from math import isnan
from typing import Any

from doppelganger.live.protocols import Server
from doppelganger.live.session import Session
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.performance import Shown


def standing(session: Session, shown: Shown | None = None) -> dict[str, Any]:
    """JSON: what is worn and chosen; ``gate`` and ``points`` are of ``shown``, where a frame was."""
    now = session.settings
    search = session.search
    return {
        "place": session.place,
        "shelf": session.shelf.version,
        "mode": session.mode,
        "settings": asdict(now),
        "search": {"now": search.now, "best": search.best} if search is not None else None,
        "inventing": session.inventing,
        "notice": session.notice,
        "ended": session.ended,
        "server": _server(session.server) if session.server is not None else None,
        "times": asdict(session.meter.times),
        "gate": shown.gate.name.lower() if shown is not None else None,
        "points": _points(shown.motion) if shown is not None and shown.motion is not None and now.landmarks else [],
    }


def _server(server: Server) -> dict[str, Any]:
    trips = server.round_trip
    times = {"median": trips.median, "p95": trips.p95}
    return {"trouble": server.trouble, **{name: None if isnan(one) else 1000 * one for name, one in times.items()}}


def _points(motion: Motion) -> list[int]:
    """x, y, x, y …, in ten-thousandths of the view's width and height."""
    shares = motion.points[:, :2] / (motion.width, motion.height)
    return [int(n) for n in (shares * 10_000).round().ravel()]
