// The bar chart of verdicts: distance over threshold, the border in the middle of sight.

import { h } from "./dom.js";
import { named, number, ratio, t } from "./words.js";

/** One bar a recogniser. `closest`: the record of the face without disguise, drawn hollow for comparison. */
export function bars(face, closest) {
  const values = face.verdicts.flatMap((one) => [one.distance, one.worst?.distance ?? 0].map((d) => d / one.threshold));
  const top = Math.max(1.6, ...values) * 1.06;
  return h("ul", { class: "bars", css: { "--border": 1 / top }, "aria-label": t("result.bars") },
    face.verdicts.map((one) => bar(one, closest?.verdicts.find((other) => other.verifier === one.verifier), top)));
}

function bar(one, before, top) {
  const far = one.distance / one.threshold;
  const worst = one.worst && one.worst.distance / one.threshold;
  const verdict = t(one.different ? "verdict.else" : "verdict.you");
  const words = one.worst
    ? t("result.bar", { name: one.verifier, verdict, ratio: ratio(far), worst: named("disturbances", one.worst.name), worst_ratio: ratio(worst) })
    : t("result.bar_clean", { name: one.verifier, verdict, ratio: ratio(far) });
  return h("li", { class: one.different ? "bar lit asked lamp" : "bar asked lamp" },
    h("div", { class: "lane-head", "aria-hidden": "true" },
      h("span", { class: "bulb" }), h("span", { class: "who" }, one.verifier),
      h("span", { class: one.held_out ? "witness held" : "witness" }, t(one.held_out ? "verdict.not_told" : "verdict.told")),
      h("span", { class: "said" }, h("span", { class: "verdict" }, verdict), " ", h("span", { class: "value" }, ratio(far)))),
    h("div", { class: "rail", role: "img", "aria-label": words, title: t("result.figures", { distance: number(one.distance, 3), threshold: number(one.threshold, 3) }) },
      h("i", { class: "fillbar", css: { "--to": far / top } }),
      before && h("i", { class: "before", css: { "--at": before.distance / before.threshold / top }, title: t("result.closest") }),
      one.worst && h("i", { class: "worst", css: { "--at": worst / top } }),
      h("i", { class: "edge" })));
}
