// The frame of the page: signing in, language, which view the address asks for.

import { get, visit, whenSignedOut } from "./api.js";
import { h, say } from "./dom.js";
import { LANGUAGES, choose, current, load, preferred, sentence, t, told } from "./words.js";
import { start } from "./start.js";

const main = document.getElementById("main");
let about = null;
let leave = new AbortController();

const VIEWS = [
  [/^#\/?$/, start],
  [/^#\/job\/([\w-]+)$/, async (...at) => (await import("./live.js")).live(...at)],
  [/^#\/result\/([\w-]+)$/, async (...at) => (await import("./result.js")).result(...at)],
  [/^#\/face\/(.+)$/, async (...at) => (await import("./sculpt.js")).sculpt(...at)],
  [/^#\/faces(?:\/(\d{1,10}))?$/, async (...at) => (await import("./endless.js")).endless(...at)],
  [/^#\/persona\/([\w-]+)$/, async (...at) => (await import("./persona.js")).persona(...at)],
  [/^#\/gallery$/, async (...at) => (await import("./gallery.js")).gallery(...at)],
];

/** The token of a link such as /#token=…; it leaves the address bar and the history before anything else happens. */
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/** Shows `view` in the place of the one before, whose requests end. */
async function show(view, id, focus = true) {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  main.replaceChildren(h("p", { class: "waiting" }, t("loading")));
  const place = h("div", { class: "view" });
  const title = (words) => {
    document.title = `${words} · Doppelgänger Studio`;
  };
  try {
    await view(place, { id, signal, about, title, again: () => show(view, id, false) });
  } catch (error) {
    if (signal.aborted) return;
    if (!(await failed(error, place, title))) return;
  }
  if (signal.aborted) return;
  main.replaceChildren(place);
  marked();
  if (focus) arrive();
}

/** A view that could not be shown says why; false where another view takes over. */
async function failed(error, place, title) {
  if (error.code === "token") {
    await askToken();
    return false;
  }
  const missing = error.code === "not-found" || error.code === "gone";
  if (!error.code) console.error(error);
  const heading = t(missing ? "not_here.title" : "error.title");
  title(heading);
  place.replaceChildren(
    h("section", { class: "plain" },
      h("h1", { tabindex: "-1" }, heading),
      h("p", {}, missing ? t("not_here.text") : sentence(error.code ? error : { code: "trouble" })),
      h("p", {}, h("a", { class: "button", href: "#/" }, t("not_here.go")))));
  return true;
}

function arrive() {
  scrollTo(0, 0);
  main.querySelector("h1")?.focus({ preventScroll: true });
}

function route(focus = true) {
  for (const [pattern, view] of VIEWS) {
    const found = (location.hash || "#/").match(pattern);
    if (found) return show(view, found[1], focus);
  }
  return show(() => Promise.reject(Object.assign(new Error(), { code: "not-found" })), null, focus);
}

function askToken(wrong = false) {
  return show(async (...at) => {
    const { signin } = await import("./signin.js");
    return signin(...at, wrong, async () => {
      about = await get("/api/about");
      frame();
      await route();
    });
  });
}

function frame() {
  document.getElementById("skip").textContent = t("skip");
  document.getElementById("nav").replaceChildren(
    h("a", { href: "#/" }, t("nav.new")),
    h("a", { href: "#/faces" }, t("nav.faces")),
    h("a", { href: "#/gallery" }, t("nav.gallery")),
    ...Object.entries(LANGUAGES).filter(([name]) => name !== current()).map(([name, words]) =>
      h("button", { type: "button", class: "text", lang: name, on: { click: () => speak(name) } }, words)));
  document.getElementById("foot").replaceChildren(
    h("p", {}, t("foot.local"), " ", t("foot.hours", { hours: about.limits.keep_hours })),
    h("p", {}, told(about.licences).split("`").map((words, k) => (k % 2 ? h("code", {}, words) : words)), " ", t("foot.version", { version: about.version })));
  marked();
}

function marked() {
  const here = location.hash || "#/";
  for (const link of document.querySelectorAll("#nav a")) {
    const there = link.getAttribute("href");
    if (there === here || (there !== "#/" && here.startsWith(`${there}/`))) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

async function speak(name) {
  await choose(name);
  frame();
  await route(false);
  document.querySelector("#nav button").focus();
  say(LANGUAGES[name]);
}

async function enter() {
  const token = takeToken();
  [about] = await Promise.all([get("/api/about"), load(preferred())]);
  whenSignedOut(async () => {
    if (about.token_needed) return false;
    await visit(null);
    return true;
  });
  frame();
  if (token !== null || (!about.signed_in && !about.token_needed)) {
    try {
      await visit(token);
    } catch (error) {
      if (error.code !== "token") throw error;
      return askToken(true);
    }
  } else if (!about.signed_in) {
    return askToken();
  }
  return route(false);
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash is the address of the view
  (main.querySelector("h1") ?? main).focus();
});
addEventListener("hashchange", () => {
  const token = takeToken();
  if (token === null) return route();
  return visit(token).then(() => route(), () => askToken(true));
});
enter().catch(async (error) => {
  await load(preferred()).catch(() => {});
  await failed(error, main, () => {});
});
