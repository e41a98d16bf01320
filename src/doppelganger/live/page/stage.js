// The avatar, large. Only what the program sent is ever drawn here: its frames, or the avatar's still.

import { h } from "./dom.js";
import { t } from "./words.js";

const SILENCE = 1200; // milliseconds without a frame, after which the still stands

/** `drawn(reply)` when a frame is on the screen. */
export function stage(drawn) {
  const canvas = h("canvas", { width: 512, height: 512, class: "avatar", role: "img", "aria-label": t("stage.alt") });
  const context = canvas.getContext("2d", { alpha: false });
  const element = h("figure", { class: "stage", id: "stage" }, canvas);
  let newest = 0;
  let last = -Infinity;
  let still = null;
  let mirrored = false;

  function put(picture, width, height, flip) {
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    context.setTransform(flip ? -1 : 1, 0, 0, 1, flip ? width : 0, 0);
    context.drawImage(picture, 0, 0, width, height);
  }

  async function show(reply) {
    newest = reply.number;
    let picture;
    try {
      picture = await createImageBitmap(new Blob([reply.jpeg], { type: "image/jpeg" }));
    } catch {
      return;
    }
    if (reply.number === newest) {
      put(picture, picture.width, picture.height, false);
      if (reply.state.gate === "open") element.style.setProperty("--ratio", picture.width / picture.height);
      canvas.dataset.frame = reply.number;
      last = performance.now();
      drawn(reply);
    }
    picture.close();
  }

  function rest() {
    last = -Infinity;
    canvas.dataset.frame = "still";
    if (still?.complete && still.naturalWidth) put(still, still.naturalWidth, still.naturalHeight, mirrored);
  }

  function stillIs(image, flip) {
    if (image === still && flip === mirrored) return;
    still = image;
    mirrored = flip;
    if (last === -Infinity) rest();
    still?.addEventListener("load", () => {
      if (image === still && last === -Infinity) rest();
    }, { once: true });
  }

  setInterval(() => {
    if (last !== -Infinity && performance.now() - last > SILENCE) rest();
  }, 200);

  return { element, canvas, show, rest, stillIs };
}
