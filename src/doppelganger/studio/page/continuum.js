// The continuum: a scrubber over the faces that the filmstrip keeps, and every recogniser's verdict beneath it.

import { post } from "./api.js";
import { h, say } from "./dom.js";
import { at, lanes, panelOf, runs } from "./verdicts.js";
import { number, ratio, sentence, t } from "./words.js";

export function continuum(result, { signal }) {
  const steps = result.filmstrip;
  const last = result.steps - 1;
  const borders = lanes(result);
  const source = (step) => `/api/results/${result.id}/frames/${step}`;
  const place = placeOf(steps);

  const face = h("img", { width: 256, height: 256, alt: "" });
  const step = h("span", {});
  const summary = h("p", { class: "summary" });
  const likeness = h("p", { class: "note" });
  const problem = h("p", { class: "problem", role: "alert" });
  const take = h("button", { type: "button", class: "quiet", on: { click: taken } }, t("continuum.take"));
  const frames = steps.map((one, k) => h("img", {
    src: source(one), alt: "", width: 96, height: 96, loading: "lazy", draggable: "false", on: { click: () => { range.value = k; range.focus(); show(); } },
  }));
  const range = h("input", {
    type: "range", min: 0, max: steps.length - 1, step: 1, value: nearest(steps, panelOf(result)),
    "aria-label": t("continuum.scrub"), on: { input: show },
  });
  const rows = borders.map((border) => lane(border, place));
  const flip = panelOf(result)?.flips.at(-1);
  const marker = flip && h("div", { class: "marker", css: { "--at": place((flip.inside + flip.outside) / 2) } }, h("span", {}, t("continuum.border")));

  function show() {
    const now = steps[range.value];
    const verdicts = borders.map((border) => at(border, now)).filter(Boolean);
    const n = verdicts.filter((one) => one.different).length;
    const count = { n, of: verdicts.length };
    face.src = source(now);
    face.alt = t("continuum.face_alt", { step: now });
    step.textContent = t("continuum.step", { step: now, last });
    summary.textContent = verdicts.length ? t("continuum.summary", count) : t("verdict.open");
    const lpips = result.lpips[Math.min(now, result.lpips.length - 1)];
    likeness.textContent = lpips === undefined ? "" : t("continuum.lpips", { value: number(lpips, 3) });
    range.setAttribute("aria-valuetext", t("continuum.value", { step: now, last, count: t("continuum.count", count) }));
    frames.forEach((frame, k) => frame.classList.toggle("now", k === Number(range.value)));
    reel.style.setProperty("--at", place(now));
    rows.forEach(({ update }, k) => update(at(borders[k], now)));
  }

  async function taken() {
    problem.textContent = "";
    take.disabled = true;
    try {
      const job = await post(`/api/results/${result.id}/take`, { step: steps[range.value] }, signal);
      location.hash = `#/job/${job.id}`;
    } catch (error) {
      if (signal.aborted) return;
      problem.textContent = sentence(error);
      say(problem.textContent);
      take.disabled = false;
    }
  }

  const reel = h("div", { class: "track", css: { "--n": steps.length } },
    h("div", { class: "frames", "aria-hidden": "true" }, frames), range,
    h("div", { class: "ends", "aria-hidden": "true" }, h("span", {}, t("continuum.mean")), h("span", {}, t("continuum.closest"))),
    h("ul", { class: "lanes", "aria-label": t("continuum.verdicts") }, rows.map(({ row }) => row)),
    h("div", { class: "needle", "aria-hidden": "true" }), marker);
  show();
  return h("section", { class: "continuum", "aria-labelledby": "continuum" },
    h("h2", { id: "continuum" }, t("continuum.title")), h("p", { class: "lead" }, t("continuum.text")),
    h("div", { class: "scrubbed" },
      h("figure", { class: "viewer" }, h("div", { class: "stage" }, face), h("figcaption", {}, step, " · ", t("synthetic_short"))),
      h("figure", { class: "viewer" },
        h("div", { class: "stage" }, h("img", { src: `/api/results/${result.id}/pictures/portrait?size=512`, alt: t("result.portrait_alt"), width: 512, height: 512, loading: "lazy" })),
        h("figcaption", {}, t("result.portrait"), " · ", t("real"))),
      h("div", { class: "beside" }, summary, likeness, take, h("p", { class: "note" }, t("continuum.take_note")), problem)),
    reel, h("p", { class: "note" }, t("continuum.asked")));
}

/** step → share of the track's width: every kept face has a cell of its own, a step between two lies between their middles. */
function placeOf(steps) {
  return (step) => {
    const after = Math.max(1, steps.findIndex((one) => one >= step));
    const [a, b] = [steps[after - 1], steps[after] ?? steps[after - 1] + 1];
    return (after - 1 + (step - a) / (b - a) + 0.5) / steps.length;
  };
}

/** Where the scrubber begins: the last kept face outside the panel's border; the closest match where there is none. */
function nearest(steps, panel) {
  const outside = panel?.flips.at(-1)?.outside;
  if (outside === undefined) return steps.length - 1;
  return Math.max(0, steps.findLastIndex((step) => step <= outside));
}

function lane(border, place) {
  const verdict = h("span", { class: "verdict" });
  const value = h("span", { class: "value" });
  const spans = runs(border).map(({ from, to, different }) =>
    h("i", { class: different ? "span else" : "span", css: { "--from": place(from), "--to": place(to) } }));
  const dots = border.scanned.map(([step, distance]) =>
    h("i", { class: distance > border.threshold ? "dot else" : "dot", css: { "--at": place(step) } }));
  const flips = border.flips.map(({ inside, outside }) => h("i", { class: "flip", css: { "--at": place((inside + outside) / 2) } }));
  const words = border.flips.length
    ? border.flips.map((flip) => t("continuum.lane_flip", flip)).join("; ") : t("continuum.lane_never");
  const row = h("li", { class: "lamp" },
    h("div", { class: "lane-head" },
      h("span", { class: "bulb", "aria-hidden": "true" }), h("span", { class: "who" }, border.verifier), verdict, value,
      h("span", { class: "offstage" }, `; ${words}`)),
    h("div", { class: "lane", "aria-hidden": "true", title: words }, spans, flips, dots));
  const update = (state) => {
    row.classList.toggle("lit", Boolean(state?.different));
    row.classList.toggle("asked", Boolean(state));
    row.classList.toggle("between", state?.measured === false);
    verdict.textContent = state ? t(state.different ? "verdict.else" : "verdict.you") : t("verdict.open");
    value.textContent = state ? ratio(state.ratio) : "";
  };
  return { row, update };
}
