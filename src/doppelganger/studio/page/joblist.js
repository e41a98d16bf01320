// Searches that are not finished, as a list.

import { remove } from "./api.js";
import { confirmed } from "./dialog.js";
import { h, say } from "./dom.js";
import { duration, percent, relative, sentence, t } from "./words.js";

export function jobList(jobs, signal) {
  const rows = h("ul", { class: "jobs" });
  rows.append(...jobs.map((job) => row(job, rows, signal)));
  return rows;
}

function row(job, rows) {
  const name = t(`live.title.${job.kind}`);
  const words = [t(`gallery.states.${job.state}`), job.state === "running" && percent(job.share),
    job.state === "running" && job.seconds_left && t("live.left", { time: duration(job.seconds_left) })].filter(Boolean).join(" · ");
  const item = h("li", {},
    h("div", {}, h("a", { href: `#/job/${job.id}` }, name), h("p", { class: "note" }, words, " · ", relative(job.created))),
    h("progress", { max: 1, value: job.share, "aria-label": t("live.progress") }),
    h("button", {
      type: "button", class: "quiet small", "aria-label": t("gallery.job_delete_label", { title: name }),
      on: {
        click: async () => {
          if (!(await confirmed(t("live.cancel_ask"), t("live.cancel_text"), { yes: t("dialog.erase") }))) return;
          try {
            await remove(`/api/jobs/${job.id}`);
          } catch (error) {
            if (error.code !== "not-found") return say(sentence(error));
          }
          item.remove();
          if (!rows.children.length) rows.closest("section")?.remove();
          say(t("result.deleted"));
        },
      },
    }, t("gallery.job_delete")));
  return item;
}
