// What the person sees of themselves, and nobody else: the camera as it was framed, the avatar over it to line up with, the points.

import { h } from "./dom.js";
import { t } from "./words.js";

const WIDTH = 480;

export function selfview() {
  const canvas = h("canvas", { width: WIDTH, height: 360, class: "self", role: "img", "aria-label": t("self.alt") });
  const context = canvas.getContext("2d", { alpha: false });
  const element = h("div", { class: "mirror" }, canvas, h("p", { class: "empty note" }, t("self.empty")));
  let settings = null;
  let target = null;
  let points = [];

  function draw(video) {
    if (!settings || !video.videoWidth) return;
    const { framing: { side, x, y }, overlay, mirror_preview: mirrored } = settings;
    const height = Math.round(WIDTH * video.videoHeight / video.videoWidth);
    if (canvas.height !== height) canvas.height = height;
    context.setTransform(mirrored ? -1 : 1, 0, 0, 1, mirrored ? WIDTH : 0, 0);
    const [w, v] = [video.videoWidth * side, video.videoHeight * side];
    context.drawImage(video, video.videoWidth * x - w / 2, video.videoHeight * y - v / 2, w, v, 0, 0, WIDTH, height);
    if (overlay > 0 && target?.complete && target.naturalWidth) {
      const edge = Math.min(WIDTH, height);
      context.globalAlpha = overlay;
      context.drawImage(target, (WIDTH - edge) / 2, (height - edge) / 2, edge, edge);
      context.globalAlpha = 1;
    }
    context.fillStyle = "#6fc1f5";
    for (let k = 0; k < points.length; k += 2) context.fillRect(points[k] * WIDTH / 1e4 - 0.75, points[k + 1] * height / 1e4 - 0.75, 1.5, 1.5);
    element.classList.add("on");
  }

  function clear() {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    element.classList.remove("on");
  }

  return {
    element, draw, clear,
    tell: (state, still) => {
      ({ settings } = state);
      target = still;
      if (!settings.landmarks) points = [];
      else if (state.gate) ({ points } = state);
    },
  };
}
