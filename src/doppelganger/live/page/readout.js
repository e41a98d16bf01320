// Frames a second, and where the time of a frame goes: from the camera to the screen, and its parts.

import { h } from "./dom.js";
import { number, t } from "./words.js";

const KEPT = 60; // frames over which the latency is taken

export function readout() {
  const cell = (name) => {
    const value = h("dd", { class: "value", id: `time-${name}` }, "–");
    return { name, value, row: h("div", {}, h("dt", {}, t(`times.${name}`)), value) };
  };
  const cells = Object.fromEntries(["fps", "latency", "worst", "pre", "model", "post", "trip", "trip_worst"].map((name) => [name, cell(name)]));
  const element = h("section", { class: "times", "aria-label": t("times.label") },
    h("dl", {}, Object.values(cells).map(({ row }) => row)), h("p", { class: "note" }, t("times.explain")));
  let latencies = [];
  let shown = 0;

  function drawn({ time, state }) {
    latencies.push(performance.now() - time);
    latencies = latencies.slice(-KEPT);
    if (performance.now() - shown < 250) return;
    shown = performance.now();
    const sorted = latencies.toSorted((a, b) => a - b);
    const at = (share) => sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
    const { fps, pre, model, post } = state.times;
    cells.fps.value.textContent = number(fps, 0);
    for (const name of ["trip", "trip_worst"]) cells[name].row.hidden = !state.server;
    const milliseconds = { latency: at(0.5), worst: at(0.95), pre, model, post, trip: state.server?.median, trip_worst: state.server?.p95 };
    for (const [name, value] of Object.entries(milliseconds)) {
      if (Number.isFinite(value)) cells[name].value.textContent = t("times.ms", { value: number(value, value < 10 ? 1 : 0) });
    }
  }

  return { element, drawn };
}
