"""Verdicts in plain words. Nothing is said that was not measured, and a held-out verifier's word is always told apart."""

from collections.abc import Sequence

from doppelganger.result import DOPPELGANGER, FaceRecord, Result, Verdict


def face(result: Result, name: str) -> FaceRecord | None:
    """The record of a face by its name, None where that face was not made."""
    return next((record for record in result.faces if record.name == name), None)


def listed(names: Sequence[str]) -> str:
    """("a", "b", "c") → "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def worst(verdict: Verdict) -> tuple[str, float]:
    """The picture in which portrait and face are closest, and that distance: a disturbance's name or "clean"."""
    return min({"clean": verdict.distance, **verdict.under_disturbances}.items(), key=lambda item: item[1])


def headline(record: FaceRecord) -> str:
    """The panel's answer in one sentence."""
    searched = [v for v in record.verdicts if not v.held_out]
    held_out = [v for v in record.verdicts if v.held_out]
    if not record.verdicts:
        return "No recogniser has judged this face."
    if any(not v.different for v in searched):
        others = [v.verifier for v in record.verdicts if v.different]
        rest = f"; {_takes(others)} for two." if others else "."
        return f"{_fooled([v for v in record.verdicts if not v.different])} for one person{rest}"
    if not held_out:
        return "Every recogniser takes these for two people; the search saw all of them, so none is an independent witness."
    unseen = "which the search never saw,"
    if not searched:
        start = ""
    elif len(searched) == 1:
        start = f"{searched[0].verifier}, the recogniser that was searched, "
    else:
        start = "Every searched recogniser "
    agree = [v.verifier for v in held_out if v.different]
    doubt = [v for v in held_out if not v.different]
    if not doubt:
        start = start and f"{start.rstrip(', ')}, and "
        verb = "take" if searched or len(agree) > 1 else "takes"
        return f"{start}{listed(agree)}, {unseen} {verb} these for two people."
    start = start and f"{start}takes these for two people; "
    middle = f"so {'do' if len(agree) > 1 else 'does'} {listed(agree)}; " if agree and start else ""
    names = listed([_after(v) for v in doubt])
    return f"{start}{middle}{names}, {unseen} {'takes' if len(doubt) == 1 else 'take'} them for one."


def resilience(record: FaceRecord) -> str:
    """What the verdicts of the headline include."""
    names = list(dict.fromkeys(name for v in record.verdicts for name in v.under_disturbances))
    if not names:
        return "Judged on the clean picture only."
    return f"Judged on the clean picture and again after each of: {listed(names)}. The worst one counts."


def likeness(result: Result) -> str:
    """How near the doppelgänger stays, by the first measure that both it and the closest match have; "" without one."""
    made, closest = face(result, DOPPELGANGER), face(result, "closest match")
    if not made or not closest:
        return ""
    for measure, value in made.likeness.items():
        if measure in closest.likeness:
            return (
                f"On {measure}, where 0 is the same picture, it lies {value:.3f} from the portrait; the closest match, "
                f"the nearest face without any disguise, lies at {closest.likeness[measure]:.3f}."
            )
    return ""


def _takes(names: Sequence[str]) -> str:
    return f"{listed(names)} {'takes' if len(names) == 1 else 'take'} these"


def _after(verdict: Verdict) -> str:
    """Names the disturbance where only that gives the face away."""
    name, _ = worst(verdict)
    return verdict.verifier if verdict.distance <= verdict.threshold else f"{verdict.verifier} (after {name})"


def _fooled(verdicts: Sequence[Verdict]) -> str:
    return _takes([_after(v) for v in verdicts])
