// The page: what is open, and what keys and buttons do with it.

import { getBytes, getJson, pathOf, post, ServerError, viewer } from "./api.js";
import { colorOf, forgetTheme } from "./colors.js";
import { Edits } from "./edits.js";
import { Frames } from "./frames.js";
import { BEHAVIOR_KEYS, Keys } from "./keys.js";
import { Labels, runAt, searchRuns } from "./labels.js";
import { Picture } from "./picture.js";
import { Player, SPEEDS } from "./player.js";
import { Pose, Probabilities } from "./tiles.js";
import { formatTime, Timeline } from "./timeline.js";

const find = (id) => document.getElementById(id);
const POLL_MS = 1000;
const NEIGHBOURS_MS = 120;

const page = {
  study: null,
  recording: null,
  info: null,
  labels: null,
  edits: null,
  editsOf: new Map(),
  opening: Promise.resolve(),
  probabilities: null,
  others: {},
  pose: null,
  frames: null,
  active: null,
  pending: new Map(),
  bout: null,
  selection: null,
  lookedFrom: null,
  shows: { crop: false, pose: false, others: false },
  seenNotices: new Set(),
  isStale: false,
};

const picture = new Picture(find("picture"));
const player = new Player(showFrame);
const timeline = new Timeline(find("timeline"), find("overview"), {
  click: clickTimeline,
  select: (span, behavior) => {
    page.selection = span;
    page.bout = null;
    if (behavior) page.active = behavior;
    render();
  },
  preview: (edge) => {
    page.bout = { ...edge, isSuggestion: false };
    render();
  },
  moveEdge,
});
let keys = new Keys({});
let isPictureDirty = true;
let isPanelDirty = true;

// Drawing happens once for each refresh of the screen, however much has changed.
function render() {
  isPictureDirty = true;
  isPanelDirty = true;
  timeline.isDirty = true;
}

function tick() {
  if (page.recording) {
    if (isPictureDirty) drawPicture();
    if (timeline.isDirty) {
      timeline.show(describeTimeline());
      timeline.draw();
    }
    if (isPanelDirty) drawPanel();
  }
  requestAnimationFrame(tick);
}

function describeTimeline() {
  return {
    recording: page.recording,
    behaviors: page.study.behaviors,
    nFrames: page.info.n_frames,
    fps: page.info.fps,
    times: player.times,
    labels: page.labels,
    probabilities: page.probabilities,
    others: page.shows.others ? page.others : {},
    active: page.active,
    pending: page.pending,
    bout: page.bout,
    selection: page.selection,
    lookedFrom: page.lookedFrom,
    frame: player.frame,
  };
}

function showFrame(frame) {
  if (!player.isPlaying) page.frames?.jump(frame);
  clearTimeout(showFrame.timer);
  if (!player.isPlaying) showFrame.timer = setTimeout(() => page.frames?.prefetch(Math.max(frame - 8, 0), 1, 20), NEIGHBOURS_MS);
  timeline.follow(frame);
  render();
}

function drawPicture() {
  isPictureDirty = false;
  const bitmap = page.frames.get(player.frame);
  page.frames.width = picture.wantedWidth(page.info, page.shows.crop);
  const needsPose = page.pose && (page.shows.crop || page.shows.pose);
  const pose = needsPose ? page.pose.at(player.frame) : null;
  // Until a picture is here, the one before stays; that it is another frame is said below.
  if (bitmap !== undefined) {
    picture.draw(bitmap, page.info, { pose, isCropped: page.shows.crop, showsPose: page.shows.pose });
    picture.canvas.dataset.frame = String(player.frame);
    say("picture-note", bitmap === null ? `Frame ${player.frame} cannot be decoded.` : "");
  }
}

function say(id, text) {
  const element = find(id);
  if (element.textContent !== text) element.textContent = text;
}

function notify(text) {
  if (page.seenNotices.has(text)) return;
  page.seenNotices.add(text);
  const box = document.createElement("div");
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "×";
  close.title = "Close";
  close.addEventListener("click", () => {
    page.seenNotices.delete(text);
    box.remove();
  });
  box.append(words, close);
  find("notices").append(box);
}

// ---- The panel of behaviors ----

