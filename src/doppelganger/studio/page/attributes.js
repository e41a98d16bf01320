// What networks read from a face, in words: as a stranger would guess it.

import { number, t } from "./words.js";

const TURNED = 8; // degrees from which on a head is turned
const SMILES = [0.25, 0.7]; // from which on somebody smiles, and broadly

/** ["woman", "about 34", "brown hair", …]. */
export function attributeList({ age, female, hair, glasses, beard, smile, yaw, pitch }) {
  const years = Math.round(age);
  const child = age < 14;
  const sex = female > 0.8 ? "woman" : female < 0.2 ? "man" : "unsure";
  return [
    t(`attributes.${child && sex !== "unsure" ? `${sex}_young` : sex}`), t("attributes.age", { age: years }),
    t(`attributes.hair.${hair}`), glasses && t("attributes.glasses"), beard && female < 0.5 && !child && t("attributes.beard"),
    t(smile > SMILES[1] ? "attributes.broad" : smile > SMILES[0] ? "attributes.smiling" : "attributes.serious"),
    Math.abs(yaw) > TURNED && t(yaw > 0 ? "attributes.turned_left" : "attributes.turned_right", { degrees: number(Math.abs(yaw), 0) }),
    Math.abs(pitch) > TURNED && t(pitch > 0 ? "attributes.down" : "attributes.up"),
  ].filter(Boolean);
}

export const attributeWords = (attributes) => attributeList(attributes).join(", ");
