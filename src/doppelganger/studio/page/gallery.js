// One's own searches and results, each with its end.

import { get, remove } from "./api.js";
import { confirmed } from "./dialog.js";
import { h, say } from "./dom.js";
import { forget } from "./draft.js";
import { jobList } from "./joblist.js";
import { moment, relative, sentence, t } from "./words.js";

export async function gallery(place, { signal, about, title }) {
  const [{ results }, { personas }, { jobs }] = await Promise.all(
    ["/api/results", "/api/personas", "/api/jobs"].map((path) => get(path, signal)));
  title(t("gallery.page"));
  const open = jobs.filter((job) => job.state !== "done");
  const problem = h("p", { class: "problem", role: "alert" });
  const empty = () => h("p", { class: "nothing" }, t("gallery.empty"), " ", h("a", { href: "#/" }, t("not_here.go")));
  const shown = h("div", {});
  const cards = h("ul", { class: "cards" });
  cards.append(...results.map((one) => card(one)));
  shown.append(results.length ? cards : empty());

  function card({ id, created, expires, thumbnail, different, verifiers }) {
    const when = moment(created);
    const item = h("li", { class: "card" },
      h("a", { href: `#/result/${id}`, "aria-label": t("gallery.open", { when }) }, h("img", { src: thumbnail, alt: t("result.doppelganger_alt"), width: 256, height: 256 })),
      h("p", { class: different === verifiers ? "lamp lit" : "lamp" }, h("span", { class: "bulb", "aria-hidden": "true" }),
        h("span", {}, t("gallery.card", { n: different, of: verifiers }))),
      h("p", { class: "note" }, t("gallery.made", { when: relative(created) }), " · ", t("gallery.goes", { when: relative(expires) })),
      h("button", { type: "button", class: "quiet small", "aria-label": t("gallery.delete_label", { when }), on: { click: erase } }, t("gallery.delete")));
    async function erase() {
      if (!(await confirmed(t("result.delete_ask"), t("result.delete_text")))) return;
      problem.textContent = "";
      try {
        await remove(`/api/results/${id}`);
      } catch (error) {
        if (error.code !== "not-found") {
          problem.textContent = sentence(error);
          return;
        }
      }
      const next = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      if (next) next.querySelector("button").focus();
      else {
        shown.replaceChildren(empty());
        place.querySelector("h1").focus();
      }
      say(t("result.deleted"));
    }
    return item;
  }

  function person({ id, name, expires, thumbnail, pictures, same }) {
    return h("li", { class: "card" },
      h("a", { href: `#/persona/${id}`, "aria-label": t("gallery.open_persona", { name }) }, h("img", { src: thumbnail, alt: t("persona.reference_alt", { name }), width: 256, height: 256 })),
      h("p", { class: "lamp" }, h("b", {}, name)),
      h("p", { class: "note" }, t("persona.summary", { n: same, of: pictures }), " ", t("gallery.goes", { when: relative(expires) })));
  }

  async function eraseAll() {
    if (!(await confirmed(t("gallery.all_ask"), t("gallery.all_text")))) return;
    problem.textContent = "";
    try {
      await remove("/api/everything");
    } catch (error) {
      problem.textContent = sentence(error);
      return;
    }
    forget();
    for (const part of place.querySelectorAll(".atwork, .personas")) part.remove();
    shown.replaceChildren(empty());
    say(t("gallery.all_done"));
    place.querySelector("h1").focus();
  }

  place.append(h("section", { class: "gallery" },
    h("h1", { tabindex: "-1" }, t("gallery.title")),
    h("p", { class: "lead" }, t("gallery.text", { hours: about.limits.keep_hours })),
    open.length ? h("section", { class: "atwork" }, h("h2", {}, t("gallery.jobs")), jobList(open, signal)) : null,
    h("h2", {}, t("gallery.results")), shown,
    personas.length ? h("section", { class: "personas" }, h("h2", {}, t("gallery.personas")), h("ul", { class: "cards" }, personas.map(person))) : null,
    problem,
    h("div", { class: "ending" }, h("button", { type: "button", class: "quiet", on: { click: eraseAll } }, t("gallery.all")))));
}