function drawPanel() {
  isPanelDirty = false;
  const frame = player.frame;
  const list = find("behaviors");
  const { behaviors } = page.study;
  if (list.children.length !== behaviors.length || list.dataset.names !== behaviors.join("\n")) buildBehaviors(list, behaviors);
  behaviors.forEach((name, index) => {
    const row = list.children[index];
    const label = page.labels ? page.labels.at(name, frame) : -1;
    const state = row.querySelector(".state");
    const isPending = page.pending.has(name);
    state.textContent = isPending ? "begun" : label === 1 ? "yes" : label === 0 ? "no" : "–";
    state.classList.toggle("none", !isPending && label !== 1);
    const probability = page.probabilities?.at(name, frame);
    row.querySelector(".probability").textContent = probability === null || probability === undefined ? "" : probability.toFixed(2);
    row.classList.toggle("active", page.active === name);
  });
  say("position", `${formatTime(player.timeOf(frame))}   frame ${frame} of ${page.info.n_frames}`);
  say("selected", describeSelected());
  say("play", player.isPlaying ? "Pause" : "Play");
  for (const name of ["crop", "pose", "others"]) find(name).setAttribute("aria-pressed", String(page.shows[name]));
  find("crop").disabled = find("pose").disabled = !page.info.has_pose;
  find("others").disabled = !page.info.raters.length;
  find("loop").setAttribute("aria-pressed", String(Boolean(player.loop)));
  find("looked").setAttribute("aria-pressed", String(page.lookedFrom !== null));
  find("undo").disabled = !page.edits?.done.length;
  find("redo").disabled = !page.edits?.undone.length;
  find("show-exclusive").hidden = behaviors.length < 2;
  find("speed").value = String(player.speed);
}

function buildBehaviors(list, behaviors) {
  list.dataset.names = behaviors.join("\n");
  list.replaceChildren(
    ...behaviors.map((name, index) => {
      const row = document.createElement("li");
      row.title = `${name}: ${BEHAVIOR_KEYS[index] ?? "click"} starts and stops a bout`;
      const key = document.createElement("kbd");
      key.textContent = BEHAVIOR_KEYS[index] ?? "";
      const chip = document.createElement("span");
      chip.className = "chip";
      chip.style.backgroundColor = colorOf(index);
      const parts = ["name", "state", "probability"].map((kind) => {
        const part = document.createElement("span");
        part.className = kind;
        return part;
      });
      parts[0].textContent = name;
      row.append(key, chip, ...parts);
      row.addEventListener("click", () => startOrStop(name));
      return row;
    }),
  );
}

function describeSelected() {
  const { bout, selection } = page;
  const length = (start, stop) => {
    const end = stop <= player.last ? player.timeOf(stop) : player.timeOf(player.last) + 1 / page.info.fps;
    return `frames ${start} to ${stop - 1}, ${(end - player.timeOf(start)).toFixed(2)} s`;
  };
  if (bout) return `${bout.behavior}${bout.isSuggestion ? " (suggested: Enter confirms, Delete refuses)" : ""}: ${length(bout.start, bout.stop)}`;
  if (selection) return `Span: ${length(...selection)}. A digit labels it.`;
  if (page.pending.size) return `Begun: ${[...page.pending.keys()].join(", ")}. The same digit stops it.`;
  if (page.lookedFrom !== null) return `Looked at from frame ${page.lookedFrom}: o again to here.`;
  return page.study.behaviors.length ? "Nothing. Click a bout, drag a span, or press Tab." : "Name a behavior to begin.";
}

// ---- Labelling ----

async function paint(paints) {
  await page.opening;
  if (!page.edits) {
    notify("The labels are not open yet; wait until the video is read.");
    return null;
  }
  const sound = paints.filter(({ start, stop }) => start < stop);
  return sound.length ? page.edits.paint(sound) : null;
}

function startOrStop(name) {
  page.active = name;
  const frame = player.frame;
  if (page.selection) {
    const [start, stop] = page.selection;
    const values = page.labels?.values.get(name);
    const isAll = values?.subarray(start, stop).every((label) => label === 1);
    paint([{ start, stop, behavior: name, value: isAll ? 0 : 1 }]);
    page.bout = isAll ? null : { behavior: name, start, stop, isSuggestion: false };
    page.selection = null;
  } else if (page.pending.has(name)) {
    const begun = page.pending.get(name);
    page.pending.delete(name);
    const [start, stop] = [Math.min(begun, frame), Math.max(begun, frame)];
    if (start < stop) {
      paint([{ start, stop, behavior: name, value: 1 }]);
      page.bout = { behavior: name, start, stop, isSuggestion: false };
    }
  } else {
    page.pending.set(name, frame);
    page.bout = null;
  }
  render();
}

