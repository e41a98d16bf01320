// The camera: which one, remembered; its frames as JPEG, each with the time at which it was taken; and what happens when it goes.

const KEPT = "doppelganger-camera";
const SIZE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
const QUALITY = 0.85;
const WORDS = { NotAllowedError: "refused", NotFoundError: "none", OverconstrainedError: "none", NotReadableError: "busy" };

/** `seen(video)` for every frame of the camera; `packed(blob, time)` for those that `wanted()`; `changed(word)`: "on", "off", "gone",
 *  "asking", or why not. */
export function webcam({ seen, wanted, packed, changed }) {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { alpha: false });
  let stream = null;
  let packing = false;
  let running = 0;

  async function on(device = localStorage.getItem(KEPT)) {
    if (!navigator.mediaDevices?.getUserMedia) return changed("insecure");
    off(true);
    const mine = (running += 1);
    changed("asking");
    let got;
    try {
      got = await open(device);
    } catch (error) {
      return changed(WORDS[error.name] ?? "trouble");
    }
    if (mine !== running) return got.getTracks().forEach((track) => track.stop());
    stream = got;
    const [track] = stream.getVideoTracks();
    const id = track.getSettings().deviceId;
    if (id) localStorage.setItem(KEPT, id);
    track.addEventListener("ended", () => lost(mine));
    video.srcObject = stream;
    await video.play().catch(() => {});
    changed("on");
    return next(mine);
  }

  /** The remembered camera, or any where that one is not there. */
  async function open(device) {
    const media = navigator.mediaDevices;
    if (!device) return media.getUserMedia({ video: SIZE });
    try {
      return await media.getUserMedia({ video: { ...SIZE, deviceId: { exact: device } } });
    } catch (error) {
      if (error.name !== "OverconstrainedError" && error.name !== "NotFoundError") throw error;
      return media.getUserMedia({ video: SIZE });
    }
  }

  function off(silently = false) {
    running += 1;
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.srcObject = null;
    if (!silently) changed("off");
  }

  function lost(mine) {
    if (mine !== running) return;
    off(true);
    changed("gone");
    navigator.mediaDevices.addEventListener("devicechange", () => on(), { once: true }); // plugged in again
  }

  function next(mine) {
    video.requestVideoFrameCallback((now, about) => {
      if (mine !== running) return;
      next(mine);
      seen(video);
      if (!packing && wanted()) pack(about.captureTime ?? now);
    });
  }

  function pack(time) {
    packing = true;
    if (canvas.width !== video.videoWidth || canvas.height !== video.videoHeight) {
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
    }
    context.drawImage(video, 0, 0);
    canvas.toBlob((blob) => {
      packing = false;
      if (blob && stream) packed(blob, time);
    }, "image/jpeg", QUALITY);
  }

  /** [{id, name}], once the camera may be used. */
  async function list() {
    const all = await navigator.mediaDevices?.enumerateDevices?.() ?? [];
    return all.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId).map(({ deviceId, label }) => ({ id: deviceId, name: label }));
  }

  return { on, off, list, get chosen() { return localStorage.getItem(KEPT); }, get live() { return stream !== null; } };
}
