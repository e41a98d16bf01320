// Which slider stands where.

const GROUPS = {
  person: ["age", "female"],
  expression: ["smile", "mouth_open", "teeth", "brow_raise", "eyes_open"],
  pose: ["yaw", "pitch", "gaze_side", "gaze_up"],
  hair: ["hair_black", "hair_brown", "hair_blond", "hair_red", "hair_grey", "hair_length", "curl", "fringe", "baldness", "beard"],
  features: ["face_width", "nose_width", "full_lips", "eyes_blue", "glasses"],
  skin: ["skin_tone", "clear_skin", "less_shine", "makeup"],
  light: ["light_left", "light_above", "background"],
};

/** [{name, members}]; a direction that no group names comes with the features. */
export function groups(directions) {
  const named = Object.values(GROUPS).flat();
  const others = directions.map(({ name }) => name).filter((name) => !named.includes(name));
  return Object.entries(GROUPS).map(([name, members]) => ({ name, members: name === "features" ? [...members, ...others] : members }));
}
