// The keys, which the program names, and the sheet that shows them.

import { h, newId } from "./dom.js";
import { t } from "./words.js";

const HELD = /^(zoom|left|right|up|down|overlay)/; // what goes on while a key is held
const FIELDS = "input, select, textarea, [contenteditable]";

/** Calls `act(action)` for each key that means something. `keys`: [{key, action}]. */
export function listen(keys, act) {
  const meant = new Map(keys.map(({ key, action }) => [key, action]));
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || event.target.closest?.(FIELDS)) return;
    if (event.key === "?") return void sheet(keys);
    const action = meant.get(event.key) ?? (event.key.length === 1 ? meant.get(event.key.toLowerCase()) : undefined);
    if (action === undefined || (event.repeat && !HELD.test(action))) return;
    event.preventDefault();
    act(action);
  });
}

/** All of them, in a dialog. */
export function sheet(keys) {
  if (document.querySelector("dialog[open]")) return;
  const title = newId("keys");
  const rows = keys.filter(({ action }) => !/^avatar-|-fine$/.test(action)).map(({ key, action }) => row(cap(key), t(`action.${action}`)));
  const dialog = h("dialog", { class: "sheet", "aria-labelledby": title },
    h("h2", { id: title }, t("keys.title")),
    h("dl", {}, row(["1", "–", "9"], t("action.avatar")), rows, row(["⇧"], t("keys.fine")), row(["?"], t("keys.sheet"))),
    h("form", { method: "dialog", class: "row end" }, h("button", { class: "button small", autofocus: true }, t("keys.close"))));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

const row = (keys, words) => h("div", {}, h("dt", {}, keys.map((key) => (key === "–" ? key : h("kbd", {}, key)))), h("dd", {}, words));

/** As it is printed on a keyboard. */
function cap(key) {
  if (key === "Escape") return ["Esc"];
  return key !== key.toLowerCase() ? ["⇧", key] : [key.toUpperCase()];
}
