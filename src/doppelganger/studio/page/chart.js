// The live chart: each recogniser's distance over the whole search, in multiples of its border; the border is the line at 1.

import { s } from "./dom.js";
import { number, t } from "./words.js";

const DASHES = ["", "9 3", "2 3", "9 3 2 3", "14 4", "4 6"]; // told apart by more than their place
const TOP = 14;
const FOOT = 26;
const LEFT = 36;

/** Draws `points` [{share, distances}] and `stages` [{share, name}] into `svg` at the width it has; over the whole width when `done`. */
export function drawChart(svg, names, points, stages, share) {
  const width = Math.max(svg.clientWidth, 240);
  const height = svg.clientHeight || 320;
  const right = width < 520 ? 122 : 140;
  const highest = Math.max(1.5, ...points.flatMap((point) => Object.values(point.distances)));
  const top = Math.ceil((highest + 0.08) * 4) / 4;
  const bottom = height - FOOT;
  const end = Math.max(0.02, share);
  const x = (value) => LEFT + (value / end) * (width - LEFT - right);
  const y = (value) => bottom - (value / top) * (bottom - TOP);
  const border = y(1);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(
    s("defs", {},
      s("clipPath", { id: "beyond" }, s("rect", { x: 0, y: 0, width, height: border })),
      s("clipPath", { id: "within" }, s("rect", { x: 0, y: border, width, height: height - border }))),
    s("rect", { class: "zone", x: LEFT, y: TOP, width: width - LEFT - right, height: border - TOP }),
    ...ticks(top).map((value) => s("text", { class: "tick end", x: LEFT - 8, y: y(value) + 4 }, number(value, value % 1 ? 1 : 0))),
    ...stages.map(({ share: at, name }, k) => stageMark(x(at), x(stages[k + 1]?.share ?? end), bottom, name)),
    s("line", { class: "axis", x1: LEFT, x2: width - right, y1: bottom, y2: bottom }),
    s("line", { class: "border", x1: LEFT, x2: width - right, y1: border, y2: border }),
    s("text", { class: "zone-word", x: LEFT + 8, y: TOP + 16 }, t("live.else")),
    s("text", { class: "zone-word", x: LEFT + 8, y: bottom - 8 }, t("live.you")),
    s("text", { class: "border-word", x: LEFT + 8, y: border + 17 }, t("live.border")),
    ...names.flatMap((name, k) => lineOf(name, k, points, x, y)),
    ...endWords(names, points, x, y, TOP, bottom));
}

function ticks(top) {
  const step = top > 3 ? 1 : 0.5;
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, k) => k * step);
}

function stageMark(from, to, bottom, name) {
  const words = t(`live.short.${name}`);
  const fits = to - from > words.length * 6.6 + 10;
  return s("g", {},
    s("line", { class: "stage-line", x1: from, x2: from, y1: TOP, y2: bottom + 5 }),
    fits && s("text", { class: "tick", x: from + 5, y: bottom + 18 }, words));
}

function lineOf(name, k, points, x, y) {
  const known = points.filter((point) => name in point.distances);
  if (!known.length) return [];
  const at = known.map((point) => [x(point.share), y(point.distances[name])]);
  const path = `M${at.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L")}`;
  const dash = { "stroke-dasharray": DASHES[k % DASHES.length] || null };
  const dots = at.map(([a, b], n) =>
    s("circle", { class: known[n].distances[name] > 1 ? "dot else" : "dot", cx: a, cy: b, r: n === at.length - 1 ? 4.5 : 2 }));
  return [
    s("path", { class: "line else", d: path, "clip-path": "url(#beyond)", ...dash }),
    s("path", { class: "line", d: path, "clip-path": "url(#within)", ...dash }),
    ...dots,
  ];
}

/** Names and values at the ends of the lines, pushed apart where they would lie on each other. */
function endWords(names, points, x, y, top, bottom) {
  const gap = 17;
  const ends = names.flatMap((name) => {
    const last = points.at(-1); // a recogniser that is not asked any more has its lamp to say so
    return last && name in last.distances ? [{ name, value: last.distances[name], x: x(last.share), y: y(last.distances[name]) }] : [];
  }).sort((a, b) => a.y - b.y);
  ends.forEach((end, k) => { end.at = Math.max(end.y, k ? ends[k - 1].at + gap : top + 6); });
  const over = ends.length ? ends.at(-1).at - (bottom - 4) : 0;
  if (over > 0) {
    ends.at(-1).at -= over;
    for (let k = ends.length - 2; k >= 0; k -= 1) ends[k].at = Math.min(ends[k].at, ends[k + 1].at - gap);
  }
  return ends.flatMap((end) => [
    s("path", { class: "leader", d: `M${end.x + 6} ${end.y}L${end.x + 14} ${end.at}` }),
    s("text", { class: end.value > 1 ? "end-word else" : "end-word", x: end.x + 18, y: end.at + 4 }, `${end.name} ${number(end.value)}`),
  ]);
}
