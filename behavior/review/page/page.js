// What is open on the page, and what every part of it uses.

import { ServerError } from "./api.js";
import { Keys } from "./keys.js";
import { Picture } from "./picture.js";
import { Player } from "./player.js";

const NEIGHBOURS_MS = 120;

export const find = (id) => document.getElementById(id);

export const page = {
  study: null,
  recording: null,
  info: null,
  labels: null,
  edits: null,
  editsOf: new Map(),
  opening: Promise.resolve(),
  probabilities: null,
  predictionsStamp: "",
  others: {},
  pose: null,
  frames: null,
  active: null,
  pending: new Map(),
  bout: null,
  selection: null,
  lookedFrom: null,
  clip: null,
  decided: [],
  why: null,
  shows: { crop: false, pose: false, others: false },
  seenNotices: new Set(),
  keys: new Keys({}),
  timeline: null,
  isPictureDirty: true,
  isPanelDirty: true,
};

// A clip that was drawn at random tells how good the model is only if nobody looks at what it predicts before labelling it.
export function isBlind() {
  return Boolean(page.clip?.is_random && page.clip.state === "open" && page.clip.recording === page.recording);
}

export const shownProbabilities = () => (isBlind() ? null : page.probabilities);

export const picture = new Picture(find("picture"));
export const player = new Player(showFrame);

// Drawing happens once for each refresh of the screen, however much has changed.
export function render() {
  page.isPictureDirty = true;
  page.isPanelDirty = true;
  page.timeline.isDirty = true;
}

function showFrame(frame) {
  if (!player.isPlaying) page.frames?.jump(frame);
  clearTimeout(showFrame.timer);
  if (!player.isPlaying) showFrame.timer = setTimeout(() => page.frames?.prefetch(Math.max(frame - 8, 0), 1, 20), NEIGHBOURS_MS);
  page.timeline.follow(frame);
  render();
}

export function say(id, text) {
  const element = find(id);
  if (element.textContent !== text) element.textContent = text;
}

export function notify(text) {
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

export function explain(error) {
  if (!(error instanceof ServerError)) console.error(error);
  notify(error.message);
}