// The bout that keys are about: the selected one, or the one of the active behavior at this frame, or any that is there.
function currentBout(frame = player.frame) {
  if (page.bout) return page.bout;
  const names = [page.active, ...page.study.behaviors].filter(Boolean);
  for (const name of names) {
    const own = page.labels && runAt(page.labels.bouts(name), frame);
    if (own) return { behavior: name, start: own[0], stop: own[1], isSuggestion: false };
  }
  return null;
}

function suggestionHere(frame = player.frame) {
  if (page.bout?.isSuggestion) return page.bout;
  for (const name of [page.active, ...page.study.behaviors].filter(Boolean)) {
    const bouts = page.probabilities?.decided.get(name);
    const here = bouts && runAt(bouts, frame);
    if (here) return { behavior: name, start: here[0], stop: here[1], isSuggestion: true };
  }
  return null;
}

function setBound(side, frame) {
  const bout = currentBout(frame);
  if (bout && !bout.isSuggestion) {
    moveEdge({ ...bout, side }, frame);
    return;
  }
  if (bout) {
    // Correcting a suggestion takes it over.
    const start = side === "start" ? frame : bout.start;
    const stop = side === "stop" ? frame : bout.stop;
    if (start < stop) {
      paint([{ start, stop, behavior: bout.behavior, value: 1 }]);
      page.bout = { behavior: bout.behavior, start, stop, isSuggestion: false };
    }
  } else {
    const [start, stop] = page.selection ?? [frame, frame + 1];
    page.selection = side === "start" ? [frame, Math.max(stop, frame + 1)] : [Math.min(start, frame - 1), frame];
    if (page.selection[0] < 0) page.selection = null;
  }
  render();
}

function moveEdge(edge, frame) {
  const { behavior, start, stop, side } = edge;
  const from = side === "start" ? start : stop;
  const next = { behavior, start: side === "start" ? frame : start, stop: side === "stop" ? frame : stop, isSuggestion: false };
  if (next.start >= next.stop) {
    notify("A bout stops after it starts; Delete removes it.");
    page.bout = { behavior, start, stop, isSuggestion: false };
    render();
    return;
  }
  const grows = side === "start" ? frame < from : frame > from;
  page.bout = next;
  page.active = behavior;
  paint([{ start: Math.min(from, frame), stop: Math.max(from, frame), behavior, value: grows ? 1 : 0 }]);
  render();
}

function confirmSuggestion(frame) {
  const bout = suggestionHere(frame);
  if (!bout) return;
  paint([{ start: bout.start, stop: bout.stop, behavior: bout.behavior, value: 1 }]);
  page.active = bout.behavior;
  page.bout = { ...bout, isSuggestion: false };
  render();
}

function removeBout(frame) {
  const bout = currentBout(frame) ?? suggestionHere(frame);
  if (!bout) return;
  paint([{ start: bout.start, stop: bout.stop, behavior: bout.behavior, value: 0 }]);
  page.bout = null;
  render();
}

function markLooked() {
  if (page.selection) {
    paint([{ start: page.selection[0], stop: page.selection[1], behavior: null, value: 0 }]);
    page.selection = null;
  } else if (page.lookedFrom === null) {
    page.lookedFrom = player.frame;
  } else {
    const [start, stop] = [Math.min(page.lookedFrom, player.frame), Math.max(page.lookedFrom, player.frame) + 1];
    page.lookedFrom = null;
    paint([{ start, stop, behavior: null, value: 0 }]);
  }
  render();
}

function markNotLooked() {
  if (!page.selection) {
    notify("Drag over the span that was not looked at first.");
    return;
  }
  paint([{ start: page.selection[0], stop: page.selection[1], behavior: null, value: -1 }]);
  page.selection = null;
  render();
}

