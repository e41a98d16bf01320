// A question before something that cannot be undone.

import { h, newId } from "./dom.js";
import { t } from "./words.js";

/** Resolves to true when the person says yes; Escape and the first button say no. */
export function confirmed(question, text, { yes = t("dialog.yes"), no = t("dialog.no") } = {}) {
  const title = newId("question");
  const words = newId("consequence");
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-labelledby": title, "aria-describedby": words, role: "alertdialog" },
      h("form", { method: "dialog" },
        h("h2", { id: title }, question),
        h("p", { id: words }, text),
        h("div", { class: "row end" },
          h("button", { class: "quiet", value: "no", autofocus: true }, no),
          h("button", { class: "button", value: "yes" }, yes))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
