// Server-sent events by fetch: unlike EventSource it shows why it was refused, and goes on after a restart of the server.

import { Trouble, troubleOf } from "./api.js";

const WAITS = [300, 600, 1200, 2500, 4000]; // ms between attempts, the last one from then on

/**
 * Yields {event, data} of the job's stream, replaying from the beginning, until the stream has ended after a final state.
 * A lost connection is taken up again where it broke; `lost(true | false)` says when it is gone and when it is back.
 */
export async function* follow(path, { signal, lost = () => {} }) {
  let after = 0;
  let failures = 0;
  let final = false;
  while (!final) {
    try {
      const answer = await fetch(`${path}?after=${after}`, { signal, headers: { Accept: "text/event-stream" } });
      if (!answer.ok) {
        const trouble = await troubleOf(answer);
        if (answer.status !== 429 && answer.status < 500) throw trouble;
        throw new TypeError("try later");
      }
      if (failures) lost(false);
      failures = 0;
      for await (const message of messages(answer.body)) {
        if (message.id) after = message.id;
        if (!message.data) continue;
        const data = JSON.parse(message.data);
        final = message.event === "state" && ["done", "failed", "stopped"].includes(data.state);
        yield { event: message.event, data };
      }
    } catch (error) {
      if (error instanceof Trouble || error.name === "AbortError") throw error;
      failures += 1;
      if (failures === 1) lost(true);
    }
    if (!final) await pause(WAITS[Math.min(failures, WAITS.length - 1)], signal);
  }
}

async function* messages(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value.replaceAll("\r\n", "\n");
      const parts = rest.split("\n\n");
      rest = parts.pop();
      for (const part of parts) yield parse(part);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parse(text) {
  const message = { event: "message", data: "", id: "" };
  for (const line of text.split("\n")) {
    const [, field, value] = line.match(/^(\w+): ?(.*)$/) ?? [];
    if (field === "data") message.data += value;
    else if (field) message[field] = value;
  }
  return message;
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("left", "AbortError"));
    }, { once: true });
  });
}
