"""Does the avatar do what the driver does, does it stay itself, and does nobody know the driver in it?

    python benchmarks/puppet.py DRIVER.mp4 WORK --out benchmarks/results/puppet.json [--result FOLDER] [--seeds 3 7 20] [--mode
    avatar]

Four avatars by default: the doppelgänger of a result, and the invented faces of three seeds. The driver's video is played to each,
and driver and output are then read by the same networks, frame by frame, the output by a tracker of its own. A correlation is
Pearson's over all frames. A blink is a run of frames in which the lids' gap is below 65 % of its median over the 31 frames
around; two blinks are the same when they overlap, with two frames' grace. Jitter is the mean speed of the 468 points in eye
distances a second after a similarity to the frame before, over the quarter of the frames in which the driver moves least. Every
fifth frame is judged by the panel: *the avatar* by most members at the privacy point beside the rig's reference, *the driver* by
any at that point beside the driver's own frame.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from doppelganger.directions.geometry import expression, proportions
from doppelganger.faces.landmarks import EXPRESSION_NAMES
from doppelganger.images import RGB, encode_png, resize_area, write_atomically
from doppelganger.networks import Networks
from doppelganger.puppet.guard import Judge
from doppelganger.puppet.motion import Motion
from doppelganger.puppet.puppet import Puppet
from doppelganger.puppet.rig import Rig, is_rig
from doppelganger.puppet.rigging import rig_invented, rig_of_result
from doppelganger.puppet.similarity import fit
from doppelganger.puppet.tracker import Tracker

Floats = NDArray[np.float64]
JUDGED_EVERY = 5
SHEET_EVERY = 50
GRACE = 2
BLINK = 0.65


def frames_of(video: Path) -> tuple[list[RGB], Floats]:
    """All frames, and their times in seconds."""
    with av.open(str(video)) as film:
        decoded = [(frame.to_ndarray(format="rgb24"), float(frame.time or 0)) for frame in film.decode(video=0)]
    return [frame for frame, _ in decoded], np.array([time for _, time in decoded])


def followed(frames: list[RGB], networks: Networks) -> list[Motion | None]:
    """What a tracker of its own sees in them."""
    tracker = Tracker(networks.detector, networks.landmarks)
    return [tracker.look(frame).motion for frame in frames]


def curves(motions: list[Motion | None]) -> dict[str, Floats]:
    """What is compared, frame by frame; NaN where no face was seen."""
    names = ("yaw", "pitch", "roll", "mouth opening", "eyes open", "smile", "brows", "gaze side", "jaw")
    out = np.full((len(motions), len(names)), np.nan)
    for k, motion in enumerate(motions):
        if motion is not None:
            shape = proportions(motion.points)
            said = expression(dict(zip(EXPRESSION_NAMES, motion.blendshapes.tolist(), strict=True)))
            values = (shape["mouth_open"], shape["eyes_open"], said["smile"], said["brow_raise"], said["gaze_side"])
            out[k] = [*motion.angles, *values, motion.shape("jawOpen")]
    return dict(zip(names, out.T, strict=True))


def correlation(a: Floats, b: Floats) -> float:
    """Pearson's, over frames where both were seen."""
    both = np.isfinite(a) & np.isfinite(b)
    return round(float(np.corrcoef(a[both], b[both])[0, 1]), 3)


def blinks(gap: Floats) -> list[tuple[int, int]]:
    """(first, last) frame of every blink."""
    reach = 15
    usual = np.array([np.nanmedian(gap[max(0, k - reach) : k + reach + 1]) for k in range(len(gap))])
    shut = np.nan_to_num(gap, nan=np.inf) < BLINK * usual
    edges = np.flatnonzero(np.diff(np.pad(shut.astype(int), 1)))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


def event_f1(wanted: list[tuple[int, int]], found: list[tuple[int, int]]) -> float:
    """Harmonic mean of recall and precision of events."""

    def met(ones: list[tuple[int, int]], others: list[tuple[int, int]]) -> int:
        return sum(any(a <= d + GRACE and c <= b + GRACE for c, d in others) for a, b in ones)

    if not wanted or not found:
        return float(wanted == found)
    recall, precision = met(wanted, found) / len(wanted), met(found, wanted) / len(found)
    return round(2 * recall * precision / max(recall + precision, 1e-9), 3)


def speeds(motions: list[Motion | None], times: Floats, stable: Floats) -> Floats:
    """Eye distances a second that points move from the frame before, in the picture's frame."""
    out = np.full(len(motions), np.nan)
    for k in range(1, len(motions)):
        now, before = motions[k], motions[k - 1]
        if now is not None and before is not None:
            eyes = np.linalg.norm(now.points[33] - now.points[263])
            out[k] = (
                np.linalg.norm((now.points - before.points)[:468, :2], axis=1).mean() / eyes / (times[k] - times[k - 1])
            )
    return out


def stillest(motions: list[Motion | None], stable: Floats) -> NDArray[np.bool_]:
    """The quarter of the frames in which the driver's head and face move least over half a second about."""
    reach = 6
    moved = np.full(len(motions), np.inf)
    for k in range(reach, len(motions) - reach):
        a, b = motions[k - reach], motions[k + reach]
        if a is not None and b is not None:
            source, target = a.points.astype(np.float64), b.points.astype(np.float64)
            same = fit(source, target, stable)
            eyes = np.linalg.norm(source[33] - source[263])
            head = np.linalg.norm((target - source)[:, :2].mean(0))
            moved[k] = (head + np.linalg.norm(same(source) - target, axis=1).mean()) / eyes
    return moved <= np.quantile(moved[np.isfinite(moved)], 0.25)


