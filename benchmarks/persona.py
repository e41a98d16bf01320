"""Does a persona stay the same person? Five personas, thirty pictures each, every pair of them before every verifier.

    python benchmarks/persona.py WORK [--personas 5] [--count 30] [--set holidays] [--out FILE]

WORK: a folder for the pictures; stopped, the same command goes on. Writes ``results/persona.json``, or --out, and contact
sheets into WORK.
Beside the pictures stand the same edits as they are without keeping. Ages and poses are also read by networks that took no part.
"""

import argparse
import json
import statistics
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from doppelganger.faces.second_opinion import SecondOpinion
from doppelganger.images import read_image
from doppelganger.keeping import Embeddings
from doppelganger.networks import Networks
from doppelganger.persona.apart import APART, from_seed_apart, nearest
from doppelganger.persona.folder import load, save
from doppelganger.persona.pairs import PairRates, across, beside, rates, within
from doppelganger.persona.persona import Persona
from doppelganger.persona.plan import load_set
from doppelganger.persona.series import Series, take_pictures
from doppelganger.persona.shooting import ShootSettings
from doppelganger.verifiers.face_of import largest_face
from doppelganger.verifiers.protocol import OperatingPoint

RESULTS = Path(__file__).parent / "results" / "persona.json"
FIRST_SEED = 501
"""Seeds are taken in order from here, without looking; left out are those whose face reads as younger than `GROWN`, and those
whom a verifier finds much like a persona before (`persona.apart`)."""
GROWN = 20.0
NAMES = ("Ada", "Ben", "Cleo", "Dana", "Emil", "Fay", "Gus", "Hana", "Ivo", "Juno")


def main() -> None:
    """Take the pictures, judge all pairs, write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--personas", type=int, default=5)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--set", default="holidays", help="the name of one that travels with the program, or a file")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    wanted = load_set(arguments.set)
    networks = Networks(device="cpu")
    people: list[tuple[int, Persona, Series]] = []
    clock: list[float] = []
    for name in NAMES[: arguments.personas]:
        persona = persona_of(name, [known for _, known, _ in people], arguments.work, networks)
        seed = int(str(persona.provenance["seed"]))
        folder = arguments.work / persona.name / "shoots" / wanted.name
        begun = [time.perf_counter()]

        def tick(event: Any, begun: list[float] = begun) -> None:
            if event.stage == "shoot":
                clock.append(time.perf_counter() - begun[0])
                begun[0] = time.perf_counter()
                print(f"{event.done} of {event.total}, {clock[-1]:.1f} s", flush=True)

        series = take_pictures(persona, wanted, folder, arguments.count, networks, seed, progress=tick)
        people.append((seed, persona, series))
    result = {"set": wanted.name, **judged(people, networks)}
    taken = [seconds for seconds in clock if seconds > 0.5]  # the others were there already
    result["seconds a picture, median"] = round(statistics.median(taken), 2) if taken else None
    arguments.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result["all personas"], indent=1, ensure_ascii=False))


def persona_of(name: str, others: list[Persona], work: Path, networks: Networks) -> Persona:
    """Made once, as `persona new` makes them where no seed is given: unlike those who are there."""
    if (work / name / "persona.json").exists():
        return load(work / name)
    first = int(str(others[-1].provenance["seed"])) + 1 if others else FIRST_SEED
    persona = from_seed_apart(name, others, networks, first, GROWN)
    save(persona, work / name)
    return persona


def judged(people: list[tuple[int, Persona, Series]], networks: Networks) -> dict[str, Any]:
    """Rates within personas, with the reference, across personas; kept and naive; what varies."""
    kept, naive = ([getattr(series, which) for _, _, series in people] for which in ("kept", "naive"))
    fronts = [persona.front for _, persona, _ in people]
    held_out = sorted(
        {v["verifier"] for _, _, s in people for p in s.record["pictures"] for v in p["verdicts"] if v["held_out"]}
    )
    return {
        "settings": repr(ShootSettings()),
        "held out of the search": held_out,
        "least distance of two personas' middles, over the privacy threshold": {
            "asked": APART,
            **least_apart(people, networks),
        },
        "all personas": {
            str(point): {
                "kept": rates_of(kept, fronts, networks, point),
                "without keeping": rates_of(naive, fronts, networks, point),
            }
            for point in OperatingPoint
        },
        "personas": {persona.name: described(seed, persona, series, networks) for seed, persona, series in people},
    }


def least_apart(people: list[tuple[int, Persona, Series]], networks: Networks) -> dict[str, float]:
    """Persona → that of the one most like them."""
    personas = [persona for _, persona, _ in people]
    found = {p.name: nearest(p.anchor, [o for o in personas if o is not p], networks.panel.members) for p in personas}
    return {name: round(like.ratio, 3) for name, like in found.items() if like is not None}


def rates_of(
    pictures: list[list[Embeddings]], fronts: list[Embeddings], networks: Networks, point: OperatingPoint
) -> dict[str, Any]:
    """Pairs pooled over the personas."""
    members = networks.panel.members
    return {
        "picture and picture": rounded(rates((p for one in pictures for p in within(one)), members, point)),
        "picture and reference": rounded(
            rates((p for f, one in zip(fronts, pictures, strict=True) for p in beside(f, one)), members, point)
        ),
        "different personas": rounded(rates(across(pictures), members, point)),
    }


def described(seed: int, persona: Persona, series: Series, networks: Networks) -> dict[str, Any]:
    """One persona: pairs, what varies by the loop's own readers and by others, what was missed."""
    record = series.record
    second = SecondOpinion(networks.store)
    ages, yaws = [], []
    for picture in record["pictures"]:
        image = read_image(series.folder / f"{picture['number']:04d}.png")
        landmarks = networks.landmarks.detect(image, largest_face(networks.detector, image))
        ages.append(second.age_sex(image, landmarks).age)
        yaws.append(second.yaw(image, landmarks))
    variety = record["variety"]
    return {
        "seed": seed,
        "age": round(persona.likeness["age"], 1),
        "female": round(persona.likeness["female"], 2),
        "same as the reference, identity point": record["same as the reference"],
        "pairs": {
            str(point): {
                "kept": rounded(rates(within(series.kept), networks.panel.members, point)),
                "without keeping": rounded(rates(within(series.naive), networks.panel.members, point)),
            }
            for point in OperatingPoint
        },
        "spans": {name: round(ends[1] - ends[0], 1) for name, ends in variety["spans"].items()},
        "spans between the 5th and 95th percentile": {
            name: round(ends[1] - ends[0], 1) for name, ends in variety["middle"].items()
        },
        "spans by other networks": {"yaw": round(float(np.ptp(yaws)), 1), "age": round(float(np.ptp(ages)), 1)},
        "expressions": variety["expressions"],
        "hair": variety["hair"],
        "share of the wish that held": {
            str(k): sum(p["held"] == k for p in record["pictures"])
            for k in sorted({p["held"] for p in record["pictures"]})
        },
        "lpips of keeping, median": statistics.median(p["keeping"]["lpips"] for p in record["pictures"]),
        "missed": sum(bool(p["missed"]) for p in record["pictures"]),
    }


def rounded(found: PairRates) -> dict[str, Any]:
    """As JSON, to a tenth of a per mille."""

    def short(value: Any) -> Any:
        return round(value, 4) if isinstance(value, float) else value

    return {
        k: {n: short(x) for n, x in v.items()} if isinstance(v, dict) else short(v) for k, v in asdict(found).items()
    }


if __name__ == "__main__":
    main()
