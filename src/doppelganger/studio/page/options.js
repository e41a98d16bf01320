// What a person may choose about a search: margin, who is told, seed; for a new portrait also background and keeping.

import { h, newId } from "./dom.js";
import { number, percent, t } from "./words.js";

/** The margin in words. */
export function marginWords(value) {
  if (value < 0.005) return t("options.margin_at");
  if (Math.abs(value - 1) < 0.005) return t("options.margin_strangers");
  return value < 1 ? t("options.margin_near", { percent: percent(value) }) : t("options.margin_beyond", { value: number(value) });
}

/** {fields: elements, read(): the chosen values, or throws a Refusal whose field has the focus} over the mutable `draft`. */
export function searchOptions(about, draft) {
  return [margin(about, draft), told(about, draft), seed(draft)];
}

function margin(about, draft) {
  const id = newId("margin");
  const output = h("output", { for: id }, marginWords(draft.margin));
  const range = h("input", {
    id, type: "range", min: about.margins.least, max: about.margins.most, step: 0.05, value: draft.margin,
    "aria-valuetext": marginWords(draft.margin), "aria-describedby": `${id}-note`,
    on: {
      input: () => {
        draft.margin = Number(range.value);
        output.textContent = marginWords(draft.margin);
        range.setAttribute("aria-valuetext", output.textContent);
      },
    },
  });
  return h("div", { class: "field" },
    h("label", { for: id }, t("options.margin")), output, range,
    h("div", { class: "scale", "aria-hidden": "true" },
      h("span", {}, t("options.margin_least")), h("span", {}, t("options.margin_one")), h("span", {}, t("options.margin_most"))),
    h("p", { class: "note", id: `${id}-note` }, t("options.margin_note")));
}

function told(about, draft) {
  const problem = h("p", { class: "problem", role: "alert" });
  const box = ({ short, name }) => h("label", { class: "check" },
    h("input", {
      type: "checkbox", checked: !draft.held_out.includes(short),
      on: {
        change: (event) => {
          const others = draft.held_out.filter((one) => one !== short);
          draft.held_out = event.target.checked ? others : [...others, short];
          problem.textContent = noneTold(about, draft) ? t("options.told_none") : "";
        },
      },
    }),
    h("span", {}, name));
  return h("fieldset", { class: "field" },
    h("legend", {}, t("options.told")),
    h("div", { class: "checks" }, about.verifiers.map(box)),
    h("p", { class: "note" }, t("options.told_note")), problem);
}

export const noneTold = (about, draft) => about.verifiers.every(({ short }) => draft.held_out.includes(short));

function seed(draft) {
  const id = newId("seed");
  const problem = h("p", { class: "problem", role: "alert" });
  const field = h("input", {
    id, type: "number", min: 0, max: 2 ** 31 - 1, step: 1, value: draft.seed, inputmode: "numeric", "aria-describedby": `${id}-note`,
    on: {
      input: () => {
        draft.seed = field.value === "" ? NaN : Number(field.value);
        problem.textContent = goodSeed(draft) ? "" : t("options.seed_wrong");
      },
    },
  });
  return h("div", { class: "field short" },
    h("label", { for: id }, t("options.seed")), field, h("p", { class: "note", id: `${id}-note` }, t("options.seed_note")), problem);
}

export const goodSeed = ({ seed: value }) => Number.isInteger(value) && value >= 0 && value < 2 ** 31;

export function pictureOptions(draft) {
  const id = newId("background");
  const colour = h("input", {
    type: "color", value: draft.colour, "aria-label": t("options.colour"), hidden: draft.background !== "colour",
    on: { input: () => { draft.colour = colour.value; } },
  });
  const select = h("select", {
    id, on: { change: () => { draft.background = select.value; colour.hidden = draft.background !== "colour"; } },
  }, ["own", "plain", "blur", "colour"].map((name) =>
    h("option", { value: name, selected: draft.background === name }, t(`options.backgrounds.${name}`))));
  return [
    h("div", { class: "field short" }, h("label", { for: id }, t("options.background")), h("div", { class: "row" }, select, colour)),
    h("div", { class: "field" },
      h("label", { class: "check" },
        h("input", { type: "checkbox", checked: draft.keep, on: { change: (event) => { draft.keep = event.target.checked; } } }),
        h("span", {}, t("options.keep"))),
      h("p", { class: "note" }, t("options.keep_note"))),
  ];
}

/** As the API wants it: null, "plain", "blur" or "#rrggbb". */
export const backgroundOf = ({ background, colour }) => ({ own: null, colour })[background] ?? (background === "own" ? null : background);
