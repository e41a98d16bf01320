// A Studio with a token: without it nothing else is shown.

import { visit } from "./api.js";
import { h } from "./dom.js";
import { sentence, t } from "./words.js";

export function signin(place, { title }, wrong, entered) {
  title(t("signin.title"));
  const problem = h("p", { class: "problem", role: "alert", id: "token-problem" }, wrong ? t("signin.wrong") : "");
  const field = h("input", {
    id: "token", type: "password", autocomplete: "off", spellcheck: "false", "aria-describedby": "token-problem",
  });
  const go = async (event) => {
    event.preventDefault();
    const token = field.value.trim().replace(/^.*#token=/, "");
    problem.textContent = token ? "" : t("signin.empty");
    if (!token) return field.focus();
    try {
      await visit(token);
    } catch (error) {
      problem.textContent = error.code === "token" ? t("signin.wrong") : sentence(error);
      return field.select();
    }
    return entered();
  };
  place.append(
    h("section", { class: "plain" },
      h("h1", { tabindex: "-1" }, t("signin.title")),
      h("p", {}, t("signin.text")),
      h("form", { class: "signin", on: { submit: go } },
        h("label", { for: "token" }, t("signin.label")),
        h("div", { class: "row" }, field, h("button", { class: "button", type: "submit" }, t("signin.go"))),
        problem)));
}
