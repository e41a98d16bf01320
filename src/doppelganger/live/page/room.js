// The room of a call: the avatar large, the person small, and what goes on between them.

import { controls } from "./controls.js";
import { h, say } from "./dom.js";
import { listen } from "./keys.js";
import { link } from "./link.js";
import { readout } from "./readout.js";
import { selfview } from "./selfview.js";
import { stage } from "./stage.js";
import { strip } from "./strip.js";
import { t, told as translated } from "./words.js";
import { webcam } from "./webcam.js";

export function room(main, { keys }) {
  let state = null;
  let cameraIs = "off";
  let linkIs = "away";
  let gate = null; // of the last frame
  let stale = true;

  const title = h("h1", { tabindex: "-1" }, t("loading"));
  const words = h("span", { class: "words" });
  const lamp = h("p", { class: "lamp gate" }, h("span", { class: "bulb", "aria-hidden": "true" }), words);
  const problem = h("p", { class: "problem", role: "alert" });
  const picker = h("select", { id: "camera", on: { change: () => camera.on(picker.value) } });
  const choosing = h("div", { class: "picker", hidden: true }, h("label", { for: "camera" }, t("camera.label")), picker);

  const times = readout();
  const large = stage((reply) => times.drawn(reply));
  const small = selfview();
  const line = link({ told, changed: linked });
  const camera = webcam({ seen: small.draw, wanted: () => line.free, packed: line.frame, changed: filmed });
  const avatars = strip({ wear: line.wear, invent: () => press("invent"), changed: () => state && tell() });
  const panel = controls(press);

  const power = h("button", { type: "button", class: "button small", id: "power", on: { click: () => (camera.live ? camera.off() : camera.on()) } }, t("button.camera_on"));
  const onOff = h("button", { type: "button", class: "quiet small", id: "on-off", on: { click: () => press("on-off") } });
  const alone = h("button", { type: "button", class: "quiet small", title: t("action.full-screen"), on: { click: () => clean(true) } }, t("button.alone"));
  const full = h("button", { type: "button", class: "quiet small", title: t("action.full-screen"), on: { click: () => press("full-screen") } }, t("button.full"), h("kbd", { "aria-hidden": "true" }, "V"));
  const take = h("button", { type: "button", class: "button small", hidden: true, on: { click: line.takeOver } }, t("link.take"));

  main.replaceChildren(h("div", { class: "room" },
    h("div", { class: "shown" }, title, large.element, lamp, h("div", { class: "row" }, power, onOff, alone, full), avatars.element),
    h("aside", { class: "own" }, h("h2", {}, t("self.title")), small.element, choosing, problem, take, panel.element, times.element)));

  function press(action) {
    if (action === "full-screen") return document.body.classList.contains("clean") ? clean(false) : fullScreen();
    if (action === "quit") return document.body.classList.contains("clean") ? clean(false) : camera.off();
    return line.do(action);
  }

  /** The avatar and nothing else, for a program that captures the window. */
  function clean(yes) {
    document.body.classList.toggle("clean", yes);
    if (!yes && document.fullscreenElement) document.exitFullscreen();
  }

  function fullScreen() {
    clean(true);
    document.documentElement.requestFullscreen?.().catch(() => {});
  }

  function told(reply) {
    ({ state } = reply);
    if (state.gate !== null) {
      ({ gate } = state);
      large.show(reply);
    }
    tell();
  }

  function linked(word) {
    linkIs = word;
    take.hidden = word !== "busy" && word !== "taken";
    if (word !== "open") gate = null;
    if (word === "taken") camera.off();
    complain();
    if (state) tell();
  }

  async function filmed(word) {
    cameraIs = word;
    if (word === "on") {
      line.again();
      await list();
    } else {
      gate = null;
      small.clear();
    }
    power.textContent = t(camera.live ? "button.camera_off" : "button.camera_on");
    power.classList.toggle("button", !camera.live);
    power.classList.toggle("quiet", camera.live);
    complain();
    if (state) tell();
  }

  async function list() {
    const found = await camera.list();
    picker.replaceChildren(...found.map(({ id, name }, n) => h("option", { value: id, selected: id === camera.chosen }, name || t("camera.any", { n: n + 1 }))));
    choosing.hidden = found.length === 0;
  }

  function complain() {
    const trouble = linkIs !== "open" ? t(`link.${linkIs}`)
      : cameraIs !== "on" && cameraIs !== "off" ? t(`camera.${cameraIs}`)
      : translated(state?.server?.trouble || state?.notice || "");
    if (problem.textContent !== trouble) problem.textContent = trouble;
  }

  function tell() {
    const name = avatars.name(state.place);
    const picture = avatars.picture(state.place);
    const away = Boolean(state.server?.trouble);
    const moving = gate === "open" && camera.live && !away;
    avatars.tell(state);
    panel.tell(state);
    small.tell(state, picture);
    large.stillIs(picture, state.settings.mirror_output);
    document.getElementById("kept").textContent = t(state.server ? "foot.remote" : "foot.local");
    times.element.hidden = !state.settings.times;
    onOff.replaceChildren(t(state.settings.on ? "button.off" : "button.on"), h("kbd", { "aria-hidden": "true" }, "0"));
    set(title, t(camera.live ? "title.on" : "title.before", { name }));
    document.title = `${name} · Doppelgänger Live`;
    lamp.classList.toggle("lit", moving);
    const word = !camera.live || gate === null ? "camera_off" : away ? "server_away" : gate === "open" && state.mode === "swap" ? "open_swap" : gate;
    if (set(words, t(`gate.${word}`, { name })) && stale !== word) say(words.textContent);
    stale = word;
    complain();
  }

  listen(keys, press);
  addEventListener("fullscreenchange", () => document.fullscreenElement || clean(false));
  line.connect();
}

/** Whether it was another text. */
function set(element, text) {
  if (element.textContent === text) return false;
  element.textContent = text;
  return true;
}
