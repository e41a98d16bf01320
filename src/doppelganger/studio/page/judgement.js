// "The same person?": every recogniser's word on a changed face, next to the unchanged one and next to the portrait.

import { h } from "./dom.js";
import { list, ratio, t } from "./words.js";

/** {element, asking(), update(said, changed), words()}; `own`: of a result, whose portrait is asked about as well. */
export function judgement(own) {
  const same = lamps(t("judgement.same"), "same");
  const portrait = own && lamps(t("judgement.portrait"), "you");
  const element = h("div", { class: "judgement" }, same.element, portrait && portrait.element);
  let words = "";

  function asking() {
    element.classList.add("asking");
  }

  function update(said, changed) {
    element.classList.remove("asking");
    const yes = said.same.filter((one) => one.same).length;
    const values = { n: yes, of: said.same.length };
    same.update(said.same, !changed ? t("judgement.unchanged") : said.same.length ? t("judgement.summary", values) : t("judgement.nobody"));
    words = same.said();
    if (!portrait) return;
    const you = said.portrait.filter((one) => one.same).map((one) => one.verifier);
    portrait.update(said.portrait, !said.portrait.length ? t("judgement.nobody") : you.length
      ? t("judgement.you", { n: you.length, names: list(you) }) : t("judgement.not_you", { n: said.portrait.length }));
    words = `${words} ${portrait.said()}`;
  }

  return { element, asking, update, words: () => words };
}

function lamps(heading, group) {
  const rows = h("ul", { class: "lamps", "aria-label": heading });
  const summary = h("p", { class: "verdictline" }, t("judgement.not_yet"));
  const element = h("section", {}, h("h2", {}, heading), summary, rows);
  const update = (verdicts, words) => {
    summary.textContent = words;
    rows.replaceChildren(...verdicts.map(({ verifier, distance, threshold, same }) =>
      h("li", { class: same ? "lamp asked" : "lamp asked lit" },
        h("span", { class: "bulb", "aria-hidden": "true" }), h("span", { class: "who" }, verifier),
        h("span", { class: "verdict" }, t(`judgement.${group}_${same ? "yes" : "no"}`)), h("span", { class: "value" }, ratio(distance / threshold)))));
  };
  return { element, update, said: () => summary.textContent };
}
