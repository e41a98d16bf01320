// The three ways in which a picture file comes: dropped, pasted, chosen.

import { h } from "./dom.js";

/** Wires `zone` for drops and the document for pasting; returns {input, open()} for choosing. */
export function intake(zone, { signal, label, onPicture, onNothing = () => {} }) {
  const input = h("input", {
    type: "file", accept: "image/*,.heic,.heif", hidden: true, "aria-label": label,
    on: { change: () => { const [file] = input.files; input.value = ""; if (file) onPicture(file); } },
  });
  const over = (on) => zone.classList.toggle("over", on);
  const carriesFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragover", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault(); // a picture dropped beside the zone must not replace the page
    over(true);
  }, { signal });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(false); }, { signal });
  addEventListener("drop", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    over(false);
    const [file] = event.dataTransfer.files;
    if (file) onPicture(file);
  }, { signal });
  document.addEventListener("paste", (event) => {
    if (event.target.closest?.("input, textarea")) return;
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (file) onPicture(file);
    else onNothing();
  }, { signal });
  return { input, open: () => input.click() };
}
