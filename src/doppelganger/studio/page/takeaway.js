// What a person leaves with.

import { post } from "./api.js";
import { h, say } from "./dom.js";
import { follow } from "./events.js";
import { percent, sentence, t } from "./words.js";

const FILES = { png: "doppelganger.png", jpg: "doppelganger.jpg", square: "square.jpg", round: "round.png", zip: "result.zip" };

export function takeAway(result, { signal }) {
  const at = (file) => `/api/results/${result.id}/downloads/${file}`;
  const link = (key, file) => h("li", {},
    h("a", { href: at(file), download: file, class: "take" }, h("span", {}, t(`away_with.${key}`)), h("small", {}, t(`away_with.${key}_note`))));
  return h("section", { class: "takeaway", "aria-labelledby": "takeaway" },
    h("h2", { id: "takeaway" }, t("away_with.title")),
    h("ul", { class: "takes" }, Object.entries(FILES).map(([key, file]) => link(key, file)), film(result, at, signal)),
    h("p", { class: "note" }, t("away_with.marked")));
}

function film(result, at, signal) {
  const item = h("li", {});
  const problem = h("p", { class: "problem", role: "alert" });
  const ready = (now) => {
    const link = h("a", { href: at("continuum.mp4"), download: "continuum.mp4", class: "take" },
      h("span", {}, t("away_with.film_get")), h("small", {}, t("away_with.film_note")));
    item.replaceChildren(link);
    if (now) {
      link.focus();
      say(t("away_with.film_ready"));
    }
  };
  const make = async () => {
    words.textContent = t("away_with.film_making", { percent: percent(0) });
    button.setAttribute("aria-disabled", "true");
    problem.textContent = "";
    try {
      const job = await post(`/api/results/${result.id}/film`, undefined, signal);
      let last = job;
      if (job.state !== "done") {
        for await (const { event, data } of follow(`/api/jobs/${job.id}/events`, { signal })) {
          if (event === "state") last = data;
          words.textContent = t("away_with.film_making", { percent: percent(data.share) });
        }
      }
      if (last.state !== "done") throw last.error ?? { code: "trouble" };
      result.has.film = true;
      ready(true);
    } catch (error) {
      if (signal.aborted) return;
      words.textContent = t("away_with.film_make");
      button.removeAttribute("aria-disabled");
      problem.textContent = sentence(error);
    }
  };
  const words = h("span", {}, t("away_with.film_make"));
  const button = h("button", {
    type: "button", class: "take", on: { click: () => button.getAttribute("aria-disabled") || make() },
  }, words, h("small", {}, t("away_with.film_note")));
  if (result.has.film) ready(false);
  else item.append(button, problem);
  return item;
}
