// A face's place in the address bar: #/face/7?age=10&smile=1.5, and of a result #/face/RESULT/closest?…

/** The part behind "#/face/" → the face as the API wants it, and the strengths that the address names. */
export function baseOf(id) {
  const [path, query = ""] = id.split("?");
  const [first, of] = path.split("/");
  const strengths = Object.fromEntries([...new URLSearchParams(query)].map(([name, value]) => [name, Number(value)]));
  if (of === "closest" || of === "doppelganger") return { face: { result: first, of }, strengths };
  const seed = Number(first);
  if (of !== undefined || !/^\d{1,10}$/.test(first) || seed >= 2 ** 32) throw Object.assign(new Error(), { code: "not-found" });
  return { face: { seed }, strengths };
}

/** What of it are strengths that there are, within their ranges. */
export function changes(strengths, directions) {
  const known = directions.filter(({ name }) => Number.isFinite(strengths[name]) && strengths[name] !== 0);
  return Object.fromEntries(known.map(({ name, valid: [least, most] }) => [name, Math.min(Math.max(strengths[name], least), most)]));
}

export function addressOf(face, strengths) {
  const query = new URLSearchParams(strengths).toString();
  const path = "seed" in face ? face.seed : `${face.result}/${face.of}`;
  return `#/face/${path}${query ? `?${query}` : ""}`;
}

/** A number for a face that nobody has chosen. */
export const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
