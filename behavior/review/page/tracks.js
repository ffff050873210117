// The tab Tracks: which animal is which, where that is doubtful, and what people correct.

import { getJson, nextId, pathOf, post, viewer } from "./api.js";
import { colorOfAnimal } from "./colors.js";
import { explain, find, notify, page, player, render, say } from "./page.js";
import { isTabOpen, onAnyTab, onTab, openTab } from "./tabs.js";
import { Positions } from "./tiles.js";
import { showStrips } from "./trackstrips.js";

const TAB = "tracks-tab";
// Shorter doubtful tracklets lie in crossings, which have keys of their own.
const SHORTEST = 3;
const NONE = "no animal";
// Frames that the timeline shows around a place that is gone to, at least.
const AROUND = 60;

export const tracks = { state: null, recording: null, positions: null, selected: [], tracklet: null, crossing: -1, last: Promise.resolve() };

export const isTracking = () => isTabOpen(TAB) && tracks.state !== null && tracks.recording === page.recording;

export async function openTracks(id = page.recording) {
  if (!isTabOpen(TAB) || !id || !page.info) return;
  if (tracks.recording !== id) Object.assign(tracks, { state: null, positions: null, selected: [], tracklet: null, crossing: -1 });
  tracks.recording = id;
  try {
    const state = await getJson(`${pathOf(id, "track")}?viewer=${viewer}`);
    if (page.recording === id) take(state);
  } catch (error) {
    if (page.recording !== id) return;
    if (error.status === 425) setTimeout(openTracks, 700);
    tracks.state = null;
    say("track-note", error.status === 425 ? "The video is being read…" : error.message);
    for (const list of ["animals", "corrections"]) find(list).replaceChildren();
    say("animal-count", "");
    render();
  }
}

// What the server says every second; the track is read again where somebody has changed it.
export function followTracks(state) {
  if (!isTracking() || !state) return;
  if (state.session !== tracks.state.session || state.revision !== tracks.state.revision) tracks.last = tracks.last.then(() => openTracks());
  else Object.assign(tracks.state, state);
  saySaved();
}

function saySaved() {
  const { problem, is_pending: isPending, file, corrections } = tracks.state;
  find("saved").classList.toggle("bad", Boolean(problem));
  const where = isPending ? `on disk, ${file} follows` : `saved in ${file}`;
  say("saved", problem || (corrections.length || isPending ? where : ""));
}

function take(state) {
  const isOther = state.session !== tracks.state?.session || state.revision !== tracks.state?.revision;
  const before = tracks.state;
  tracks.state = state;
  if (isOther) {
    tracks.positions = new Positions(page.recording, state, tracks.positions, render);
    tracks.tracklet = null;
    tracks.selected = tracks.selected.filter((animal) => animal < state.names.length);
    if (before && before.corrections.length > state.corrections.length) tracks.crossing = -1;
  }
  state.byAnimal = [...state.names, NONE].map(() => []);
  state.tracklets.forEach(([start, stop, animal, probability], number) => {
    state.byAnimal[animal < 0 ? state.names.length : animal].push({ number, start, stop, animal, probability });
  });
  for (const own of state.byAnimal) own.sort((one, other) => one.start - other.start);
  saySaved();
  drawLists();
  render();
}

// Rows of the timeline: the animals, and what is none, where there is any.
export function listRows() {
  const { names, byAnimal } = tracks.state;
  return byAnimal[names.length].length ? [...names, NONE] : names;
}

function trackletAt(animal, frame) {
  return tracks.state.byAnimal[animal]?.find(({ start, stop }) => start <= frame && frame < stop) ?? null;
}

export const isDoubtful = ({ probability }) => probability !== null && probability < tracks.state.sure;

// The tracklet that keys are about: the one that was clicked, or that of the animal selected last.
export function currentTracklet() {
  const { tracklet, selected } = tracks;
  if (tracklet && tracklet.start <= player.frame && player.frame < tracklet.stop) return tracklet;
  return selected.length ? trackletAt(selected[selected.length - 1], player.frame) : null;
}

function drawLists() {
  const { names, found, byAnimal, corrections } = tracks.state;
  say("animal-count", `(${names.length})`);
  find("animals").replaceChildren(
    ...names.map((name, animal) => {
      const row = document.createElement("li");
      const chip = document.createElement("span");
      chip.className = "chip";
      chip.style.backgroundColor = colorOfAnimal(animal);
      const [shown, about] = [document.createElement("span"), document.createElement("span")];
      shown.className = "name";
      shown.textContent = name;
      about.className = "marks";
      about.textContent = `${byAnimal[animal].length} tracklets, ${Math.round(100 * found[animal])} %`;
      row.title = `${name}: seen in ${(100 * found[animal]).toFixed(1)} % of the frames, in ${byAnimal[animal].length} tracklets`;
      row.append(chip, shown, about);
      row.addEventListener("click", () => select(animal));
      return row;
    }),
  );
  say("correction-count", corrections.length ? `(${corrections.length})` : "");
  find("corrections").replaceChildren(...corrections.map(drawCorrection));
  const options = [...names.map((name, animal) => [String(animal), name]), ["new", "a new animal"]];
  find("assign-to").replaceChildren(
    ...options.map(([value, text]) => {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = text;
      return option;
    }),
  );
}