// Own bouts, and predicted ones in frames that nobody has looked at, in order of time.
function listStops() {
  const stops = [];
  for (const name of page.study.behaviors) {
    const own = page.labels?.bouts(name) ?? [];
    for (let place = 0; place < own.length; place += 2) stops.push({ behavior: name, start: own[place], stop: own[place + 1], isSuggestion: false });
    const predicted = page.probabilities?.decided.get(name) ?? [];
    const unseen = page.labels?.unseen(name) ?? [];
    for (let place = 0; place < predicted.length; place += 2) {
      const [start, stop] = [predicted[place], predicted[place + 1]];
      const gap = 2 * searchRuns(unseen, start);
      if (gap < unseen.length && unseen[gap] < stop) stops.push({ behavior: name, start, stop, isSuggestion: true });
    }
  }
  return stops.sort((one, other) => one.start - other.start || one.behavior.localeCompare(other.behavior));
}

function goToBout(direction) {
  const stops = listStops();
  if (!stops.length) return;
  const isSame = (one) => page.bout && one.behavior === page.bout.behavior && one.start === page.bout.start && one.isSuggestion === page.bout.isSuggestion;
  const place = stops.findIndex(isSame);
  let next;
  if (place >= 0) next = stops[(place + direction + stops.length) % stops.length];
  else if (direction > 0) next = stops.find(({ start }) => start >= player.frame) ?? stops[0];
  else next = stops.filter(({ start }) => start < player.frame).pop() ?? stops[stops.length - 1];
  selectBout(next);
  player.go(next.start);
}

function selectBout(bout) {
  page.bout = bout;
  page.selection = null;
  page.active = bout.behavior;
  if (player.loop) player.loop = [bout.start, bout.stop];
  render();
}

function clickTimeline(frame, behavior) {
  page.selection = null;
  page.bout = null;
  if (behavior) {
    page.active = behavior;
    const own = page.labels && runAt(page.labels.bouts(behavior), frame);
    const bouts = page.probabilities?.decided.get(behavior);
    const predicted = !own && bouts && runAt(bouts, frame);
    const run = own ?? predicted;
    if (run) page.bout = { behavior, start: run[0], stop: run[1], isSuggestion: !own };
  }
  player.go(frame);
}

function toggleLoop() {
  const bout = page.selection ? { start: page.selection[0], stop: page.selection[1] } : (currentBout() ?? suggestionHere());
  player.loop = player.loop || !bout ? null : [bout.start, bout.stop];
  if (player.loop) {
    player.go(player.loop[0]);
    player.play();
  }
  render();
}

// ---- What keys and buttons do ----

// What depends on labels waits for the edits that are on their way, and is about the frame that was shown when the key was pressed.
const WAIT = new Set(["next", "previous", "confirm", "remove", "set_start", "set_stop"]);

function act(action) {
  const { frame } = player;
  if (WAIT.has(action)) page.opening.then(() => page.edits?.last).then(() => DO[action](frame));
  else DO[action](frame);
}

const step = (count) => () => player.go(player.frame + count);
const DO = {
  play: () => {
    if (player.isPlaying) {
      player.pause();
      showFrame(player.frame);
    } else player.play();
    render();
  },
  back: step(-1),
  forward: step(1),
  back_ten: step(-10),
  forward_ten: step(10),
  first: () => player.go(0),
  last: () => player.go(player.last),
  slower: () => changeSpeed(-1),
  faster: () => changeSpeed(1),
  next: () => goToBout(1),
  previous: () => goToBout(-1),
  loop: toggleLoop,
  set_start: (frame) => setBound("start", frame),
  set_stop: (frame) => setBound("stop", frame),
  confirm: confirmSuggestion,
  remove: removeBout,
  looked: markLooked,
  not_looked: markNotLooked,
  undo: () => page.opening.then(() => page.edits?.undo()),
  redo: () => page.opening.then(() => page.edits?.redo()),
  zoom_in: () => timeline.zoom(0.6, player.frame),
  zoom_out: () => timeline.zoom(1 / 0.6, player.frame),
  whole: () => timeline.showAll(),
  crop: () => toggle("crop"),
  pose: () => toggle("pose"),
  others: () => toggle("others"),
  next_recording: () => openNeighbour(1),
  previous_recording: () => openNeighbour(-1),
  cancel: () => {
    page.bout = page.selection = page.lookedFrom = null;
    page.pending.clear();
    player.loop = null;
    render();
  },
  theme: toggleTheme,
  help: showKeys,
};

