// The page's words: one JSON file a language, and numbers, times and lists as that language writes them.

export const LANGUAGES = { en: "English", de: "Deutsch" };
const KEPT = "doppelganger-language";

let strings = {};
let language = "en";

export function preferred() {
  const kept = localStorage.getItem(KEPT);
  if (kept in LANGUAGES) return kept;
  const wanted = navigator.languages?.length ? navigator.languages : [navigator.language];
  return wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in LANGUAGES) ?? "en";
}

export async function load(name) {
  const answer = await fetch(`/page/strings/${name}.json`);
  strings = await answer.json();
  language = name;
  document.documentElement.lang = name;
}

export function choose(name) {
  localStorage.setItem(KEPT, name);
  return load(name);
}

export const current = () => language;

const find = (key) => key.split(".").reduce((at, part) => at?.[part], strings);

/** The text of `key` with {names} filled in; with forms for numbers, the one that fits `values.n`. */
export function t(key, values = {}) {
  let text = find(key);
  if (text && typeof text === "object") {
    const form = values.n === 0 && text.zero ? "zero" : new Intl.PluralRules(language).select(values.n);
    text = text[form] ?? text.other;
  }
  if (typeof text !== "string") return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

/** An array or another branch of the texts. */
export const branch = (key) => find(key);

/** A word of the server's in this language, or as it came. */
export const named = (group, word) => branch(group)?.[word] ?? word;

/** A sentence of the server's in this language; one that the texts do not know stays as it came. */
export function told(text) {
  for (const { server, here } of branch("server")) {
    const [before, after] = server.split("{names}");
    if (text === server) return here;
    if (after !== undefined && text.startsWith(before) && text.endsWith(after)) {
      return here.replace("{names}", text.slice(before.length, text.length - after.length));
    }
  }
  return text;
}

/** The sentence of a Trouble or of a job's {code, error}: in this language by its code, else the server's own. */
export function sentence(trouble) {
  const own = branch("error")[trouble.code];
  return own ?? (trouble.error || trouble.message || branch("error").trouble);
}

export const number = (value, digits = 2) =>
  new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

/** A distance in multiples of the border: "1.23×". */
export const ratio = (value) => t("unit.decimal", { value: number(value) });

export const percent = (share) => new Intl.NumberFormat(language, { style: "percent" }).format(share);

export function list(names) {
  if (names.length < 2) return names.join("");
  return t("and", { some: names.slice(0, -1).join(", "), last: names.at(-1) });
}

export function duration(seconds) {
  if (seconds >= 90) return t("live.minutes", { n: Math.round(seconds / 60) });
  const rough = seconds > 20 ? Math.round(seconds / 10) * 10 : Math.max(1, Math.round(seconds));
  return t("live.seconds", { n: rough });
}

/** "in 23 hours", "2 minutes ago". */
export function relative(iso) {
  const seconds = (new Date(iso) - Date.now()) / 1000;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size * (unit === "day" ? 2 : 1)) return format.format(Math.round(seconds / size), unit);
  }
  return format.format(Math.round(seconds / 60), "minute");
}

export const moment = (iso) =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
