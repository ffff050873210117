// What the animals look like before a place and after it, side by side, so that an exchange is seen.

import { pathOf } from "./api.js";
import { colorOfAnimal } from "./colors.js";
import { find, page, player } from "./page.js";
import { tracks } from "./tracks.js";

const N_SIDE = 2;
const N_ALONG = 4;
const STEP = 6;
// Tracklets of fewer frames are in the middle of a crossing.
const LASTS = 8;
const MOST_ROWS = 4;
const WAIT_MS = 120;

let shown = "";

// Frames of an animal before or after a place, from tracklets that last: next to it first.
function chooseFrames(animal, frame, direction) {
  const own = tracks.state.byAnimal[animal] ?? [];
  const isBefore = direction < 0;
  const near = isBefore ? own.filter(({ start }) => start < frame).reverse() : own.filter(({ stop }) => stop > frame);
  const chosen = near.find(({ start, stop }) => stop - start >= LASTS) ?? near[0];
  if (!chosen) return [];
  const first = isBefore ? Math.min(chosen.stop, frame) - 1 : Math.max(chosen.start, frame);
  const frames = Array.from({ length: N_SIDE }, (_, place) => first + direction * STEP * place).filter((one) => one >= chosen.start && one < chosen.stop);
  return isBefore ? frames.reverse() : frames;
}

function spread({ start, stop }) {
  const count = Math.min(N_ALONG, stop - start);
  return Array.from({ length: count }, (_, place) => start + Math.floor(((place + 0.5) * (stop - start)) / count));
}

function makeImage(animal, frames, text, most) {
  const image = document.createElement("img");
  image.alt = text;
  image.title = `${text}: frames ${frames.join(", ")}`;
  image.style.width = `${(100 * frames.length) / most}%`;
  const { session, revision } = tracks.state;
  image.src = `${pathOf(tracks.recording, "track/crops")}?animal=${animal}&frames=${frames.join(",")}&of=${session}-${revision}`;
  return image;
}

export function showStrips(tracklet) {
  if (player.isPlaying) return;
  const { selected, crossing, state } = tracks;
  const at = state.crossings[crossing];
  const isAt = at && at[0] <= player.frame && player.frame < at[1];
  const animals = (isAt ? [...new Set([...selected, ...at[2]])] : selected).slice(0, MOST_ROWS);
  const [before, after] = isAt ? [at[0] + 1, at[1] - 1] : [player.frame, player.frame];
  const key = JSON.stringify([page.recording, state.session, state.revision, animals, before, after, tracklet?.number]);
  if (key === shown) return;
  shown = key;
  clearTimeout(showStrips.timer);
  showStrips.timer = setTimeout(() => build(animals, before, after, tracklet), WAIT_MS);
}

function build(animals, before, after, tracklet) {
  const rows = animals.map((animal) => {
    const name = tracks.state.names[animal];
    const sides = [
      [chooseFrames(animal, before, -1), `${name} before`],
      [chooseFrames(animal, after, 1), `${name} after`],
    ];
    return makeRow(name, animal, sides);
  });
  if (tracklet && tracklet.animal >= 0) rows.push(makeRow("along the tracklet", tracklet.animal, [[spread(tracklet), "along the tracklet"]]));
  find("strips").replaceChildren(...rows);
}

function makeRow(name, animal, sides) {
  const row = document.createElement("div");
  const head = document.createElement("div");
  head.className = "head";
  const chip = document.createElement("span");
  chip.className = "chip";
  chip.style.backgroundColor = colorOfAnimal(animal);
  const words = document.createElement("span");
  words.textContent = name;
  head.append(chip, words);
  const strip = document.createElement("div");
  strip.className = "strip";
  for (const [frames, text] of sides) {
    const side = document.createElement("div");
    side.className = "side";
    if (frames.length) side.append(makeImage(animal, frames, text, sides.length > 1 ? N_SIDE : N_ALONG));
    strip.append(side);
  }
  row.append(head, strip);
  return row;
}