function changeSpeed(direction) {
  const place = SPEEDS.indexOf(player.speed) + direction;
  if (SPEEDS[place]) player.setSpeed(SPEEDS[place]);
  render();
}

function toggle(name) {
  if ((name === "others" && !page.info.raters.length) || (name !== "others" && !page.info.has_pose)) return;
  page.shows[name] = !page.shows[name];
  if (name === "others" && page.shows.others) openOthers(page.recording);
  render();
}

function toggleTheme() {
  const isDark = getComputedStyle(document.documentElement).colorScheme === "dark";
  document.documentElement.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("theme", document.documentElement.dataset.theme);
  forgetTheme();
  render();
}

function showKeys() {
  const rows = [["1 – 9, 0, -, =", "Start and stop a bout of a behavior, or label the selected span"], ...keys.list()];
  find("key-table").replaceChildren(
    ...rows.map(([key, meaning]) => {
      const row = document.createElement("tr");
      const [left, right] = [document.createElement("td"), document.createElement("td")];
      const shown = document.createElement("kbd");
      shown.textContent = key;
      left.append(shown);
      right.textContent = meaning;
      row.append(left, right);
      return row;
    }),
  );
  find("sheet").showModal();
}

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]") || event.target.matches("input, select") || !page.recording) return;
  const meant = keys.find(event);
  if (!meant) return;
  if (meant.action === undefined) {
    const name = page.study.behaviors[meant.behavior];
    if (name && !event.repeat) startOrStop(name);
  } else {
    // A button that has the focus is not pressed by what the key does here.
    if (event.target.matches("button")) event.target.blur();
    act(meant.action);
  }
  event.preventDefault();
});

for (const [id, action] of Object.entries({ back: "back", play: "play", forward: "forward", loop: "loop", crop: "crop", pose: "pose", others: "others", undo: "undo", redo: "redo", looked: "looked", theme: "theme", "show-keys": "help" })) {
  find(id).addEventListener("click", () => act(action));
}
find("speed").append(
  ...SPEEDS.map((speed) => {
    const option = document.createElement("option");
    option.value = String(speed);
    option.textContent = speed < 1 ? `1/${1 / speed}` : `${speed}×`;
    return option;
  }),
);
find("speed").addEventListener("change", (event) => {
  player.setSpeed(Number(event.target.value));
  event.target.blur();
});
window.addEventListener("resize", render);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  forgetTheme();
  render();
});

// ---- Behaviors are named and excluded ----

find("add-behavior").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = find("new-behavior");
  const name = input.value.trim();
  if (!name) return;
  const add = async () => {
    await page.edits?.last;
    takeStudy(await post("/api/behaviors", { name }));
    input.value = "";
    input.blur();
    page.active = name;
    await openLabels(page.recording);
  };
  page.opening = add().catch(explain);
});

let groups = [];

function drawGroups() {
  find("groups").replaceChildren(
    ...groups.map((group) => {
      const row = document.createElement("div");
      row.className = "group";
      for (const name of page.study.behaviors) {
        const label = document.createElement("label");
        const box = document.createElement("input");
        box.type = "checkbox";
        box.checked = group.has(name);
        box.addEventListener("change", () => (box.checked ? group.add(name) : group.delete(name)));
        label.append(box, ` ${name}`);
        row.append(label);
      }
      return row;
    }),
  );
}

find("show-exclusive").addEventListener("click", () => {
  groups = page.study.exclusive.map((group) => new Set(group));
  if (!groups.length) groups.push(new Set());
  drawGroups();
  find("exclusive-dialog").showModal();
});
find("add-group").addEventListener("click", () => {
  groups.push(new Set());
  drawGroups();
});
find("cancel-groups").addEventListener("click", () => find("exclusive-dialog").close());
find("save-groups").addEventListener("click", async () => {
  try {
    takeStudy(await post("/api/exclusive", { groups: groups.filter((group) => group.size > 1).map((group) => [...group]) }));
    find("exclusive-dialog").close();
  } catch (error) {
    explain(error);
  }
});

// ---- Opening ----

function explain(error) {
  if (!(error instanceof ServerError)) console.error(error);
  notify(error.message);
}

