// A finished result, as a visitor walks through it: the pair, the continuum, the border, and what to take away.

import { get, remove } from "./api.js";
import { searchAgain } from "./again.js";
import { bars } from "./bars.js";
import { continuum } from "./continuum.js";
import { confirmed } from "./dialog.js";
import { h, say } from "./dom.js";
import { doubt } from "./doubt.js";
import { swipe } from "./swipe.js";
import { takeAway } from "./takeaway.js";
import { faceOf, headline, panelOf, witnesses } from "./verdicts.js";
import { duration, named, number, relative, sentence, t, told } from "./words.js";

const MADE = "doppelgänger";
const CLOSEST = "closest match";

export async function result(place, { id, signal, about, title }) {
  const found = await get(`/api/results/${id}`, signal);
  const made = faceOf(found, MADE);
  const closest = faceOf(found, CLOSEST);
  const context = { about, signal };
  title(t("result.page"));
  place.append(
    h("section", { class: "pairing" },
      h("header", {},
        h("p", { class: "kicker" }, t(`result.kicker.${found.method === "nearest" ? "nearest" : "path"}`)),
        h("h1", { tabindex: "-1" }, headline(made)),
        h("p", { class: "lead" }, witnesses(made)),
        likenessWords(made, closest) && h("p", { class: "lead" }, likenessWords(made, closest))),
      pair(found),
      h("div", { class: "seen" },
        h("h2", {}, t("result.bars")), bars(made, closest), h("p", { class: "note" }, t("result.bars_note")))),
    warnings(found) ?? "",
    likenessScale(found, made, closest) ?? "",
    continuum(found, context),
    border(found),
    sculpted(found),
    takeAway(found, context),
    h("div", { class: "two" }, searchAgain(found, context), doubt(found, context)),
    numbers(found),
    ending(found, signal));
}

function picture(found, name, size = 512) {
  return `/api/results/${found.id}/pictures/${name}?size=${size}`;
}

function pair(found) {
  const left = { src: picture(found, "portrait"), alt: t("result.portrait_alt"), name: t("result.portrait") };
  const right = { src: picture(found, "doppelganger"), alt: t("result.doppelganger_alt"), name: t("result.doppelganger") };
  const figure = ({ src, alt, name }, note) =>
    h("figure", {}, h("img", { src, alt, width: 512, height: 512 }), h("figcaption", {}, h("b", {}, name), " ", note));
  const views = {
    side: () => h("div", { class: "pair" }, figure(left, t("result.portrait_note")), figure(right, t("result.doppelganger_note"))),
    swipe: () => h("div", { class: "pair one" }, h("figure", {}, swipe(left, right),
      h("figcaption", {}, `${left.name}: ${t("result.portrait_note")}. ${right.name}: ${t("result.doppelganger_note")}.`))),
  };
  const shown = h("div", {}, views.side());
  const buttons = Object.keys(views).map((name) => h("button", {
    type: "button", "aria-pressed": String(name === "side"),
    on: {
      click: (event) => {
        shown.replaceChildren(views[name]());
        for (const one of buttons) one.setAttribute("aria-pressed", String(one === event.currentTarget));
      },
    },
  }, t(`result.${name}`)));
  return h("div", { class: "pairbox" }, shown, h("div", { class: "choice", role: "group", "aria-label": t("result.view") }, buttons));
}

function measureOf(made, closest) {
  return Object.keys(made?.likeness ?? {}).find((name) => !closest || name in closest.likeness);
}

function likenessWords(made, closest) {
  const measure = measureOf(made, closest);
  if (!measure) return "";
  const values = { made: number(made.likeness[measure], 3), closest: closest && number(closest.likeness[measure], 3) };
  return t(closest ? "result.likeness_text" : "result.likeness_short", values);
}