function drawCorrection({ text, frame, problem }, place) {
  const row = document.createElement("li");
  const words = document.createElement("span");
  words.className = "words";
  words.textContent = problem ? `${text}: not applied, ${problem}` : text;
  words.classList.toggle("bad", Boolean(problem));
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "×";
  remove.title = "Take this correction back";
  remove.addEventListener("click", (event) => {
    event.stopPropagation();
    send({ drop: place });
  });
  row.append(words, remove);
  row.title = `Frame ${frame}`;
  row.addEventListener("click", () => goTo(frame));
  return row;
}

export function drawTracksPanel() {
  const { names, crossings, tracklets } = tracks.state;
  const { selected } = tracks;
  [...find("animals").children].forEach((row, animal) => row.setAttribute("aria-current", String(selected.includes(animal))));
  const doubtful = listDoubtful().length;
  const counted = `${crossings.length} crossings and losses, ${doubtful} doubtful tracklets of ${tracklets.length}.`;
  const crossing = crossings[tracks.crossing];
  const where = crossing ? `${tracks.crossing + 1}: frames ${crossing[0]} to ${crossing[1] - 1}, ${crossing[2].map((animal) => names[animal]).join(", ")}. ` : "";
  say("track-note", where + counted);
  const current = currentTracklet();
  const pair = selected.map((animal) => names[animal]).join(" and ");
  const sure = !current || current.probability === null ? "" : `, probability ${current.probability.toFixed(2)}`;
  const about = current ? ` Tracklet of frames ${current.start} to ${current.stop - 1}${sure}.` : selected.length ? " Not seen in this frame." : "";
  say("track-selected", (pair || (current ? "No animal" : "Click an animal, in the picture or in the list; click a second one to exchange them")) + "." + about);
  for (const id of ["swap", "swap-crossing", "merge"]) find(id).disabled = selected.length !== 2;
  for (const id of ["split", "not-animal", "assign"]) find(id).disabled = !current;
  find("not-animal").disabled ||= current?.animal < 0;
  find("animal-name").disabled = find("name-animal").disabled = !selected.length;
  find("track-undo").disabled = !tracks.state.corrections.length;
  find("track-redo").disabled = !tracks.state.can_redo;
  showStrips(current);
}

export function select(animal) {
  const { selected } = tracks;
  tracks.selected = selected.includes(animal) ? selected.filter((one) => one !== animal) : [...selected, animal].slice(-2);
  tracks.tracklet = null;
  render();
}

export function clickTracks(frame, name) {
  player.go(frame);
  const row = name === undefined ? -1 : listRows().indexOf(name);
  if (row < 0) return;
  const there = trackletAt(row, frame);
  if (row < tracks.state.names.length && !tracks.selected.includes(row)) select(row);
  // Keys are about the one that was clicked last.
  else tracks.selected = [...tracks.selected.filter((one) => one !== row), ...(row < tracks.state.names.length ? [row] : [])];
  tracks.tracklet = there;
  render();
}

// A click in the picture selects the animal there.
find("picture").addEventListener("click", (event) => {
  if (!isTracking()) return;
  const shown = tracks.positions.at(player.frame);
  const scale = window.devicePixelRatio || 1;
  const place = page.toPicture;
  if (!shown || !place) return;
  let nearest = null;
  shown.forEach(({ x, y }, animal) => {
    if (!Number.isFinite(x)) return;
    const [left, top] = place({ x, y });
    const distance = Math.hypot(left / scale - event.offsetX, top / scale - event.offsetY);
    if (!nearest || distance < nearest.distance) nearest = { animal, distance };
  });
  if (nearest && nearest.distance < 40) select(nearest.animal);
});

function goTo(frame, stop = frame + 1) {
  const span = Math.max(3 * (stop - frame), AROUND);
  page.timeline.move((frame + stop - span) / 2, span);
  player.pause();
  player.go(frame);
}

function goToCrossing(direction) {
  if (!isTracking()) return;
  const { crossings } = tracks.state;
  if (!crossings.length) {
    notify("No tracklet of this track ends before its animal does, so there is no crossing.");
    return;
  }
  const current = crossings[tracks.crossing];
  let next;
  if (current && current[0] === player.frame) next = tracks.crossing + direction;
  else if (direction > 0) next = crossings.findIndex(([start]) => start > player.frame);
  else next = crossings.filter(([start]) => start < player.frame).length - 1;
  if (next < 0 || next >= crossings.length) next = direction > 0 ? 0 : crossings.length - 1;
  const [start, stop, animals] = crossings[next];
  tracks.crossing = next;
  tracks.selected = animals.slice(0, 2);
  tracks.tracklet = null;
  goTo(start, stop);
}

