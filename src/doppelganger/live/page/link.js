// The connection of a call: frames out, the avatar's frames back. The newest frame wins; when the connection breaks it is made again.

const HEADER = 12; // of a frame: its number, and when the camera took it
const REPLY_HEADER = 16; // the same and the length of the JSON
const IN_FLIGHT = 2; // one that is being worked on, and one that waits
const AGAIN = [250, 500, 1000, 1500]; // milliseconds between tries
const SILENCE = 4000; // milliseconds after which a connection that does not answer is given up
const BUSY = 4000;
const TAKEN = 4001;

/** `told({state, number, time, jpeg})` for every answer; `changed("open" | "away" | "busy" | "taken" | "token")`. */
export function link({ told, changed }) {
  let socket = null;
  let tries = 0;
  let sent = 0;
  let answered = 0;
  let heard = 0;
  let take = false;
  let timer = 0;

  function connect() {
    clearTimeout(timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const now = new WebSocket(`${scheme}://${location.host}/api/call${take ? "?take=1" : ""}`);
    socket = now;
    now.binaryType = "arraybuffer";
    now.addEventListener("open", () => {
      answered = sent;
      heard = performance.now();
    });
    now.addEventListener("message", ({ data }) => {
      if (now !== socket) return;
      if (tries >= 0) changed("open");
      tries = -1;
      take = false;
      heard = performance.now();
      const view = new DataView(data);
      const number = view.getUint32(0, true);
      const length = view.getUint32(12, true);
      answered = Math.max(answered, number);
      const state = JSON.parse(new TextDecoder().decode(new Uint8Array(data, REPLY_HEADER, length)));
      told({ state, number, time: view.getFloat64(4, true), jpeg: data.slice(REPLY_HEADER + length) });
    });
    now.addEventListener("close", ({ code }) => {
      if (now !== socket) return;
      socket = null;
      if (code === BUSY || code === TAKEN) {
        tries = 0;
        changed(code === BUSY ? "busy" : "taken");
        return;
      }
      tries = Math.max(tries, 0);
      changed("away");
      timer = setTimeout(connect, AGAIN[Math.min(tries, AGAIN.length - 1)]);
      tries += 1;
    });
  }

  function say(wish) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(wish));
  }

  setInterval(() => {
    if (socket?.readyState !== WebSocket.OPEN || answered >= sent || performance.now() - heard < SILENCE) return;
    const silent = socket;
    socket = null;
    silent.close();
    changed("away");
    tries = 0;
    connect();
  }, 500);

  return {
    connect,
    takeOver: () => {
      take = true;
      connect();
    },
    do: (action) => say({ do: action }),
    wear: (place) => say({ wear: place }),
    again: () => say({ again: true }),
    /** Whether a frame may be sent now; those for which there is no room are not even packed. */
    get free() {
      return socket?.readyState === WebSocket.OPEN && sent - answered < IN_FLIGHT;
    },
    async frame(blob, time) {
      if (socket?.readyState !== WebSocket.OPEN) return;
      sent += 1;
      const header = new DataView(new ArrayBuffer(HEADER));
      header.setUint32(0, sent, true);
      header.setFloat64(4, time, true);
      const now = socket;
      const message = await new Blob([header.buffer, blob]).arrayBuffer();
      if (now === socket && now.readyState === WebSocket.OPEN) now.send(message);
    },
  };
}
