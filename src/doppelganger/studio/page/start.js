// The beginning: a portrait comes in, a face is chosen, somebody says whose it is.

import { get, post, remove, send } from "./api.js";
import { h, reticle, say } from "./dom.js";
import { draftOf, forget, keep } from "./draft.js";
import { intake } from "./intake.js";
import { backgroundOf, goodSeed, noneTold, pictureOptions, searchOptions } from "./options.js";
import { branch, number, sentence, t } from "./words.js";

export async function start(place, { signal, about, title }) {
  title(t("start.page"));
  const draft = draftOf(about);
  const keeping = () => keep(draft);
  addEventListener("pagehide", keeping, { signal });
  signal.addEventListener("abort", () => { if (draft.upload) keeping(); });

  const stage = h("div", { class: "stage" });
  const caption = h("figcaption", {});
  const under = h("div", { class: "under" });
  const problem = h("p", { class: "problem", role: "alert" });
  const form = h("div", { class: "wishes" });
  const mb = number(about.limits.bytes / 1e6, 0);

  const { input, open } = intake(stage, {
    signal, label: t("start.choose"), onPicture: accept,
    onNothing: () => { problem.textContent = t("start.no_picture_pasted"); },
  });

  async function accept(file) {
    problem.textContent = "";
    if (file.size > about.limits.bytes) {
      problem.textContent = t("start.too_big", { mb });
      return;
    }
    dropUpload();
    showWaiting(file);
    try {
      draft.upload = await send("/api/uploads", file, signal);
    } catch (error) {
      if (signal.aborted) return;
      showEmpty();
      problem.textContent = sentence(error);
      return;
    }
    const { faces } = draft.upload;
    const fit = faces.filter((face) => face.fit);
    if (!fit.length) {
      const why = faces[0]?.why;
      dropUpload();
      showEmpty();
      problem.textContent = faces.length ? t(`start.unfit_all.${why in branch("start.unfit_all") ? why : "other"}`) : sentence({ code: "no-face" });
      return;
    }
    draft.face = faces.length === 1 ? faces[0].index : null;
    keeping();
    showPicture();
    say(faces.length === 1 ? t("start.found_one") : t("start.found_many", { n: faces.length }));
    (stage.querySelector("button") ?? form.querySelector("input")).focus({ preventScroll: true });
  }

  function dropUpload() {
    const { upload } = draft;
    draft.upload = null;
    draft.face = null;
    draft.consent = false; // said of another picture
    forget();
    if (upload) remove(`/api/uploads/${upload.id}`).catch(() => {});
  }

  function showEmpty() {
    stage.className = "stage empty";
    stage.replaceChildren(
      h("img", { src: "/page/mean.jpg", width: 448, height: 448, alt: "" }), reticle(),
      h("p", { class: "letgo", "aria-hidden": "true" }, t("start.drop_now")));
    caption.textContent = t("start.mean");
    under.replaceChildren(
      h("div", { class: "row" },
        h("button", { type: "button", class: "button", on: { click: open } }, t("start.choose")),
        h("button", { type: "button", class: "quiet", on: { click: showCamera } }, t("start.webcam"))),
      h("p", {}, t("start.drop")),
      h("p", { class: "note" }, t("start.hint", { mb }), " ", t("start.consent_hint")));
    form.replaceChildren(h("ol", { class: "how" }, branch("start.how").map((words) => h("li", {}, words))));
  }

  function showWaiting(file) {
    const url = URL.createObjectURL(file);
    const picture = h("img", { src: url, alt: "", class: "fit", on: { load: () => URL.revokeObjectURL(url), error: () => picture.remove() } });
    stage.className = "stage busy";
    stage.replaceChildren(picture, reticle(false));
    caption.textContent = t("start.looking");
    under.replaceChildren();
    say(t("start.looking"));
  }

  async function showCamera() {
    problem.textContent = "";
    const { camera } = await import("./camera.js");
    stage.className = "stage camera";
    caption.textContent = t("camera.title");
    under.replaceChildren(camera(stage, {
      signal, onPicture: accept,
      onClose: () => { showEmpty(); under.querySelectorAll("button")[1].focus(); },
    }));
  }

  function showPicture() {
    const { id, width, height, faces } = draft.upload;
    const several = faces.length > 1;
    const boxes = faces.map((face) => faceBox(face, faces.length));
    stage.className = "stage picture";
    stage.style.setProperty("--ratio", `${width} / ${height}`);
    stage.replaceChildren(
      h("div", { class: "photo", css: { "--ratio": `${width} / ${height}`, "--wide": width / height } },
        h("img", {
          src: `/api/uploads/${id}/picture`, alt: t("start.picture_alt"),
          on: { error: () => { dropUpload(); showEmpty(); problem.textContent = sentence({ code: "gone" }); } },
        }),
        several ? h("div", { role: "group", "aria-label": t("start.pick") }, boxes) : boxes));
    caption.textContent = several ? `${t("start.found_many", { n: faces.length })} ${t("start.pick")}` : t("start.found_one");
    under.replaceChildren(h("button", {
      type: "button", class: "quiet",
      on: { click: () => { dropUpload(); showEmpty(); under.querySelector("button").focus(); } },
    }, t("start.other_photo")));
    showForm();
  }

  function faceBox(face, of) {
    const css = { "--left": face.left, "--top": face.top, "--width": face.width, "--height": face.height };
    if (of === 1) return h("span", { class: "face chosen", "aria-hidden": "true", css });
    const name = t("start.face", { n: face.index + 1, of });
    const why = !face.fit && (branch("start.unfit")[face.why] ?? t("start.unfit.other"));
    const box = h("button", {
      type: "button", class: "face", css, "aria-label": why ? `${name}: ${why}` : name, title: why || null,
      "aria-pressed": String(draft.face === face.index), disabled: Boolean(why),
      on: {
        click: () => {
          draft.face = face.index;
          keeping();
          for (const other of stage.querySelectorAll("button.face")) other.setAttribute("aria-pressed", String(other === box));
          caption.textContent = t("start.picked", { n: face.index + 1, of });
          say(caption.textContent);
          problem.textContent = "";
        },
      },
    }, h("span", { "aria-hidden": "true" }, why ? "×" : face.index + 1));
    return box;
  }

  function showForm() {
    const consent = h("input", {
      type: "checkbox", id: "consent", checked: draft.consent, "aria-describedby": "go-problem",
      on: { change: () => { draft.consent = consent.checked; missing.textContent = ""; } },
    });
    const missing = h("p", { class: "problem", role: "alert", id: "go-problem" });
    const go = h("button", { type: "submit", class: "button wide" }, t("start.go"));
    const submit = async (event) => {
      event.preventDefault();
      const lack = lacking(consent);
      missing.textContent = lack ?? "";
      if (lack) return;
      go.disabled = true;
      try {
        const job = await post("/api/jobs", wish(), signal);
        draft.upload = null;
        forget();
        location.hash = `#/job/${job.id}`;
      } catch (error) {
        if (signal.aborted) return;
        go.disabled = false;
        missing.textContent = sentence(error);
      }
    };
    const more = h("details", { class: "more", open: draft.open, on: { toggle: () => { draft.open = more.open; } } },
      h("summary", {}, t("start.more")),
      h("div", { class: "options" }, searchOptions(about, draft), pictureOptions(draft)));
    form.replaceChildren(h("form", { novalidate: true, on: { submit } },
      h("label", { class: "check consent" }, consent, h("span", {}, t("start.consent"))), more, go, missing));
  }

  function lacking(consent) {
    if (draft.face === null) {
      stage.querySelector("button.face:not(:disabled)").focus();
      return t("start.pick_first");
    }
    if (noneTold(about, draft)) return t("options.told_none");
    if (!goodSeed(draft)) return t("options.seed_wrong");
    if (!consent.checked) {
      consent.focus();
      return t("start.consent_first");
    }
    return null;
  }

  function wish() {
    const steps = new URLSearchParams(location.search).get("steps");
    return {
      upload: draft.upload.id, face: draft.face, margin: draft.margin, held_out: draft.held_out, seed: draft.seed,
      background: backgroundOf(draft), keep_photo: draft.keep, consent: true, ...(steps ? { steps: Number(steps) } : {}),
    };
  }

  place.append(h("section", { class: "start" },
    h("div", { class: "opening" }, h("h1", { tabindex: "-1" }, t("start.title")), h("p", { class: "lead" }, t("start.lead"))),
    h("div", { class: "entrance" }, h("figure", { class: "viewer", "aria-label": t("start.frame") }, stage, caption), input, problem, under),
    form));
  if (draft.upload) showPicture();
  else showEmpty();
  waitingJobs(place, signal);
}

/** Searches that are at work, under everything else: for one who comes back. */
async function waitingJobs(place, signal) {
  const { jobs } = await get("/api/jobs", signal).catch(() => ({ jobs: [] }));
  const open = jobs.filter((job) => ["queued", "running", "stopped"].includes(job.state));
  if (!open.length || signal.aborted) return;
  const { jobList } = await import("./joblist.js");
  place.append(h("section", { class: "waitingjobs" }, h("h2", {}, t("start.at_work")), jobList(open, signal)));
}
