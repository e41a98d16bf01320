// Two pictures on each other; a handle uncovers the one or the other, by mouse, finger and arrow keys.

import { h } from "./dom.js";
import { percent, t } from "./words.js";

/** `left` and `right`: {src, alt, name}. */
export function swipe(left, right) {
  const value = () => t("result.swipe_value", { percent: percent(range.value / 100), left: left.name });
  const range = h("input", {
    type: "range", min: 0, max: 100, step: 1, value: 50, "aria-label": t("result.swipe_label", { left: left.name, right: right.name }),
    on: {
      input: () => {
        box.style.setProperty("--x", `${range.value}%`);
        range.setAttribute("aria-valuetext", value());
      },
    },
  });
  const box = h("div", { class: "wipe" },
    h("img", { src: right.src, alt: right.alt, width: 512, height: 512, draggable: "false" }),
    h("img", { src: left.src, alt: left.alt, width: 512, height: 512, class: "over", draggable: "false" }),
    h("span", { class: "tag left", "aria-hidden": "true" }, left.name), h("span", { class: "tag right", "aria-hidden": "true" }, right.name),
    h("span", { class: "handle", "aria-hidden": "true" }), range);
  range.setAttribute("aria-valuetext", value());
  return box;
}
