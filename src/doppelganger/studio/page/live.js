// A search as it happens: the face that grows, the distances that fall, the time that is left.

import { get, post, remove } from "./api.js";
import { drawChart } from "./chart.js";
import { confirmed } from "./dialog.js";
import { h, reticle, s, say } from "./dom.js";
import { follow } from "./events.js";
import { lamps } from "./lamps.js";
import { branch, duration, number, percent, sentence, t } from "./words.js";

const FINAL = ["done", "failed", "stopped"];
const FRAMES = 7; // small pictures under the large one

export async function live(place, { id, signal, about, title, again }) {
  const first = await get(`/api/jobs/${id}`, signal);
  if (first.state === "done" && first.result) return location.replace(madeAt(first));
  const names = about.verifiers.map((verifier) => verifier.name);
  const searching = first.kind === "make" || first.kind === "again";
  title(t("live.page"));

  const seen = { stages: [], points: [], faces: [], latest: null, state: first, announced: 0 };
  const face = h("img", { src: "/page/mean.jpg", width: 256, height: 256, alt: t("live.face_alt") });
  const caption = h("figcaption", {}, t("live.face_caption", { what: t("live.mean") }));
  const reel = h("div", { class: "reel", "aria-hidden": "true" });
  const stage = h("p", { class: "stagename" });
  const explain = h("p", { class: "explain" });
  const bar = h("progress", { max: 1, value: first.share, "aria-label": t("live.progress") });
  const left = h("p", { class: "timeleft" });
  const svg = s("svg", { class: "chart", role: "img", "aria-label": t("live.chart") });
  const lights = lamps(names, t("live.chart"));
  const note = h("p", { class: "banner", hidden: true });
  const problem = h("p", { class: "problem", role: "alert" });
  const buttons = h("div", { class: "row" });

  place.append(h("section", { class: "live" },
    h("header", {}, h("h1", { tabindex: "-1" }, t(`live.title.${first.kind}`)), stage, explain),
    h("figure", { class: "viewer growing" }, h("div", { class: "stage" }, face, reticle(false)), caption, searching && reel),
    h("div", { class: "instrument" },
      searching && h("figure", { class: "chartbox" }, svg, h("figcaption", { class: "note" }, t("live.chart_note"))),
      searching && lights.element,
      h("div", { class: "time" }, bar, left), note, problem, buttons)));

  let news = new AbortController(); // from the job's stream
  let planned = false;
  const redraw = () => {
    if (planned || signal.aborted) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      draw();
    });
  };
  const resized = new ResizeObserver(redraw);
  resized.observe(svg);
  signal.addEventListener("abort", () => resized.disconnect());

  function draw() {
    const { latest, state } = seen;
    const at = latest ?? state;
    const name = at.stage ?? "";
    stage.textContent = state.state === "queued" ? queuedWords(state) : t(`live.stages.${name in branch("live.stages") ? name : ""}`);
    explain.textContent = branch("live.explain")[name] ?? "";
    bar.value = at.share;
    left.textContent = leftWords(at, state);
    drawFaces();
    if (searching) {
      drawChart(svg, names, seen.points, seen.stages, at.share);
      const last = seen.points.at(-1)?.distances ?? {};
      lights.update(
        Object.entries(last).map(([who, value]) => ({ name: who, ratio: value, different: value > 1 })),
        seen.points.length ? t("live.not_now") : undefined);
    }
  }

  function drawFaces() {
    const last = seen.faces.at(-1);
    if (!last) return;
    if (face.dataset.src !== last.face) {
      face.dataset.src = last.face;
      const next = new Image();
      next.onload = () => { if (face.dataset.src === last.face) face.src = last.face; };
      next.src = last.face;
    }
    const what = t(`live.stages.${last.stage in branch("live.stages") ? last.stage : ""}`);
    caption.textContent = [t("live.face_caption", { what }), last.lpips !== null && t("live.likeness", { value: number(last.lpips, 3) })]
      .filter(Boolean).join(" · ");
    const faces = ["/page/mean.jpg", ...spread(seen.faces.map((one) => one.face), FRAMES - 1)];
    if (reel.dataset.shown === faces.join()) return;
    reel.dataset.shown = faces.join();
    reel.replaceChildren(...faces.map((src) => h("img", { src, alt: "", width: 64, height: 64 })));
  }

  function controls(state) {
    const button = (key, act, kind = "quiet") => h("button", { type: "button", class: kind, on: { click: act } }, t(`live.${key}`));
    const rows = {
      queued: () => [button("stop", stop), button("cancel", cancel)],
      running: () => [button("stop", stop), button("cancel", cancel)],
      stopped: () => [button("resume", resume, "button"), button("cancel", cancel)],
      failed: () => [h("a", { class: "button", href: "#/" }, t("live.new")), button("cancel", cancel)],
      done: () => [],
    };
    if (buttons.dataset.state === state.state) return;
    const focused = buttons.contains(document.activeElement);
    buttons.dataset.state = state.state;
    buttons.replaceChildren(...rows[state.state]());
    if (focused) (buttons.querySelector("button, a") ?? place.querySelector("h1")).focus();
  }

  const stop = tried(async (event) => {
    event.target.disabled = true;
    event.target.textContent = t("live.stopping");
    await post(`/api/jobs/${id}/stop`); // its answer may be older than what the stream has told meanwhile
  });
  const resume = tried(async () => {
    await post(`/api/jobs/${id}/resume`);
    again();
  });
  const cancel = tried(async () => {
    if (!(await confirmed(t("live.cancel_ask"), t("live.cancel_text"), { yes: t("dialog.erase"), no: t("dialog.go_on") }))) return;
    news.abort(); // of something that is going away there is none
    try {
      await remove(`/api/jobs/${id}`);
    } catch (error) {
      if (error.code !== "not-found") {
        listen();
        throw error;
      }
    }
    say(t("result.deleted"));
    location.hash = "#/";
  });

  function tried(act) {
    return async (event) => {
      problem.textContent = "";
      try {
        await act(event);
      } catch (error) {
        problem.textContent = sentence(error);
        delete buttons.dataset.state;
        controls(seen.state);
      }
    };
  }

  function takeProgress(data) {
    if (seen.stages.at(-1)?.name !== data.stage) {
      seen.stages.push({ name: data.stage, share: data.share });
    }
    if (data.distances) seen.points.push({ share: data.share, distances: data.distances });
    if (data.face) seen.faces.push(data);
    seen.latest = data;
    announce(data);
    redraw();
  }

  /** At a new stage and at each quarter; not at every step, and not of the past. */
  function announce(data) {
    const quarter = Math.floor(data.share * 4);
    const word = `${data.stage}${quarter}`;
    if (seen.announced === word) return;
    seen.announced = word;
    clearTimeout(seen.speaking);
    seen.speaking = setTimeout(() => {
      if (!signal.aborted) say(t("live.said", { stage: t(`live.stages.${data.stage}`), left: leftWords(data, seen.state) }));
    }, 400);
  }

  function takeState(state) {
    seen.state = state;
    controls(state);
    problem.textContent = state.state === "failed" ? `${t("live.failed")} ${sentence(state.error ?? { code: "trouble" })}` : "";
    if (state.state === "stopped") say(t("live.stopped"));
    redraw();
  }

  async function listen() {
    const own = (news = new AbortController());
    if (signal.aborted) return;
    signal.addEventListener("abort", () => own.abort());
    const lost = (gone) => {
      note.hidden = !gone;
      note.textContent = gone ? t("away") : "";
      say(t(gone ? "away" : "back_again"));
    };
    try {
      for await (const { event, data } of follow(`/api/jobs/${id}/events`, { signal: own.signal, lost })) {
        if (event === "progress") takeProgress(data);
        if (event === "state") takeState(data);
      }
    } catch (error) {
      if (own.signal.aborted) return;
      if (error.code === "not-found" || error.code === "token") return again();
      problem.textContent = sentence(error);
      return;
    }
    if (seen.state.state === "done" && !signal.aborted) {
      say(t("live.done"));
      location.replace(madeAt(seen.state));
    }
  }

  takeState(first);
  if (!FINAL.includes(first.state) || first.state !== "done") listen();
}

/** Where to look at what a job has made. */
const madeAt = ({ kind, result }) => `#/${kind === "persona" ? "persona" : "result"}/${result}`;

function queuedWords({ position }) {
  return position ? t("live.queued", { n: position }) : t("live.queued", { n: 0 });
}

function leftWords({ share, seconds_left: seconds }, { state }) {
  if (state === "stopped") return t("live.stopped");
  if (state === "failed") return percent(share);
  if (seconds === null || seconds === undefined) return t("live.unknown");
  return seconds < 3 ? t("live.soon") : t("live.left", { time: duration(seconds) });
}

/** At most `count` of the items, evenly, the last always among them. */
function spread(items, count) {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, k) => items[Math.round(((k + 1) * items.length) / count) - 1]);
}
