// The Studio's HTTP interface. Every refusal becomes a Trouble that carries the server's short word and sentence.

export class Trouble extends Error {
  constructor(code, sentence, status = 0) {
    super(sentence || code);
    this.code = code;
    this.status = status;
  }
}

let signIn = null;

/** `again()` is asked when the server does not know this visitor; true means: signed in, try once more. */
export function whenSignedOut(again) {
  signIn = again;
}

export async function call(method, path, { json, raw, signal, blob = false, retry = true } = {}) {
  const headers = {};
  if (method !== "GET") headers["X-Doppelganger"] = "1";
  if (json !== undefined) headers["Content-Type"] = "application/json";
  if (raw) headers["Content-Type"] = /^image\/[\w.+-]+$/.test(raw.type) ? raw.type : "application/octet-stream";
  const body = raw ?? (json === undefined ? undefined : JSON.stringify(json));
  let answer;
  try {
    // what is to be deleted is deleted even if the page is closed at once
    const keepalive = method === "DELETE";
    answer = await fetch(path, { method, headers, body, signal, keepalive, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble("offline", "");
  }
  if (answer.ok) return answer.status === 204 ? null : blob ? answer.blob() : answer.json();
  const trouble = await troubleOf(answer);
  if (trouble.code === "token" && retry && signIn && (await signIn())) {
    return call(method, path, { json, raw, signal, blob, retry: false });
  }
  throw trouble;
}

export const get = (path, signal) => call("GET", path, { signal });
export const post = (path, json, signal) => call("POST", path, { json, signal });
export const remove = (path) => call("DELETE", path);
export const send = (path, raw, signal) => call("POST", path, { raw, signal });

/** A picture that is made as `json` says: a Blob. */
export const picture = (path, json, signal) => call("POST", path, { json, signal, blob: true });

/** The pages' own visit: without retry, for the one who asks is the one who signs in. */
export const visit = (token) => call("POST", "/api/visit", { json: { token }, retry: false });

export async function troubleOf(answer) {
  try {
    const { code, error } = await answer.json();
    return new Trouble(code, error, answer.status);
  } catch {
    return new Trouble("trouble", "", answer.status);
  }
}