function takeStudy(study) {
  page.study = study;
  say("study", study.name);
  say("rater", study.rater ? `rater ${study.rater}` : "");
  say("recording-count", `(${study.recordings.length})`);
  keys = new Keys(study.keys);
  if (keys.unknown.length) notify(`review.yaml names keys for ${keys.unknown.join(", ")}, which the page does not know.`);
  for (const note of study.notes) notify(note);
  drawRecordings();
  render();
}

function drawRecordings() {
  find("recordings").replaceChildren(
    ...page.study.recordings.map((recording) => {
      const row = document.createElement("li");
      row.tabIndex = -1;
      row.setAttribute("aria-current", String(recording.id === page.recording));
      const name = document.createElement("span");
      name.className = "name";
      name.textContent = recording.id;
      const marks = document.createElement("span");
      marks.className = "marks";
      const known = [recording.has_labels && "labels", recording.has_predictions && "predictions", recording.split === "test" && "test recording"].filter(Boolean);
      marks.textContent = known.map((word) => word[0].toUpperCase()).join(" ");
      marks.title = known.join(", ");
      row.append(name, marks);
      row.title = recording.id;
      row.addEventListener("click", () => openRecording(recording.id));
      return row;
    }),
  );
}

function openNeighbour(direction) {
  const ids = page.study.recordings.map(({ id }) => id);
  const next = ids[ids.indexOf(page.recording) + direction];
  if (next) openRecording(next);
}

async function openRecording(id) {
  if (page.pending.size) notify(`The bout of ${[...page.pending.keys()].join(", ")} that was begun was not stopped, and is not labelled.`);
  page.frames?.close();
  Object.assign(page, { recording: id, labels: null, edits: null, opening: Promise.resolve(), probabilities: null, pose: null, others: {}, bout: null, selection: null, lookedFrom: null, info: null, frames: null });
  page.pending.clear();
  page.recording = null;
  for (const row of find("recordings").children) row.setAttribute("aria-current", String(row.title === id));
  say("picture-note", "Opening…");
  const isStill = () => openRecording.wanted === id;
  openRecording.wanted = id;
  try {
    const info = await getJson(pathOf(id));
    if (!isStill()) return;
    page.info = info;
    page.recording = id;
    page.frames = new Frames(id, info, noteFrames);
    page.pose = info.has_pose ? new Pose(id, render) : null;
    page.frames.width = picture.wantedWidth(info, page.shows.crop);
    player.open(page.frames, info);
    history.replaceState(null, "", `#${encodeURIComponent(id)}`);
    player.go(0);
    page.opening = openLabels(id);
    await Promise.all([page.opening, openTimes(id)]);
    if (isStill() && info.has_predictions) await openPredictions(id);
    if (isStill() && page.shows.others) await openOthers(id);
  } catch (error) {
    if (!isStill()) return;
    say("picture-note", error.message);
    explain(error);
  }
  render();
}

function noteFrames(error, row) {
  if (!error) {
    if (page.frames.has(player.frame)) isPictureDirty = true;
    return;
  }
  if (error.status === 425) {
    say("picture-note", `The video is being read, ${page.info.n_proven} frames so far.`);
    if (row === player.frame) setTimeout(() => page.frames?.jump(player.frame), 500);
    return;
  }
  if (row === player.frame) say("picture-note", error.message);
}

async function openTimes(id) {
  const times = new Float64Array(await getBytes(pathOf(id, "times")));
  if (page.recording === id && page.info.is_complete) player.times = times;
}

async function openLabels(id) {
  if (!page.study.behaviors.length || !page.info.is_complete) return;
  try {
    const answer = await getJson(pathOf(id, "labels"));
    if (page.recording !== id) return;
    page.labels = new Labels(answer);
    page.edits = page.editsOf.get(id);
    // Edits of an earlier visit can still be taken back, as long as the server has the same session.
    if (page.edits?.labels.session === page.labels.session) page.edits.labels = page.labels;
    else page.editsOf.set(id, (page.edits = new Edits(id, page.labels, takeAnswer, failEdit)));
    takeFile(answer);
  } catch (error) {
    explain(error);
  }
  render();
}

