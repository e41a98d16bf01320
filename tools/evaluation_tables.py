"""The tables of README.md and docs/evaluation.md, as Markdown, from an evaluation's JSON.

python tools/evaluation_tables.py benchmarks/results/evaluation.json
"""

import json
import sys
from pathlib import Path
from typing import Any


def rate(found: dict[str, Any] | None, name: str, interval: bool = True) -> str:
    """ "4 % (1–12)"."""
    if not found or name not in found:
        return "–"
    x = found[name]
    text = f"{100 * x['value']:.1f} %"
    return f"{text} ({100 * x['low']:.0f}–{100 * x['high']:.0f})" if interval else text


def worst(entry: dict[str, Any], name: str) -> str:
    """ "75 %, dlib"."""
    found = entry["worst held-out verifier"][name]
    return f"{100 * found['value']:.0f} %, {found['verifier']}" if found else "–"


def median(entry: dict[str, Any], measure: str, digits: int) -> str:
    """A measure's median, "–" where it was lost in every avatar."""
    found = (entry["likeness"].get(measure) or {}).get("median")
    return f"{found['value']:.{digits}f}" if found else "–"


def line(cells: list[str]) -> str:
    """One row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def protection(rows: dict[str, Any]) -> list[str]:
    """Re-identification by held-out recognisers, clean and worn."""
    head = [
        "method",
        "avatars",
        "TAR at FAR 1e-3",
        "halved + JPEG 75",
        "worst of ten views",
        "at FAR 1e-4",
        "at the privacy point",
    ]
    head += [
        "worst recogniser there",
        "rank-1",
        "worst recogniser there",
        "rank-5",
        "rank-1 with 200 generated strangers more",
        "n",
    ]
    head += ["searched: TAR at FAR 1e-3", "bystander"]
    out = [line(head), line(["---"] * len(head))]
    for row, e in rows.items():
        views = {k: v for k, v in e["held out"].items() if isinstance(v, dict) and "TAR at FAR 1e-3" in v}
        clean = views.get("clean")
        highest = max((v["TAR at FAR 1e-3"]["value"] for v in views.values()), default=None)
        seen = e["searched"].get("clean")
        out.append(
            line(
                [
                    row,
                    f"{e['found']['avatars']} of {e['found']['of']}",
                    rate(clean, "TAR at FAR 1e-3"),
                    rate(views.get("half and jpeg 75"), "TAR at FAR 1e-3"),
                    "–" if highest is None else f"{100 * highest:.1f} %",
                    rate(clean, "TAR at FAR 1e-4", False),
                    rate(clean, "TAR at privacy"),
                    worst(e, "TAR at privacy"),
                    rate(clean, "rank-1"),
                    worst(e, "rank-1"),
                    rate(clean, "rank-5", False),
                    rate(clean, "rank-1 among distractors", False),
                    str(clean["rank-1"]["n"]) if clean else "–",
                    rate(seen, "TAR at FAR 1e-3", False),
                    rate(clean or seen, "bystander at FAR 1e-3", False),
                ]
            )
        )
    return out


def likeness(rows: dict[str, Any]) -> list[str]:
    """The human side, medians."""
    measures = (
        ("LPIPS (AlexNet, 256²)", 3),
        ("LPIPS (VGG16, 256²)", 3),
        ("landmark shape (eye distances)", 3),
        ("head pose (degrees)", 1),
        ("expression (mean |Δ blendshape|)", 3),
        ("age difference (years)", 1),
        ("age difference, second opinion (years)", 1),
        ("skin ΔE00", 1),
        ("hair ΔE00", 1),
        ("eye ΔE00", 1),
        ("likeness summary (0–1)", 2),
    )
    head = [
        "method",
        *(name for name, _ in measures),
        "signed: age",
        "smoother skin, dB",
        "same sex",
        "FID / KID to portraits",
    ]
    out = [line(head), line(["---"] * len(head))]
    for row, e in rows.items():
        of = e["likeness"]
        signed = [of.get(name, {}).get("mean, signed") for name in ("age difference (years)", "skin smoothness (dB)")]
        sex = (of.get("sex agrees, second opinion") or of.get("sex agrees") or {}).get("share")
        real = e["realism"].get("against portraits")
        out.append(
            line(
                [
                    row,
                    *(median(e, name, digits) for name, digits in measures),
                    *("–" if s is None else f"{s:+.1f}" for s in signed),
                    f"{100 * sex['value']:.0f} %" if sex else "–",
                    f"{real['FID']:.0f} / {real['KID']:.3f}" if real else "–",
                ]
            )
        )
    return out


def attackers(rows: dict[str, Any]) -> list[str]:
    """Attackers (b) and (c)."""
    traces = [
        f"{t}, {w}" for t in ("perceptual hash", "deep features") for w in ("whole picture", "without background")
    ]
    head = [
        "method",
        *(f"photo found by {t}" for t in traces),
        "learnt linear map: rank-1 without → with (mean of recognisers)",
        "seconds",
    ]
    out = [line(head), line(["---"] * len(head))]
    for row, e in rows.items():
        a = e["adaptive attackers"]
        maps = list((a.get("linear map") or {}).values())
        pair = (
            [sum(m[k]["value"] for m in maps) / len(maps) for k in ("rank-1 without the map", "rank-1 with it")]
            if maps
            else None
        )
        out.append(
            line(
                [
                    row,
                    *(f"{100 * a[t]['value']:.0f} %" if t in a else "–" for t in traces),
                    f"{100 * pair[0]:.0f} → {100 * pair[1]:.0f} %" if pair else "–",
                    f"{e['seconds, median']:.1f}"
                    + (" + shared projection" if e["needs the shared projection"] else ""),
                ]
            )
        )
    return out


def short(rows: dict[str, Any]) -> list[str]:
    """The README's: protection before held-out recognisers beside likeness."""
    head = [
        "method",
        "TAR at FAR 1e-3",
        "TAR at the privacy point",
        "worst recogniser",
        "rank-1 of 24",
        "worst recogniser",
    ]
    head += ["LPIPS", "age off by, years", "n"]
    out = [line(head), line(["---"] * len(head))]
    for row, e in rows.items():
        clean = e["held out"].get("clean")
        if clean:
            cells = [rate(clean, "TAR at FAR 1e-3"), rate(clean, "TAR at privacy"), worst(e, "TAR at privacy")]
            cells += [rate(clean, "rank-1"), worst(e, "rank-1"), median(e, "LPIPS (AlexNet, 256²)", 3)]
            out.append(line([row, *cells, median(e, "age difference (years)", 1), str(clean["rank-1"]["n"])]))
    return out


def by_verifier(rows: dict[str, Any], row: str) -> list[str]:
    """One method, every recogniser while it was held out."""
    head = ["recogniser, held out", "TAR at FAR 1e-3", "at the privacy point", "rank-1", "rank-5", "n"]
    out = [line(head), line(["---"] * len(head))]
    for name, splits in rows[row]["by verifier"].items():
        found = splits["held out"]
        if found:
            cells = [rate(found, k) for k in ("TAR at FAR 1e-3", "TAR at privacy", "rank-1", "rank-5")]
            out.append(line([name, *cells, str(found["rank-1"]["n"])]))
    return out


def main() -> None:
    result = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    rows = result["rows"]
    named = ("closest match (no protection)", "nearest, margin 1.5", "our path's border (dlib 0.6)")
    for title, lines in (
        ("README", short(rows)),
        ("Protection", protection(rows)),
        *((f"{row}, recogniser by recogniser", by_verifier(rows, row)) for row in named if row in rows),
        ("Likeness", likeness(rows)),
        ("Attackers and cost", attackers(rows)),
    ):
        print(f"### {title}\n", *lines, "", sep="\n")
    print(json.dumps({k: v for k, v in result.items() if k != "rows"}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
