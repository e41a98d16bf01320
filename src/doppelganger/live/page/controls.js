// The buttons beside the two pictures. Each does what its key does, and shows what the program says is so.

import { h } from "./dom.js";
import { number, percent, t } from "./words.js";

const key = (name) => h("kbd", { "aria-hidden": "true" }, name);

/** Buttons for one action each: `press(action)`. */
export function controls(press) {
  const switches = [];
  const button = (action, words, letter, properties = {}) =>
    h("button", { type: "button", class: "quiet small", title: t(`action.${action}`), on: { click: () => press(action) }, ...properties }, words, letter && key(letter));
  const toggle = (action, words, letter, is) => {
    const one = button(action, words, letter, { "aria-pressed": "false" });
    switches.push({ one, is });
    return one;
  };

  const zoom = h("output", { class: "value" });
  const overlay = h("output", { class: "value" });
  const score = h("p", { class: "note score", role: "status" });
  const rows = [
    h("div", { class: "control" }, h("span", { class: "label" }, t("control.zoom")), zoom,
      h("div", { class: "pads" }, icon("zoom-out", "−", "S"), icon("zoom-in", "+", "W"), icon("left", "←", "H"), icon("up", "↑", "U"), icon("down", "↓", "J"), icon("right", "→", "K"), button("reset-camera", t("control.reset"), "⇧Z"))),
    h("div", { class: "control" }, h("span", { class: "label" }, t("control.overlay")), overlay,
      h("div", { class: "pads" }, icon("overlay-less", "−", "Z"), icon("overlay-more", "+", "C"),
        toggle("landmarks", t("control.points"), "O", ({ settings }) => settings.landmarks),
        toggle("mirror-preview", t("control.mirror"), "R", ({ settings }) => settings.mirror_preview))),
    h("div", { class: "control" }, h("span", { class: "label" }, t("control.reference")), score,
      h("div", { class: "pads" }, button("calibrate", t("control.calibrate"), "X"), toggle("search-reference", t("control.search"), "F", ({ search }) => search !== null))),
    h("div", { class: "control" }, h("span", { class: "label" }, t("control.out")), h("span", {}),
      h("div", { class: "pads" }, toggle("mirror-output", t("control.mirror_out"), "T", ({ settings }) => settings.mirror_output),
        toggle("mode", t("control.swap"), "M", ({ mode }) => mode === "swap"), button("reload", t("control.reload"), "L"),
        toggle("times", t("control.times"), "I", ({ settings }) => settings.times))),
  ];

  function icon(action, sign, letter) {
    return h("button", { type: "button", class: "quiet small pad", title: `${t(`action.${action}`)} (${letter})`, "aria-label": t(`action.${action}`), on: { click: () => press(action) } }, sign);
  }

  function tell(state) {
    for (const { one, is } of switches) one.setAttribute("aria-pressed", is(state));
    zoom.textContent = t("unit.times", { value: number(1 / state.settings.framing.side, 2) });
    overlay.textContent = percent(state.settings.overlay);
    const { search } = state;
    score.textContent = !search ? "" : search.best === null ? t("control.no_score")
      : t("control.score", { now: search.now === null ? "–" : number(search.now, 0), best: number(search.best, 0) });
  }

  return { element: h("section", { class: "controls", "aria-label": t("control.label") }, rows), tell };
}
