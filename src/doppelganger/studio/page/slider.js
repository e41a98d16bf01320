// A slider of one direction. What lies beyond the range in which recognisers take the face for the same person is in their colour.

import { h, newId } from "./dom.js";
import { branch, number, t } from "./words.js";

const STEPS = 80; // of a slider that counts in deviations; years and degrees go by halves

/** "+12°", "−1.5". */
export function amount({ unit }, value) {
  if (!value) return t("sculpt.unchanged");
  const digits = unit === "deviations" ? 1 : 0;
  const sign = value > 0 ? "+" : "−";
  return t(`sculpt.unit.${unit}`, { value: `${sign}${number(Math.abs(value), digits)}` });
}

/** {name, element, set(value)}; `moved(name, value)` while it is dragged, `settle()` when it is let go. */
export function slider(direction, first, { moved, settle }) {
  const { name, valid: [least, most], identity: [from, to], says, weak } = direction;
  const words = branch("sculpt.directions")[name] ?? { name: says, less: "", more: "" };
  const id = newId("slider");
  const step = direction.unit === "deviations" ? (most - least) / STEPS : 0.5;
  const share = (value) => (value - least) / (most - least);
  const output = h("output", { for: id });
  const range = h("input", {
    id, type: "range", min: least, max: most, step: "any", value: first, "aria-describedby": `${id}-ends`,
    on: { input: () => take(Number(range.value)), change: settle, keydown: pressed, dblclick: () => { take(0); settle(); } },
  });
  const element = h("div", { class: "slider", css: { "--from": share(from), "--to": share(to), "--zero": share(0) } },
    h("label", { for: id }, words.name, weak && h("small", {}, ` ${t("sculpt.weak")}`)), output,
    h("div", { class: "groove" }, h("div", { class: "marks", "aria-hidden": "true" }, h("i", { class: "same" }), h("i", { class: "zero" })), range),
    h("div", { class: "ends", id: `${id}-ends` }, h("span", {}, words.less), h("span", {}, words.more)));

  function snapped(value) {
    const near = Math.round(value / step) * step;
    return Math.min(Math.max(Math.round(near * 1000) / 1000, least), most);
  }

  function take(value) {
    set(value);
    moved(name, Number(range.value));
  }

  function set(value) {
    range.value = snapped(value);
    const now = Number(range.value);
    const beyond = now < from || now > to;
    output.textContent = amount(direction, now);
    element.classList.toggle("beyond", beyond);
    element.classList.toggle("moved", now !== 0);
    range.setAttribute("aria-valuetext", beyond ? t("sculpt.beyond", { value: output.textContent }) : output.textContent);
  }

  /** Arrow keys go one step, with the page keys five; the browser's own would be as fine as a pixel. */
  function pressed(event) {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key];
    const to_ = { Home: least, End: most }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || (by === undefined && to_ === undefined)) return;
    event.preventDefault();
    take(to_ ?? Number(range.value) + by * step);
  }

  set(first);
  return { name, element, set };
}