/** Portrait, closest match, doppelgänger and mean face on one line of the measure that the search saw. */
function likenessScale(found, made, closest) {
  const measure = measureOf(made, closest);
  if (!measure) return null;
  const points = [
    ["portrait", 0], closest && ["closest", closest.likeness[measure]], ["doppelganger", made.likeness[measure]],
    found.lpips.length && ["mean", found.lpips[0]],
  ].filter(Boolean);
  const top = Math.max(...points.map(([, value]) => value)) * 1.04;
  const words = points.slice(1).map(([name, value]) => `${t(`result.${name}`)} ${number(value, 3)}`).join(", ");
  return h("section", { class: "likeness", "aria-labelledby": "likeness" },
    h("h2", { id: "likeness" }, t("result.likeness")),
    h("div", { class: "ruler", role: "img", "aria-label": t("result.likeness_scale", { points: words }) },
      points.map(([name, value]) => h("span", { class: `point ${name}`, css: { "--at": value / top } },
        h("b", {}, t(`result.${name}`)), h("small", {}, number(value, value ? 3 : 0))))),
    h("p", { class: "note" }, measure));
}

function warnings({ warnings: all }) {
  if (!all.length) return null;
  return h("section", { class: "warnings", "aria-labelledby": "warnings" },
    h("h2", { id: "warnings" }, t("result.warnings")), h("ul", {}, all.map((words) => h("li", {}, told(words)))));
}

function border(found) {
  const flip = panelOf(found)?.flips.at(-1);
  const words = h("h2", { id: "border" }, t("border.title"));
  if (!found.has.border || !flip) {
    return h("section", { class: "border", "aria-labelledby": "border" }, words, h("p", {}, t("border.none")));
  }
  const side = (name, picture_name, step) =>
    ({ src: picture(found, picture_name), alt: t(`border.${name}`), name: `${t(`border.${name}`)} · ${t("border.inside_note", { step })}` });
  return h("section", { class: "border", "aria-labelledby": "border" },
    h("div", {}, words, h("p", { class: "lead" }, t("border.text")), h("p", { class: "note" }, t("synthetic"))),
    swipe(side("inside", "border-inside", flip.inside), side("outside", "border-outside", flip.outside)));
}

function sculpted(found) {
  const to = (of, kind) => h("a", { class: kind, href: `#/face/${found.id}/${of}` }, t(`sculpt.enter_${of}`));
  return h("section", { class: "enter", "aria-labelledby": "sculpt" },
    h("h2", { id: "sculpt" }, t("sculpt.enter")), h("p", {}, t("sculpt.enter_text")),
    h("p", { class: "row" }, to("doppelganger", "button"), to("closest", "quiet")));
}

function numbers(found) {
  const row = (face) => face.verdicts.map((one) => h("tr", { class: one.different ? "lit" : "" },
    h("th", { scope: "row" }, one.verifier), h("td", {}, t(one.different ? "verdict.else" : "verdict.you")),
    h("td", { class: "n" }, number(one.distance, 3)), h("td", { class: "n" }, number(one.threshold, 3)),
    h("td", { class: "n" }, one.worst ? number(one.worst.distance, 3) : "–"), h("td", {}, one.worst ? named("disturbances", one.worst.name) : "–"),
    h("td", {}, t(one.held_out ? "verdict.not_told" : "verdict.told"))));
  const columns = ["recogniser", "verdict", "distance", "threshold", "worst", "after", "witness"];
  return h("details", { class: "numbers" },
    h("summary", {}, t("result.all_verdicts")),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("result.all_verdicts") },
      h("table", {},
        h("thead", {}, h("tr", {}, columns.map((key) => h("th", { scope: "col" }, t(`result.${key}`))))),
        found.faces.map((face) => h("tbody", {},
          h("tr", { class: "face" }, h("th", { scope: "rowgroup", colspan: columns.length }, named("faces", face.name))), row(face))))));
}

function ending(found, signal) {
  const problem = h("p", { class: "problem", role: "alert" });
  const seconds = Object.values(found.seconds).reduce((sum, one) => sum + one, 0);
  const erase = async () => {
    if (!(await confirmed(t("result.delete_ask"), t("result.delete_text")))) return;
    try {
      await remove(`/api/results/${found.id}`);
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
    h("p", { class: "note" },
      seconds > 0 && `${t("result.seconds", { time: duration(seconds) })} `, t("result.expires", { when: relative(found.expires) }),
      found.parent && [" ", h("a", { href: `#/result/${found.parent}` }, t("result.parent"))]),
    h("button", { type: "button", class: "quiet", on: { click: erase } }, t("result.delete")), problem);
}
