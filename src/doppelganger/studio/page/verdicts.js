// What may be said of a face, from the numbers of a result. Nothing is claimed that was not asked.

import { list, t } from "./words.js";

export const faceOf = (result, name) => result.faces.find((face) => face.name === name);

/** "4 of 4 recognisers say this is somebody else." */
export function headline(face) {
  if (!face?.verdicts.length) return t("verdict.none");
  const different = face.verdicts.filter((one) => one.different);
  return t("verdict.count", { n: different.length, of: face.verdicts.length });
}

/** Who was not told, and what they say; and who of the others doubts. */
export function witnesses(face) {
  if (!face?.verdicts.length) return "";
  if (face.verdicts.every((one) => one.held_out)) return t("verdict.none_told");
  const names = (held, different) => face.verdicts.filter((one) => one.held_out === held && one.different === different).map((one) => one.verifier);
  const said = (key, who) => (who.length ? t(`verdict.${key}`, { n: who.length, names: list(who) }) : "");
  const alone = face.verdicts.some((one) => one.held_out) ? "" : t("verdict.all_told");
  return [said("not_told_agree", names(true, true)), said("not_told_doubt", names(true, false)), said("told_doubt", names(false, false)), alone]
    .filter(Boolean).join(" ");
}

/** Verifiers' borders without the panel's. */
export const lanes = (result) => result.borders.filter((border) => border.threshold !== null);
export const panelOf = (result) => result.borders.find((border) => border.threshold === null);

/** What a recogniser says of a step of the path: asked there, or between two faces that were asked; null beyond them. */
export function at(border, step) {
  const { scanned, threshold, verifier: name } = border;
  const after = scanned.findIndex(([one]) => one >= step);
  if (after === -1) return null;
  const [right, far] = scanned[after];
  if (right === step) return { name, ratio: far / threshold, different: far > threshold, measured: true };
  if (after === 0) return null;
  const [leftStep, near] = scanned[after - 1];
  const distance = near + ((far - near) * (step - leftStep)) / (right - leftStep);
  return { name, ratio: distance / threshold, different: distance > threshold, measured: false };
}

/** Runs of one verdict along the scanned steps: [{from, to, different}], meeting at the middle of each flip. */
export function runs({ scanned, threshold }) {
  const found = [];
  scanned.forEach(([step, distance], k) => {
    const different = distance > threshold;
    const last = found.at(-1);
    if (last && last.different === different) {
      last.to = step;
      return;
    }
    const from = k ? (scanned[k - 1][0] + step) / 2 : step;
    if (last) last.to = from;
    found.push({ from, to: step, different });
  });
  return found;
}
