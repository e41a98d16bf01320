// What was chosen before a search begins; kept for the tab, so that a reload or another language loses nothing.

const KEPT = "doppelganger-draft";

export function draftOf(about) {
  let kept = {};
  try {
    kept = JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
  } catch { /* damaged: begin anew */ }
  if (kept.upload && new Date(kept.upload.expires) < Date.now()) kept = {};
  const { margin, held_out, seed, background } = about.defaults;
  const coloured = background?.startsWith("#");
  return {
    upload: null, face: null, consent: false, open: false, keep: false,
    margin, held_out: [...held_out], seed,
    background: coloured ? "colour" : background ?? "own", colour: coloured ? background : "#c8ccd0",
    ...kept,
  };
}

export const keep = (draft) => sessionStorage.setItem(KEPT, JSON.stringify(draft));

export const forget = () => sessionStorage.removeItem(KEPT);
