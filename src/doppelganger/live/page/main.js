// The page of a call: signing in, and the parts put together.

import { get, visit } from "./api.js";
import { room } from "./room.js";
import { sheet } from "./keys.js";
import { h, say } from "./dom.js";
import { LANGUAGES, choose, current, load, preferred, sentence, t } from "./words.js";

const main = document.getElementById("main");
let about = null;

/** The token of a link such as /#token=…; it leaves the address bar and the history before anything else happens. */
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(null, "", location.pathname);
  return token;
}

function frame() {
  document.getElementById("skip").textContent = t("skip");
  document.getElementById("nav").replaceChildren(
    h("button", { type: "button", class: "text", on: { click: () => sheet(about.keys) } }, t("nav.keys"), " ", h("kbd", { "aria-hidden": "true" }, "?")),
    ...Object.entries(LANGUAGES).filter(([name]) => name !== current()).map(([name, words]) =>
      h("button", { type: "button", class: "text", lang: name, on: { click: () => speak(name) } }, words)));
  document.getElementById("foot").replaceChildren(h("p", { id: "kept" }, t("foot.local")), h("p", {}, t("foot.version", { version: about.version })));
}

/** Another language: the room is built anew, which ends nothing but the page's own part of the call. */
async function speak(name) {
  await choose(name);
  location.reload();
}

async function askToken(wrong) {
  const { signin } = await import("./signin.js");
  const place = h("div");
  const title = (words) => {
    document.title = `${words} · Doppelgänger Live`;
  };
  signin(place, { title }, wrong, open);
  main.replaceChildren(place);
}

async function open() {
  about = await get("/api/about");
  frame();
  room(main, about);
}

async function enter() {
  const token = takeToken();
  await load(preferred());
  about = await get("/api/about");
  frame();
  if (token !== null) {
    try {
      await visit(token);
    } catch (error) {
      if (error.code !== "token") throw error;
      return askToken(true);
    }
  } else if (about.token_needed && !about.signed_in) {
    return askToken(false);
  }
  return open();
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => location.reload());
enter().catch((error) => {
  if (!error.code) console.error(error);
  const words = sentence(error.code ? error : { code: "trouble" });
  main.replaceChildren(h("section", { class: "plain" }, h("p", { class: "problem" }, words)));
  say(words);
});