function listDoubtful() {
  const all = tracks.state.byAnimal.slice(0, -1).flat();
  return all.filter((one) => isDoubtful(one) && one.stop - one.start >= SHORTEST).sort((one, other) => one.start - other.start || one.number - other.number);
}

function goToDoubtful(direction) {
  if (!isTracking()) return;
  const doubtful = listDoubtful();
  if (!doubtful.length) {
    const isKnown = tracks.state.tracklets.some(([, , , probability]) => probability !== null);
    notify(isKnown ? "No tracklet is doubtful." : "Animals were not told apart by appearance, so no tracklet has a probability; go through the crossings.");
    return;
  }
  const place = doubtful.findIndex(({ number }) => number === tracks.tracklet?.number);
  let next;
  if (place >= 0) next = doubtful[(place + direction + doubtful.length) % doubtful.length];
  else if (direction > 0) next = doubtful.find(({ start }) => start >= player.frame) ?? doubtful[0];
  else next = doubtful.filter(({ start }) => start < player.frame).pop() ?? doubtful[doubtful.length - 1];
  tracks.selected = [next.animal];
  tracks.crossing = -1;
  tracks.tracklet = next;
  goTo(next.start, next.stop);
}

// Corrections go to the server one after the other, each about what the answer before it has shown.
function send(what) {
  tracks.last = tracks.last.then(async () => {
    if (!isTracking()) return;
    const id = tracks.recording;
    const { session, revision } = tracks.state;
    try {
      const wanted = typeof what === "function" ? what() : what;
      if (!wanted) return;
      const state = await post(pathOf(id, "track/corrections"), { session, id: nextId(), viewer, base: revision, ...wanted });
      if (page.recording === id) take(state);
    } catch (error) {
      if (error.body?.track && page.recording === id) take(error.body.track);
      find("saved").classList.toggle("bad", error.status === 507 || error.status === 0);
      if (error.status === 507) say("saved", "not saved");
      page.seenNotices.delete(error.message);
      explain(error);
    }
  });
  return tracks.last;
}

function exchange(until) {
  const { frame } = player;
  return send(() => {
    if (tracks.selected.length === 2) return { edit: { action: "swap", animal: tracks.selected[0], other: tracks.selected[1], frame, until } };
    notify("Select two animals to exchange: click them in the picture, the list or the timeline.");
    return null;
  });
}

function aboutTracklet(action, more = {}) {
  return send(() => {
    const current = currentTracklet();
    if (current) return { edit: { action, tracklet: current.number, ...more } };
    notify("Select an animal that is seen in this frame first; its tracklet is meant.");
    return null;
  });
}

export function assign(animal) {
  if (animal !== null && animal >= tracks.state.names.length) return;
  aboutTracklet("assign", { other: animal });
}

export const TRACK_ACTIONS = {
  swap: () => exchange("end"),
  swap_to_crossing: () => exchange("crossing"),
  split: () => aboutTracklet("split", { frame: player.frame }),
  remove: () => aboutTracklet("remove"),
  merge: () => send(() => (tracks.selected.length === 2 ? { edit: { action: "merge", animal: tracks.selected[0], other: tracks.selected[1] } } : null)),
  name_animal: () => {
    const input = find("animal-name");
    input.disabled = !tracks.selected.length;
    if (input.disabled) notify("Select the animal to name first: click it in the picture or in the list.");
    input.focus();
    input.select();
  },
  next: () => goToCrossing(1),
  previous: () => goToCrossing(-1),
  next_difference: () => goToDoubtful(1),
  previous_difference: () => goToDoubtful(-1),
  undo: () => send({}),
  redo: () => send({ redo: true }),
  cancel: () => {
    Object.assign(tracks, { selected: [], tracklet: null, crossing: -1 });
    player.loop = null;
    render();
  },
};

const BUTTONS = {
  ...{ swap: "swap", "swap-crossing": "swap_to_crossing", split: "split", merge: "merge", "not-animal": "remove" },
  ...{ "track-undo": "undo", "track-redo": "redo", "next-crossing": "next", "previous-crossing": "previous", "next-doubtful": "next_difference" },
};
for (const [id, action] of Object.entries(BUTTONS)) {
  find(id).addEventListener("click", (event) => {
    event.currentTarget.blur();
    if (isTracking()) TRACK_ACTIONS[action]();
  });
}
find("assign").addEventListener("click", () => {
  const { value } = find("assign-to");
  if (isTracking()) assign(value === "new" ? null : Number(value));
});
find("assign-to").addEventListener("change", (event) => event.target.blur());
find("animal-name").addEventListener("keydown", (event) => {
  if (event.key === "Escape") event.target.blur();
});
find("name-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = find("animal-name");
  const name = input.value.trim();
  if (!name || !isTracking() || !tracks.selected.length) return;
  const animal = tracks.selected[tracks.selected.length - 1];
  input.value = "";
  input.blur();
  send({ edit: { action: "name", animal, name } });
});
onTab(TAB, () => openTracks());
onAnyTab(render);

export function openTracksTab() {
  if (page.study.recordings.some(({ has_track: hasTrack }) => hasTrack)) openTab(TAB);
}
