// One face and its sliders: it changes while one drags, in full size and judged when one lets go.

import { get, picture, post } from "./api.js";
import { addressOf, baseOf, changes } from "./address.js";
import { adopt } from "./adopt.js";
import { attributeWords } from "./attributes.js";
import { h, say } from "./dom.js";
import { groups } from "./groups.js";
import { judgement } from "./judgement.js";
import { slider } from "./slider.js";
import { sentence, t } from "./words.js";

const SETTLED = 350; // ms without a change, after which a face is drawn in full size and judged
const OPEN = 3; // groups that are open at first

export async function sculpt(place, { id, signal, title }) {
  const { face, strengths: asked } = baseOf(id);
  const { directions } = await get("/api/directions", signal);
  const own = "result" in face;
  title(t("sculpt.page"));
  let strengths = changes(asked, directions);
  const past = [];
  const future = [];
  let settled = strengths;

  const image = h("img", { width: 1024, height: 1024, alt: t("sculpt.alt") });
  const before = h("img", { width: 512, height: 512, alt: t("sculpt.before_alt"), class: "before" });
  const caption = h("figcaption", { "aria-live": "off" }, t("sculpt.waking"));
  const read = h("p", { class: "reads" });
  const problem = h("p", { class: "problem", role: "alert" });
  const brief = h("p", { class: "brief", "aria-hidden": "true" });
  const stage = h("div", { class: "stage drawing" }, image, before);
  const verdicts = judgement(own);
  const urls = new Map();
  let timer = 0;
  signal.addEventListener("abort", () => {
    for (const url of urls.values()) URL.revokeObjectURL(url);
    clearTimeout(timer);
  });

  const draw = latest(async ({ size, of }) => {
    const blob = await picture("/api/faces/picture", { face, strengths: of, size }, signal);
    show(image, blob);
    caption.textContent = t(size === 1024 ? "sculpt.whole" : "sculpt.preview");
    stage.classList.remove("drawing");
    problem.textContent = "";
    if (size === 1024) judge({ of });
  });
  const judge = latest(async ({ of }) => {
    verdicts.asking();
    const said = await post("/api/faces/reading", { face, strengths: of }, signal);
    if (of !== strengths) return; // changed meanwhile
    verdicts.update(said, Object.keys(of).length > 0);
    read.textContent = said.attributes ? t("sculpt.reads", { words: attributeWords(said.attributes) }) : t("sculpt.reads_nothing");
    brief.textContent = verdicts.words();
    say(`${read.textContent} ${verdicts.words()}`);
  });

  /** Only the newest wish is ever asked for, and one at a time: a dragged slider never queues. */
  function latest(act) {
    let wanted = null;
    let busy = false;
    return async (wish) => {
      wanted = wish;
      if (busy) return;
      busy = true;
      while (wanted && !signal.aborted) {
        const now = wanted;
        wanted = null;
        try {
          await act(now);
        } catch (error) {
          if (signal.aborted) return;
          if (error.code === "state") continue; // another tab of this visitor was newer
          problem.textContent = sentence(error);
          stage.classList.remove("drawing");
        }
      }
      busy = false;
    };
  }

  function show(where, blob) {
    URL.revokeObjectURL(urls.get(where));
    urls.set(where, URL.createObjectURL(blob));
    where.src = urls.get(where);
  }

  /** A slider has moved. */
  function moved(name, value) {
    strengths = { ...strengths };
    if (value) strengths[name] = value;
    else delete strengths[name];
    compare(false);
    draw({ size: 256, of: strengths });
    clearTimeout(timer);
    timer = setTimeout(settle, SETTLED);
  }

  function settle() {
    clearTimeout(timer);
    if (JSON.stringify(settled) !== JSON.stringify(strengths)) {
      past.push(settled);
      future.length = 0;
      settled = strengths;
    }
    finish();
  }

  function finish() {
    history.replaceState(null, "", addressOf(face, strengths));
    buttons();
    counts();
    draw({ size: 1024, of: strengths });
  }

  function put(to) {
    strengths = settled = to;
    for (const one of rows) one.set(strengths[one.name] ?? 0);
    compare(false);
    finish();
  }
  function undo() {
    if (!past.length) return;
    future.push(settled);
    put(past.pop());
  }
  function redo() {
    if (!future.length) return;
    past.push(settled);
    put(future.pop());
  }
  function reset() {
    past.push(settled);
    future.length = 0;
    put({});
  }

  const rows = directions.map((one) => slider(one, strengths[one.name] ?? 0, { moved, settle }));
  const parts = groups(directions).map(({ name, members }, k) => {
    const count = h("span", { class: "count" });
    const mine = rows.filter((row) => members.includes(row.name));
    return {
      count, mine,
      element: h("details", { class: "group", open: k < OPEN || mine.some((row) => strengths[row.name]) },
        h("summary", {}, h("span", {}, t(`sculpt.groups.${name}`)), count), mine.map((row) => row.element)),
    };
  });
  function counts() {
    for (const { count, mine } of parts) {
      const n = mine.filter((row) => strengths[row.name]).length;
      count.textContent = n ? t("sculpt.changed", { n }) : "";
    }
  }

  const button = (key, act, kind = "quiet small") => h("button", { type: "button", class: kind, on: { click: act } }, t(`sculpt.${key}`));
  const back = button("undo", undo);
  const forth = button("redo", redo);
  const clear = button("reset", reset);
  const shown = h("button", { type: "button", class: "quiet small", "aria-pressed": "false", on: { click: () => compare(shown.getAttribute("aria-pressed") !== "true") } }, t("sculpt.before"));
  function buttons() {
    back.disabled = !past.length;
    forth.disabled = !future.length;
    clear.disabled = shown.disabled = !Object.keys(strengths).length;
  }
  async function compare(on) {
    shown.setAttribute("aria-pressed", String(on));
    if (on && !before.src) {
      try {
        show(before, await picture("/api/faces/picture", { face, strengths: {}, size: 512 }, signal));
      } catch (error) {
        if (!signal.aborted) problem.textContent = sentence(error);
        return;
      }
    }
    stage.classList.toggle("compared", on && shown.getAttribute("aria-pressed") === "true");
  }

  const save = button("download", async () => {
    save.disabled = true;
    try {
      const blob = await picture("/api/faces/picture", { face, strengths, size: 1024, form: "png" }, signal);
      const url = URL.createObjectURL(blob);
      h("a", { href: url, download: own ? "face.png" : `face-${face.seed}.png` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (error) {
      if (!signal.aborted) problem.textContent = sentence(error);
    }
    save.disabled = false;
  }, "button small");
  const link = h("input", { type: "text", readonly: true, hidden: true, "aria-label": t("sculpt.link") });
  const copy = button("link", async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      copied.textContent = t("sculpt.copied");
      say(copied.textContent);
    } catch { // the browser does not let us: show it instead
      link.hidden = false;
      link.value = location.href;
      link.select();
    }
  });
  const copied = h("span", { class: "note" });

  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("input[type=text]")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) redo();
    else undo();
  }, { signal });

  place.append(h("section", { class: "sculpt" },
    h("header", {},
      h("p", { class: "kicker" }, own ? t(`sculpt.of.${face.of}`) : t("sculpt.of.seed", { seed: face.seed })),
      h("h1", { tabindex: "-1" }, t("sculpt.title"))),
    h("div", { class: "result" },
      h("div", { class: "shown" },
        h("figure", { class: "viewer" }, stage, caption),
        h("div", { class: "tools" }, back, forth, clear, shown, copy, save, copied, brief), link, problem),
      h("div", { class: "said" }, read, verdicts.element,
        h("p", { class: "note" }, own ? t("sculpt.own_note") : t("synthetic")))),
    h("div", { class: "desk" },
      h("ul", { class: "note legend" }, ["same", "else"].map((key) => h("li", {}, h("i", { class: `key ${key}` }), t(`sculpt.legend_${key}`)))),
      parts.map(({ element }) => element), adopt(() => ({ face, strengths }), signal))));
  buttons();
  counts();
  draw({ size: 1024, of: strengths });
}
