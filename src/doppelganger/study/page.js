"use strict";
const study = JSON.parse(document.getElementById("study").textContent);
const the = (id) => document.getElementById(id);
const answers = [];
let saved = false;

// The participant's seed: everything random below follows from it (doppelganger/study/randomise.py draws the same).
const seed = "u" + [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const draw = (() => {
  let state = 0x811c9dc5; // FNV-1a
  for (const letter of seed) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193);
  state = state || 1;
  const next = () => { // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let warmUp = 0; warmUp < 8; warmUp++) next();
  return next;
})();

const shuffled = (items) => {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(draw() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
};

const form = Math.floor(draw() * study.forms.length);
const trials = [];
{
  const pairs = shuffled(study.forms[form].pairs);
  const first = draw() < 0.5;
  const swapped = shuffled(pairs.map((_, index) => (index % 2 === 1) !== first));
  pairs.forEach((name, index) => {
    const shown = study.trials[name];
    trials.push({ screen: "pair", name, shown: swapped[index] ? [...shown].reverse() : shown });
  });
  for (const name of shuffled(study.forms[form].closest)) {
    const [reference, ...faces] = study.trials[name];
    trials.push({ screen: "closest", name, reference, shown: shuffled(faces) });
  }
}

let position = -1; // of the trial on the screen
let shownAt = 0;
let response = null;
let milliseconds = 0;

const show = (screen) => {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== screen;
  the("bar").hidden = screen === "consent" || screen === "end";
  the("progress").max = trials.length;
  the("progress").value = answers.length;
  the("count").textContent = `${Math.min(answers.length + 1, trials.length)} of ${trials.length}`;
  const heading = document.querySelector(`#${screen} h1`);
  heading.tabIndex = -1;
  heading.focus();
  window.scrollTo(0, 0);
};

const press = (buttons, chosen) => {
  for (const button of buttons) button.setAttribute("aria-pressed", String(button === chosen));
};

// A screen before the first trial of each kind, then the trials, then the end.
const next = () => {
  const before = position < 0 ? null : trials[position].screen;
  if (answers.length === trials.length) return finish(true);
  position = answers.length;
  if (trials[position].screen !== before) return show(`before-${trials[position].screen}`);
  return present();
};

const present = async () => {
  const trial = trials[position];
  const section = the(trial.screen);
  response = null;
  section.classList.add("waiting");
  if (trial.screen === "pair") {
    the("left").src = study.pictures[trial.shown[0]];
    the("right").src = study.pictures[trial.shown[1]];
    press(section.querySelectorAll("[data-response]"), null);
    for (const button of section.querySelectorAll("[data-confidence]")) button.disabled = true;
  } else {
    the("reference").src = study.pictures[trial.reference];
    the("faces").style.setProperty("--n", trial.shown.length);
    the("faces").style.setProperty("--columns", Math.ceil(trial.shown.length / 2));
    the("faces").classList.toggle("many", trial.shown.length > 5); // two rows
    the("faces").replaceChildren(...trial.shown.map(face));
    the("choose").disabled = true;
  }
  show(trial.screen);
  await Promise.allSettled([...section.querySelectorAll("img")].map((image) => image.decode()));
  requestAnimationFrame(() => {
    section.classList.remove("waiting");
    shownAt = performance.now();
  });
};

const face = (name, index) => {
  const button = document.createElement("button");
  const image = document.createElement("img");
  const key = document.createElement("kbd");
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  image.src = study.pictures[name];
  image.alt = `Face ${index + 1}`;
  image.draggable = false;
  key.textContent = String(index + 1);
  button.append(image, key);
  button.addEventListener("click", () => {
    if (!respond(name)) return;
    press(the("faces").children, button);
    the("choose").disabled = false;
  });
  return button;
};

// The last choice counts, with its time. Before the pictures are there nothing does.
const respond = (chosen) => {
  if (the(trials[position].screen).classList.contains("waiting")) return false;
  response = chosen;
  milliseconds = Math.round(performance.now() - shownAt);
  return true;
};

const record = (confidence) => {
  if (response === null) return;
  const trial = trials[position];
  answers.push({ study: study.study, participant_seed: seed, form, position, trial: trial.name, shown: trial.shown.join(" "),
    response, confidence, milliseconds, knew: "", simulated: "no" });
  response = null;
  saved = false;
  next();
};

const finish = (complete) => {
  response = null;
  the("end-title").textContent = complete ? "Thank you" : "Stopped";
  the("end-lead").textContent = complete
    ? "That was the last one. Save your answers as a file and give it to whoever asked you."
    : answers.length
      ? `You have answered ${answers.length} of ${trials.length}. You may save these, delete them, or go on.`
      : "You have answered nothing yet; there is nothing to save. You may close this page, or go on.";
  the("end-answers").hidden = answers.length === 0;
  the("resume").hidden = complete;
  the("saved").textContent = "";
  the("code").textContent = seed;
  show("end");
};

const save = () => {
  const knew = document.querySelector("input[name=knew]:checked").value;
  const rows = answers.map((answer) => study.columns.map((column) => (column === "knew" ? knew : answer[column])).join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([[study.columns.join(","), ...rows, ""].join("\n")], { type: "text/csv" }));
  link.download = `answers-${seed}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  saved = true;
  the("saved").textContent = `Saved as ${link.download}, where your browser keeps downloads. You may close this page.`;
};

const forget = () => {
  if (!confirm("Delete all your answers from this page? This cannot be undone.")) return;
  answers.length = 0;
  the("end-title").textContent = "Deleted";
  the("end-lead").textContent = "Your answers are gone from this page. A file that you saved before is yours to delete. You may close this page.";
  the("end-answers").hidden = true;
  the("resume").hidden = true;
};

the("agree").addEventListener("change", (event) => (the("begin").disabled = !event.target.checked));
the("begin").addEventListener("click", next);
for (const button of document.querySelectorAll(".next")) button.addEventListener("click", present);
for (const button of document.querySelectorAll("[data-response]")) {
  button.addEventListener("click", () => {
    if (!respond(button.dataset.response)) return;
    press(document.querySelectorAll("[data-response]"), button);
    for (const sure of document.querySelectorAll("[data-confidence]")) sure.disabled = false;
  });
}
for (const button of document.querySelectorAll("[data-confidence]")) {
  button.addEventListener("click", () => record(button.dataset.confidence));
}
the("choose").addEventListener("click", () => record(""));
the("stop").addEventListener("click", () => finish(false));
the("resume").addEventListener("click", () => {
  position = answers.length;
  show(`before-${trials[position].screen}`);
});
the("save").addEventListener("click", save);
the("delete").addEventListener("click", forget);
addEventListener("beforeunload", (event) => {
  if (answers.length && !saved) event.preventDefault();
});

addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || position < 0) return;
  const key = event.key.toLowerCase();
  if (!the("pair").hidden) {
    if (key === "s" || key === "d") document.querySelector(`[data-response=${key === "s" ? "same" : "different"}]`).click();
    else if ("1234".includes(key)) document.querySelector(`[data-confidence="${key}"]`).click();
  } else if (!the("closest").hidden) {
    const chosen = the("faces").children[Number(key) - 1];
    if (chosen) chosen.click();
    else if (key === "enter" && response !== null && document.activeElement !== the("stop")) {
      event.preventDefault();
      the("choose").click();
    }
  }
});
