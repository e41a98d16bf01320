// The webcam with a framing guide. The picture is taken as the camera sees it; only the view is mirrored.

import { h, reticle, say } from "./dom.js";
import { t } from "./words.js";

/** Shows the camera in `stage`; `onPicture(blob)` when one was taken, `onClose()` when not. Returns the row of buttons. */
export function camera(stage, { signal, onPicture, onClose }) {
  const video = h("video", { autoplay: true, playsinline: true, muted: true, "aria-label": t("camera.view"), class: "mirrored" });
  video.muted = true;
  const words = h("p", { class: "note" }, t("camera.asking"));
  const shoot = h("button", { type: "button", class: "button", disabled: true, on: { click: take } }, t("camera.shoot"));
  const close = h("button", { type: "button", class: "quiet", on: { click: () => { stop(); onClose(); } } }, t("camera.close"));
  let stream = null;

  function stop() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
  }

  async function begin() {
    if (!navigator.mediaDevices?.getUserMedia) return tell("insecure");
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } },
      });
    } catch (error) {
      return tell({ NotAllowedError: "refused", NotFoundError: "none", OverconstrainedError: "none" }[error.name] ?? "trouble");
    }
    if (signal.aborted || !video.isConnected) return stop();
    video.srcObject = stream;
    await video.play().catch(() => {});
    shoot.disabled = false;
    shoot.focus();
    words.textContent = t("camera.guide");
    say(t("camera.guide"));
  }

  function tell(word) {
    words.textContent = t(`camera.${word}`);
    say(words.textContent);
  }

  function take() {
    const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    stop();
    canvas.toBlob(onPicture, "image/jpeg", 0.95);
  }

  signal.addEventListener("abort", stop);
  stage.replaceChildren(video, reticle());
  begin();
  return h("div", { class: "actions" }, h("div", { class: "row" }, shoot, close), words);
}
