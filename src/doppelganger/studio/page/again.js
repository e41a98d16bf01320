// Another search from the same path: other margin, other recognisers told, other seed.

import { post } from "./api.js";
import { h } from "./dom.js";
import { goodSeed, marginWords, noneTold, searchOptions } from "./options.js";
import { list, sentence, t } from "./words.js";

export function searchAgain(result, { about, signal }) {
  const short = (name) => about.verifiers.find((one) => one.name === name || one.short === name)?.short;
  const unseen = result.held_out.map(short).filter(Boolean);
  const draft = {
    margin: result.margin ?? about.defaults.margin,
    held_out: unseen.length < about.verifiers.length ? unseen : [...about.defaults.held_out], // a taken face was never searched
    seed: result.seed ?? about.defaults.seed,
  };
  const now = t("again.now", { margin: marginWords(draft.margin), names: list(about.verifiers.filter((one) => draft.held_out.includes(one.short)).map((one) => one.name)) || t("again.nobody") });
  const problem = h("p", { class: "problem", role: "alert" });
  const go = h("button", { type: "submit", class: "button" }, t("again.go"));
  const submit = async (event) => {
    event.preventDefault();
    problem.textContent = noneTold(about, draft) ? t("options.told_none") : goodSeed(draft) ? "" : t("options.seed_wrong");
    if (problem.textContent) return;
    go.disabled = true;
    try {
      const job = await post(`/api/results/${result.id}/again`, draft, signal);
      location.hash = `#/job/${job.id}`;
    } catch (error) {
      if (signal.aborted) return;
      go.disabled = false;
      problem.textContent = sentence(error);
    }
  };
  return h("section", { class: "again", "aria-labelledby": "again" },
    h("h2", { id: "again" }, t("again.title")), h("p", {}, t("again.text")), h("p", { class: "note" }, now),
    h("form", { novalidate: true, on: { submit } }, h("div", { class: "options" }, searchOptions(about, draft)), go, problem));
}
