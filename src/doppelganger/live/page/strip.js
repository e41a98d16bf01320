// The avatars in their order, with the numbers of their keys.

import { get } from "./api.js";
import { h } from "./dom.js";
import { t } from "./words.js";

/** `wear(place)` and `invent()` when they are pressed. `tell(state)` after every answer; `changed()` once other avatars are there. */
export function strip({ wear, invent, changed }) {
  const list = h("ul", { class: "strip", "aria-label": t("strip.label") });
  const more = h("button", { type: "button", class: "avatar-button new", on: { click: invent }, title: t("action.invent") },
    h("span", { class: "plus", "aria-hidden": "true" }, "+"), h("span", { class: "who" }, t("strip.new")), h("kbd", {}, "Q"));
  let version = null;
  let names = [];
  let buttons = [];
  let images = [];

  async function read(wanted) {
    version = wanted;
    const told = await get("/api/avatars").catch(() => null);
    if (told === null) {
      version = null;
      return;
    }
    ({ names } = told);
    images = names.map((name, place) => h("img", { src: `/api/avatars/${place}/picture?v=${told.version}`, alt: "", width: 88, height: 88 }));
    buttons = names.map((name, place) => h("button", { type: "button", class: "avatar-button", "aria-pressed": "false", title: name, on: { click: () => wear(place) } },
      images[place], place < 9 && h("kbd", {}, place + 1), h("span", { class: "who" }, name)));
    list.replaceChildren(...[...buttons, more].map((button) => h("li", {}, button)));
    changed();
  }

  function tell(state) {
    if (state.shelf !== version) read(state.shelf);
    buttons.forEach((button, place) => button.setAttribute("aria-pressed", place === state.place));
    more.classList.toggle("busy", state.inventing);
    more.disabled = state.inventing;
    more.querySelector(".who").textContent = t(state.inventing ? "strip.making" : "strip.new");
  }

  return { element: list, tell, name: (place) => names[place] ?? "", picture: (place) => images[place] ?? null };
}