def judged(outputs: list[RGB], drivers: list[RGB], rig: Rig, networks: Networks) -> dict[str, Any]:
    """The panel's word on every fifth frame."""
    judge = Judge(networks.panel, networks.detector, rig.embeddings)
    said = [judge.judge(outputs[k], judge.see(drivers[k])) for k in range(0, len(outputs), JUDGED_EVERY)]
    members = [member.name for member in networks.panel.members]
    return {
        "frames": len(said),
        "the avatar, by most": round(float(np.mean([one.is_avatar for one in said])), 4),
        "the driver, by any": round(float(np.mean([one.is_driver for one in said])), 4),
        "no face found": sum(not one.avatar for one in said),
        "the avatar, by verifier": {
            m: round(float(np.mean([one.avatar.get(m, 9) <= 1 for one in said])), 4) for m in members
        },
        "median distance to the avatar over the threshold": {
            m: round(float(np.median([one.avatar[m] for one in said if one.avatar])), 3) for m in members
        },
        "smallest distance to the driver over the threshold": {
            m: round(float(min(one.driver[m] for one in said if one.driver)), 3) for m in members
        },
    }


def avatars(arguments: argparse.Namespace, networks: Networks) -> Iterator[tuple[str, Rig]]:
    """Rigs, made once and kept in WORK."""
    if arguments.result:
        yield (
            "doppelgänger",
            _kept(arguments.work / "doppelganger", lambda: rig_of_result(arguments.result, "doppelgänger", networks)),
        )
    for seed in arguments.seeds:
        yield (
            f"seed {seed}",
            _kept(arguments.work / f"seed-{seed}", lambda seed=seed: rig_invented(seed, f"seed {seed}", networks)),
        )


def _kept(folder: Path, make: Any) -> Rig:
    if not is_rig(folder):
        make().save(folder)
    return Rig.load(folder)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("driver", type=Path)
    parser.add_argument("work", type=Path, help="Folder where rigs and sheets are kept.")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--result", type=Path, help="Folder of a result, for the doppelgänger.")
    parser.add_argument("--seeds", type=int, nargs="*", default=[3, 7, 20])
    parser.add_argument("--mode", choices=("avatar", "swap"), default="avatar")
    parser.add_argument(
        "--reference", type=float, default=1.12, help="Seconds into the video at which the driver is at rest."
    )
    arguments = parser.parse_args()
    networks = Networks()
    frames, times = frames_of(arguments.driver)
    motions = followed(frames, networks)
    stable, theirs = networks.landmarks.stable, curves(motions)
    reference = motions[int(np.argmin(np.abs(times - arguments.reference)))]
    still = stillest(motions, stable)
    rows, report = [], {}
    for name, rig in avatars(arguments, networks):
        puppet = Puppet(rig)
        assert reference is not None
        puppet.calibrate(reference)
        shown = []
        for frame, motion, time in zip(frames, motions, times, strict=True):
            if motion is None:
                shown.append(shown[-1] if shown else puppet.still)
            elif arguments.mode == "swap":
                shown.append(puppet.swap(frame, motion, float(time)))
            else:
                shown.append(puppet.render(motion, float(time)))
        seen = followed(shown, networks)
        ours = curves(seen)
        report[name] = {
            "correlation": {key: correlation(theirs[key], ours[key]) for key in theirs},
            "blinks, F1": event_f1(blinks(theirs["eyes open"]), blinks(ours["eyes open"])),
            "blinks": [len(blinks(theirs["eyes open"])), len(blinks(ours["eyes open"]))],
            "jitter while still, eye distances a second": {
                "driver": round(float(np.nanmean(speeds(motions, times, stable)[still])), 4),
                "avatar": round(float(np.nanmean(speeds(seen, times, stable)[still])), 4),
            },
            "frames without a face": sum(one is None for one in seen),
            "range of yaw, pitch, roll (degrees)": {
                "driver": [
                    round(float(np.nanmax(theirs[k]) - np.nanmin(theirs[k])), 1) for k in ("yaw", "pitch", "roll")
                ],
                "avatar": [round(float(np.nanmax(ours[k]) - np.nanmin(ours[k])), 1) for k in ("yaw", "pitch", "roll")],
            },
            "panel": judged(shown, frames, rig, networks),
        }
        print(name, json.dumps(report[name], ensure_ascii=False), flush=True)
        rows.append(
            np.hstack(
                [
                    resize_area(shown[k], 256, round(256 * shown[k].shape[0] / shown[k].shape[1]))
                    for k in range(SHEET_EVERY // 2, len(shown), SHEET_EVERY)
                ]
            )
        )
    write_atomically(arguments.work / f"sheet-{arguments.mode}.png", encode_png(np.vstack(rows)))
    found = {"driver": arguments.driver.name, "frames": len(frames), "mode": arguments.mode, "avatars": report}
    text = json.dumps(found, indent=1, ensure_ascii=False)
    if arguments.out:
        write_atomically(arguments.out, text.encode() + b"\n")
    print(text)


if __name__ == "__main__":
    main()
