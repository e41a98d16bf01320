// A page without an end: faces of nobody, one after the other, as long as somebody scrolls.

import { picture, post } from "./api.js";
import { anySeed } from "./address.js";
import { attributeList } from "./attributes.js";
import { h, say } from "./dom.js";
import { sentence, t } from "./words.js";

const AHEAD = "700px"; // how far below the window faces are drawn
const AT_ONCE = 48; // faces after which one is asked whether to go on: so there is an end to reach
const AGAIN = 1500; // ms until the next try where the Studio has others to draw for

export async function endless(place, { id, signal, title }) {
  title(t("endless.page"));
  let seed = id ? Number(id) : anySeed();
  if (!id) history.replaceState(null, "", `#/faces/${seed}`);
  let left = AT_ONCE;
  let near = false;
  let busy = false;
  const urls = [];
  signal.addEventListener("abort", () => urls.forEach((url) => URL.revokeObjectURL(url)));

  const faces = h("ul", { class: "endless", "aria-label": t("endless.page"), "aria-busy": "false" });
  const status = h("p", { class: "note", "aria-live": "off" }, t("sculpt.waking"));
  const problem = h("p", { class: "problem", role: "alert" });
  const more = h("button", { type: "button", class: "quiet", hidden: true, on: { click: () => { left = AT_ONCE; more.hidden = true; fill(); } } }, t("endless.more"));
  const bottom = h("div", { class: "bottom" }, status, more, problem);

  const watching = new IntersectionObserver(([entry]) => {
    near = entry.isIntersecting;
    fill();
  }, { rootMargin: `0px 0px ${AHEAD} 0px` });
  signal.addEventListener("abort", () => watching.disconnect());
  document.addEventListener("visibilitychange", fill, { signal });

  /** One face at a time, and only while the end of the page is near and somebody looks. */
  async function fill() {
    if (busy) return;
    busy = true;
    faces.setAttribute("aria-busy", "true");
    while (near && left > 0 && !document.hidden && !signal.aborted) {
      try {
        await next();
      } catch (error) {
        if (signal.aborted) return;
        if (!["state", "busy", "rate"].includes(error.code)) {
          problem.textContent = sentence(error);
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN));
      }
      near = bottom.getBoundingClientRect().top < innerHeight + Number.parseInt(AHEAD, 10);
    }
    faces.setAttribute("aria-busy", "false");
    busy = false;
    if (left <= 0 && more.hidden) {
      more.hidden = false;
      status.textContent = t("endless.pause", { n: faces.children.length });
    }
  }

  async function next() {
    const one = { face: { seed }, strengths: {}, patient: true };
    const blob = await picture("/api/faces/picture", { ...one, size: 512 }, signal);
    const url = URL.createObjectURL(blob);
    urls.push(url);
    const words = h("ul", { class: "chips" });
    const image = h("img", { src: url, alt: t("endless.alt", { seed }), width: 512, height: 512 });
    faces.append(h("li", {}, h("a", { href: `#/face/${seed}` }, image, h("span", { class: "seed" }, t("endless.seed", { seed }))), words));
    seed = (seed + 1) % 2 ** 32;
    left -= 1;
    problem.textContent = "";
    const said = await post("/api/faces/reading", one, signal);
    status.textContent = t(said.job_under_way ? "endless.slowed" : "endless.loading");
    const read = said.attributes ? attributeList(said.attributes) : [t("endless.unread")];
    words.replaceChildren(...read.map((word) => h("li", {}, word)));
    image.alt = t("endless.alt_read", { seed: one.face.seed, words: read.join(", ") });
  }

  place.append(h("section", { class: "faces" },
    h("header", {},
      h("h1", { tabindex: "-1" }, t("endless.title")), h("p", { class: "lead" }, t("endless.text")),
      h("p", { class: "row" }, h("button", {
        type: "button", class: "quiet small", on: { click: () => { say(t("loading")); location.hash = `#/faces/${anySeed()}`; } },
      }, t("endless.others")))),
    faces, bottom));
  watching.observe(bottom);
}
