"use strict";
document.documentElement.classList.add("scripted");

// The wipe: its pictures are those already on the page.
const wipe = document.getElementById("wipe");
const [under, over] = wipe.querySelectorAll("img");
const source = (id) => document.getElementById(id).src;
under.src = source("doppelganger");
over.src = source("portrait");
wipe.querySelector("input").addEventListener("input", (event) => wipe.style.setProperty("--x", `${event.target.value}%`));
for (const button of document.querySelectorAll("#choice button")) {
  button.addEventListener("click", () => {
    over.src = source(button.dataset.picture);
    for (const other of document.querySelectorAll("#choice button")) other.setAttribute("aria-pressed", String(other === button));
  });
}

// The pointer on the charts: between two measured places, values are read off the drawn line.
const svg = document.getElementById("continuum");
const pointer = document.getElementById("pointer");
const readout = document.getElementById("readout");
const axis = JSON.parse(svg.dataset.axis);
const lpips = JSON.parse(svg.dataset.lpips);
const lines = [...svg.querySelectorAll("polyline[data-name]")].map((line) => [line.dataset.name, JSON.parse(line.dataset.scanned)]);
const hint = readout.textContent;

const between = (pairs, at) => {
  const k = pairs.findIndex(([x]) => x >= at);
  if (k <= 0) return k === 0 ? pairs[0][1] : pairs[pairs.length - 1][1];
  const [[x0, y0], [x1, y1]] = [pairs[k - 1], pairs[k]];
  return y0 + ((y1 - y0) * (at - x0)) / (x1 - x0);
};

svg.addEventListener("pointermove", (event) => {
  const x = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()).x;
  const [first, last] = [axis[0][1], axis[axis.length - 1][1]];
  if (x < first - 20 || x > last + 20) return leave();
  const step = Math.round(between(axis.map(([s, at]) => [at, s]), x));
  const at = between(axis, step);
  pointer.setAttribute("x1", at);
  pointer.setAttribute("x2", at);
  pointer.setAttribute("visibility", "visible");
  const said = lines.map(([name, scanned]) => {
    const ratio = between(scanned, step);
    return `${name} ${ratio.toFixed(2)} ${ratio > 1 ? "≠ different" : "= same"}`;
  });
  const alike = step < lpips.length ? [`LPIPS ${lpips[step].toFixed(3)}`] : [];
  readout.textContent = [`Step ${step}`, ...alike, ...said].join("  ·  ");
});
const leave = () => {
  pointer.setAttribute("visibility", "hidden");
  readout.textContent = hint;
};
svg.addEventListener("pointerleave", leave);