async function openPredictions(id) {
  try {
    const info = await getJson(pathOf(id, "predictions"));
    if (page.recording === id) page.probabilities = new Probabilities(id, info, page.info.n_frames, render);
    if (info.is_trained_on) say("rater", `${page.study.rater ? `rater ${page.study.rater}, ` : ""}the model was trained on this recording`);
  } catch (error) {
    if (error.status !== 425) explain(error);
  }
}

async function openOthers(id) {
  try {
    const { raters } = await getJson(pathOf(id, "others"));
    if (page.recording !== id) return;
    page.others = Object.fromEntries(Object.entries(raters).map(([rater, runs]) => [rater, new Labels({ session: "", revision: 0, n_frames: page.info.n_frames, runs })]));
  } catch (error) {
    explain(error);
  }
  render();
}

// ---- Staying in step with the server ----

function takeAnswer(answer) {
  takeRevisions(answer.revisions ?? []);
  takeFile(answer);
  render();
}

function takeRevisions(revisions) {
  for (const revision of revisions) {
    if (!page.labels.apply(revision)) {
      reloadLabels();
      return;
    }
    if (revision.viewer !== viewer && revision.changes.length) notify("Somebody else is labelling this recording, too; their bouts appear here.");
  }
}

function reloadLabels() {
  page.opening = openLabels(page.recording);
}

function failEdit(error) {
  if (error.body?.is_stale) reloadLabels();
  else if (error.body?.revisions) takeRevisions(error.body.revisions);
  if (error.status === 507) say("saved", "not saved");
  find("saved").classList.toggle("bad", error.status === 507 || error.status === 0);
  page.seenNotices.delete(error.message);
  explain(error);
  render();
}

function takeFile(answer) {
  const isBad = Boolean(answer.problem);
  find("saved").classList.toggle("bad", isBad);
  say("saved", isBad ? answer.problem : answer.revision || answer.n_pending ? (answer.n_pending ? `on disk, ${answer.file} follows` : `saved in ${answer.file}`) : "");
  for (const notice of answer.notices ?? []) notify(notice);
}

async function poll() {
  const id = page.recording;
  try {
    if (id && page.info) {
      const state = await getJson(pathOf(id, `state?since=${page.labels?.revision ?? 0}`));
      if (page.recording !== id) return;
      if (state.run !== page.study.run) {
        if (!page.isStale) notify("The server was started again; load the page again to go on labelling.");
        page.isStale = true;
        return;
      }
      await takeState(id, state);
    }
  } catch (error) {
    if (error.status === 0) {
      say("saved", error.message);
      find("saved").classList.add("bad");
    }
  } finally {
    setTimeout(poll, POLL_MS);
  }
}

async function takeState(id, state) {
  const wasComplete = page.info.is_complete;
  const grew = state.frames.n_frames !== page.info.n_frames;
  Object.assign(page.info, state.frames);
  if (state.frames.is_contradicted) notify("Reading the whole video found other frames than its index tells: it is damaged. Frame numbers are right now; check what you labelled before.");
  if (state.frames.video_problem) notify(state.frames.video_problem);
  if (grew || wasComplete !== page.info.is_complete) {
    render();
    if (page.info.is_complete && !page.labels) {
      await Promise.all([openLabels(id), openTimes(id)]);
      if (page.info.has_predictions && !page.probabilities) await openPredictions(id);
    }
  }
  if (page.labels && state.session !== page.labels.session) reloadLabels();
  else if (page.labels) {
    takeRevisions(state.revisions);
    takeFile(state);
    if (state.revisions.length) render();
  }
}

function checkBrowser() {
  const missing = ["createImageBitmap", "AbortController", "ResizeObserver", "HTMLDialogElement"].filter((name) => !(name in window));
  if (missing.length) throw new Error(`This browser lacks ${missing.join(", ")}; use a current Firefox, Chrome, Edge or Safari.`);
}

async function start() {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
  try {
    checkBrowser();
    takeStudy(await getJson("/api/study"));
    const wanted = decodeURIComponent(location.hash.slice(1));
    const first = page.study.recordings.find(({ id }) => id === wanted) ?? page.study.recordings.find(({ has_video }) => has_video);
    if (first) await openRecording(first.id);
  } catch (error) {
    say("picture-note", error.message);
  }
  new ResizeObserver(render).observe(find("frame"));
  requestAnimationFrame(tick);
  poll();
}

start();
