// "Make this a persona": a name, how many pictures, and the search that keeps the person in each of them.

import { post } from "./api.js";
import { h, newId } from "./dom.js";
import { sentence, t } from "./words.js";

const COUNTS = [6, 12, 30];

/** `face()`: {face, strengths} as the sliders have them now. */
export function adopt(face, signal) {
  const id = newId("persona");
  const problem = h("p", { class: "problem", role: "alert" });
  const name = h("input", { id, type: "text", maxlength: 40, autocomplete: "off", "aria-describedby": `${id}-note` });
  const count = h("select", { id: `${id}-count` }, COUNTS.map((n) => h("option", { value: n, selected: n === COUNTS[1] }, t("adopt.count", { n }))));
  const go = h("button", { type: "submit", class: "button" }, t("adopt.go"));
  const submit = async (event) => {
    event.preventDefault();
    const wanted = name.value.trim();
    problem.textContent = wanted ? "" : t("adopt.nameless");
    if (!wanted) {
      name.focus();
      return;
    }
    go.disabled = true;
    try {
      const job = await post("/api/personas", { ...face(), name: wanted, pictures: Number(count.value) }, signal);
      location.hash = `#/job/${job.id}`;
    } catch (error) {
      if (signal.aborted) return;
      go.disabled = false;
      problem.textContent = error.code === "invalid" ? t("adopt.name_wrong") : sentence(error);
    }
  };
  return h("details", { class: "group adopt" },
    h("summary", {}, h("span", {}, t("adopt.title"))),
    h("form", { novalidate: true, on: { submit } },
      h("p", { id: `${id}-note` }, t("adopt.text")),
      h("div", { class: "row" },
        h("div", { class: "field" }, h("label", { for: id }, t("adopt.name")), name),
        h("div", { class: "field" }, h("label", { for: `${id}-count` }, t("adopt.pictures")), count), go), problem));
}
