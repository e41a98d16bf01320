// "Try to recognise me": another photo, every recogniser's word on it next to the portrait and next to the doppelgänger.

import { send } from "./api.js";
import { h, say } from "./dom.js";
import { intake } from "./intake.js";
import { number, ratio, sentence, t } from "./words.js";

export function doubt(result, { about, signal }) {
  const zone = h("div", { class: "dropzone" });
  const answer = h("div", { class: "answer" });
  const problem = h("p", { class: "problem", role: "alert" });
  const { input, open } = intake(zone, { signal, label: t("doubt.choose"), onPicture: ask });
  const button = h("button", { type: "button", class: "quiet", on: { click: open } }, t("doubt.choose"));
  zone.append(h("p", {}, t("doubt.drop")), button, input);
  let url = null;
  signal.addEventListener("abort", () => URL.revokeObjectURL(url));

  async function ask(file) {
    problem.textContent = "";
    if (file.size > about.limits.bytes) {
      problem.textContent = t("start.too_big", { mb: number(about.limits.bytes / 1e6, 0) });
      return;
    }
    answer.replaceChildren(h("p", { class: "waiting" }, t("doubt.asking")));
    say(t("doubt.asking"));
    try {
      const said = await send(`/api/results/${result.id}/recognise`, file, signal);
      URL.revokeObjectURL(url);
      url = URL.createObjectURL(file);
      show(said);
    } catch (error) {
      if (signal.aborted) return;
      answer.replaceChildren();
      problem.textContent = sentence(error);
    }
  }

  function show({ faces, verdicts }) {
    const same = (whose) => verdicts.filter((one) => one[whose].same).length;
    const summary = t("doubt.summary", { portrait: same("portrait"), doppelganger: same("doppelganger"), of: verdicts.length });
    const cell = (one, threshold) => h("td", { class: one.same ? "" : "lit" },
      h("span", { class: "bulb", "aria-hidden": "true" }), ` ${t(one.same ? "doubt.same" : "doubt.different")} `, h("small", {}, ratio(one.distance / threshold)));
    answer.replaceChildren(
      h("img", { src: url, alt: t("doubt.photo"), width: 160, on: { error: (event) => event.target.remove() } }),
      h("div", {},
        h("p", { class: "summary" }, summary),
        faces > 1 && h("p", { class: "note" }, t("doubt.many", { n: faces })),
        h("table", {},
          h("caption", { class: "offstage" }, t("doubt.caption")),
          h("thead", {}, h("tr", {}, ["result.recogniser", "doubt.portrait", "doubt.doppelganger"].map((key) => h("th", { scope: "col" }, t(key))))),
          h("tbody", {}, verdicts.map((one) => h("tr", {},
            h("th", { scope: "row" }, one.verifier), cell(one.portrait, one.threshold), cell(one.doppelganger, one.threshold)))))));
    say(summary);
  }

  return h("section", { class: "doubt", "aria-labelledby": "doubt" },
    h("h2", { id: "doubt" }, t("doubt.title")), h("p", {}, t("doubt.text")), zone, problem, answer);
}
