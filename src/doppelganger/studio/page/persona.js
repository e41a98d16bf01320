// A persona's contact sheet: every picture with what the recognisers say, each against the reference.

import { get, remove } from "./api.js";
import { confirmed } from "./dialog.js";
import { h, say } from "./dom.js";
import { list, named, number, percent, relative, sentence, t, told } from "./words.js";

export async function persona(place, { id, signal, title }) {
  const found = await get(`/api/personas/${id}`, signal);
  title(found.name);
  const source = (picture, size = 512) => `/api/personas/${id}/pictures/${picture}?size=${size}`;
  const total = found.pictures.length;
  const spans = found.spans;
  const width = (name) => (spans[name] ? spans[name][1] - spans[name][0] : 0);
  const looks = new Set(found.pictures.map((one) => one.hair)).size;
  const moods = new Set(found.pictures.map((one) => one.expression)).size;

  place.append(
    h("section", { class: "persona" },
      h("figure", {}, h("a", { href: source(0, 1024) }, h("img", { src: source(0), alt: t("persona.reference_alt", { name: found.name }), width: 512, height: 512 })),
        h("figcaption", {}, h("b", {}, t("persona.reference")), " ", t("synthetic_short"))),
      h("div", {},
        h("p", { class: "kicker" }, t("persona.kicker")),
        h("h1", { tabindex: "-1" }, found.name),
        h("p", { class: "summary" }, t("persona.summary", { n: found.same, of: total })),
        h("p", {}, t("persona.varies", {
          yaw: number(width("yaw"), 0), age: number(width("age"), 0), moods: t("persona.moods", { n: moods }), looks: t("persona.looks", { n: looks }),
        }), " ", found.pairs_same !== null && t("persona.pairs", { share: percent(found.pairs_same) })),
        h("p", { class: "note" }, told(found.consent)),
        h("p", { class: "row" },
          h("a", { class: "button", href: `/api/personas/${id}/downloads/contact-sheet.jpg`, download: "contact-sheet.jpg" }, t("persona.sheet")),
          h("a", { class: "quiet", href: `/api/personas/${id}/downloads/persona.zip`, download: "persona.zip" }, t("persona.zip"))))),
    h("section", { "aria-labelledby": "shots" },
      h("h2", { id: "shots" }, t("persona.pictures")), h("p", { class: "note" }, t("persona.pictures_note")),
      h("ul", { class: "shots" }, found.pictures.map((one) => shot(one, source)))),
    ending(found, signal));
}

function shot(one, source) {
  const no = one.verdicts.filter((verdict) => !verdict.same).map((verdict) => verdict.verifier);
  const words = one.same ? t("persona.same") : t("persona.not_same", { n: no.length, names: list(no) });
  const measured = [
    one.yaw !== null && t("persona.yaw", { degrees: number(one.yaw, 0) }), one.age !== null && t("attributes.age", { age: Math.round(one.age) }),
    named("persona.expressions", one.expression),
  ].filter(Boolean).join(" · ");
  return h("li", { class: one.same ? "shot" : "shot lost" },
    h("a", { href: source(one.number, 1024) }, h("img", { src: source(one.number, 256), alt: t("persona.alt", { n: one.number, words: measured }), width: 256, height: 256, loading: "lazy" })),
    h("p", { class: one.same ? "lamp" : "lamp lit" }, h("span", { class: "bulb", "aria-hidden": "true" }), h("span", {}, words)),
    h("p", { class: "note" }, measured, one.held < 1 && ` · ${t("persona.held", { share: percent(one.held) })}`));
}

function ending(found, signal) {
  const problem = h("p", { class: "problem", role: "alert" });
  const erase = async () => {
    if (!(await confirmed(t("persona.delete_ask", { name: found.name }), t("persona.delete_text")))) return;
    try {
      await remove(`/api/personas/${found.id}`);
    } catch (error) {
      if (signal.aborted) return;
      if (error.code !== "not-found") {
        problem.textContent = sentence(error);
        return;
      }
    }
    say(t("result.deleted"));
    location.hash = "#/gallery";
  };
  return h("section", { class: "ending" },
    h("p", { class: "note" }, t("result.expires", { when: relative(found.expires) }), " ", t("persona.elsewhere")),
    h("button", { type: "button", class: "quiet", on: { click: erase } }, t("persona.delete")), problem);
}
