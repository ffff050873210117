// The page: what keys and buttons do, and when it is drawn.

import { getJson } from "./api.js";
import { forgetTheme } from "./colors.js";
import { showKeys } from "./dialogs.js";
import { goToDifference, refreshDifferences } from "./differences.js";
import { describeTimeline, drawPanel, drawPicture } from "./drawing.js";
import {
  clickTimeline,
  confirmSuggestion,
  goToBout,
  markLooked,
  markNotLooked,
  moveEdge,
  removeBout,
  setBound,
  startOrStop,
  toggleLoop,
} from "./labelling.js";
import { openNeighbour, openOthers, openRecording, poll, returnAfterRestart, takeStudy } from "./opening.js";
import { find, page, player, render, say } from "./page.js";
import { SPEEDS } from "./player.js";
import { decideClip, goToNextClip, leaveClip, undo } from "./queue.js";
import "./tabs.js";
import { Timeline } from "./timeline.js";
import "./training.js";
import { assign, clickTracks, isTracking, openTracksTab, TRACK_ACTIONS } from "./tracks.js";
import { askWhy, followWhy, forgetWhy } from "./why.js";

const timeline = new Timeline(find("timeline"), find("overview"), {
  click: (frame, name) => (isTracking() ? clickTracks(frame, name) : clickTimeline(frame, name)),
  select: (span, behavior) => {
    if (isTracking()) return;
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
page.timeline = timeline;

function tick() {
  followWhy();
  if (page.recording) {
    if (page.isPictureDirty) drawPicture();
    if (timeline.isDirty) {
      timeline.show(describeTimeline());
      timeline.draw();
    }
    if (page.isPanelDirty) drawPanel();
  }
  requestAnimationFrame(tick);
}

// What depends on labels waits for the edits that are on their way, and is about the frame that was shown when the key was pressed.
const WAIT = new Set(["next", "previous", "confirm", "remove", "set_start", "set_stop"]);

// These are about labels, which the tab Tracks does not show.
const OF_LABELS = new Set(["loop", "set_start", "set_stop", "confirm", "looked", "not_looked", "clip_done", "clip_skip", "clip_unsure", "why", "why_bout"]);

function act(action) {
  const { frame } = player;
  if (isTracking()) {
    if (TRACK_ACTIONS[action]) TRACK_ACTIONS[action]();
    else if (!OF_LABELS.has(action)) DO[action](frame);
    return;
  }
  if (WAIT.has(action)) page.opening.then(() => page.edits?.last).then(() => DO[action](frame));
  else DO[action](frame);
}

const step = (count) => () => player.go(player.frame + count);
const DO = {
  play: () => {
    if (player.isPlaying) {
      player.pause();
      player.go(player.frame);
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
  undo,
  redo: () => page.opening.then(() => page.edits?.redo()),
  zoom_in: () => timeline.zoom(0.6, player.frame),
  zoom_out: () => timeline.zoom(1 / 0.6, player.frame),
  whole: () => timeline.showAll(),
  crop: () => toggle("crop"),
  pose: () => toggle("pose"),
  others: () => toggle("others"),
  why: () => askWhy(false),
  why_bout: () => askWhy(true),
  next_difference: () => goToDifference(1),
  previous_difference: () => goToDifference(-1),
  next_clip: goToNextClip,
  clip_done: () => decideClip("done"),
  clip_skip: () => decideClip("skipped"),
  clip_unsure: () => decideClip("unsure"),
  next_recording: () => openNeighbour(1),
  previous_recording: () => openNeighbour(-1),
  cancel: () => {
    forgetWhy();
    // A clip is let go of only when nothing in it is.
    if (!page.bout && !page.selection && page.lookedFrom === null && !page.pending.size) leaveClip();
    page.bout = page.selection = page.lookedFrom = null;
    page.pending.clear();
    player.loop = null;
    render();
  },
  theme: toggleTheme,
  tracks: openTracksTab,
  help: showKeys,
};
// What is about tracks alone does nothing in other tabs.
for (const action of Object.keys(TRACK_ACTIONS)) DO[action] ??= () => {};

function changeSpeed(direction) {
  const place = SPEEDS.indexOf(player.speed) + direction;
  if (SPEEDS[place]) player.setSpeed(SPEEDS[place]);
  render();
}

function toggle(name) {
  const isPossible = name === "others" ? page.info.raters.length : page.info.has_pose || (name === "crop" && isTracking());
  if (!isPossible) return;
  page.shows[name] = !page.shows[name];
  if (name === "others") {
    if (page.shows.others) openOthers(page.recording);
    refreshDifferences();
  }
  render();
}

function toggleTheme() {
  const isDark = getComputedStyle(document.documentElement).colorScheme === "dark";
  document.documentElement.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("theme", document.documentElement.dataset.theme);
  forgetTheme();
  render();
}

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]") || event.target.matches("input, select") || !page.recording) return;
  const meant = page.keys.find(event);
  if (!meant) return;
  if (meant.action === undefined && isTracking()) {
    if (!event.repeat) assign(meant.behavior);
  } else if (meant.action === undefined) {
    const name = page.study.behaviors[meant.behavior];
    if (name && !event.repeat) startOrStop(name);
  } else {
    // A button that has the focus is not pressed by what the key does here.
    if (event.target.matches("button")) event.target.blur();
    act(meant.action);
  }
  event.preventDefault();
});

const BUTTONS = {
  ...{ back: "back", play: "play", forward: "forward", loop: "loop", crop: "crop", pose: "pose", others: "others", why: "why" },
  ...{ undo: "undo", redo: "redo", looked: "looked", theme: "theme", "show-keys": "help" },
  ...{ "clip-done": "clip_done", "clip-skip": "clip_skip", "clip-unsure": "clip_unsure" },
};
for (const [id, action] of Object.entries(BUTTONS)) {
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
    returnAfterRestart();
  } catch (error) {
    say("picture-note", error.message);
  }
  new ResizeObserver(render).observe(find("frame"));
  requestAnimationFrame(tick);
  poll();
}

start();
