// A lamp a recogniser: lit when it takes the face for somebody else.

import { h } from "./dom.js";
import { ratio, t } from "./words.js";

/** A list whose `update([{name, ratio, different, measured, note}])` says what each says now; `missing`: the words for one that was not asked. */
export function lamps(names, label) {
  const rows = names.map((name) => {
    const value = h("span", { class: "value" });
    const verdict = h("span", { class: "verdict" });
    const row = h("li", { class: "lamp" }, h("span", { class: "bulb", "aria-hidden": "true" }), h("span", { class: "who" }, name), verdict, value);
    return { name, row, value, verdict };
  });
  const element = h("ul", { class: "lamps", "aria-label": label }, rows.map(({ row }) => row));
  const update = (states, missing = t("live.none_yet")) => {
    for (const { name, row, value, verdict } of rows) {
      const state = states.find((one) => one.name === name);
      row.classList.toggle("lit", Boolean(state?.different));
      row.classList.toggle("asked", Boolean(state));
      value.textContent = state ? ratio(state.ratio) : "–";
      verdict.textContent = state ? t(state.different ? "verdict.else" : "verdict.you") : missing;
      row.classList.toggle("between", state ? state.measured === false : false);
      row.title = state?.measured === false ? t("verdict.between") : "";
    }
  };
  return { element, update };
}
