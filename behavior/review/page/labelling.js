// What is done to labels: bouts begin and end, bounds move, predictions are confirmed, and which bout comes next.

import { runAt, searchRuns } from "./labels.js";
import { notify, page, player, render, shownProbabilities } from "./page.js";

export async function paint(paints, follow = null) {
  await page.opening;
  if (!page.edits) {
    notify("The labels are not open yet; wait until the video is read.");
    return null;
  }
  const sound = paints.filter(({ start, stop }) => start < stop);
  // What is taken back next is this.
  if (!follow) page.decided = [];
  return sound.length || follow ? page.edits.paint(sound, follow) : null;
}

export function startOrStop(name) {
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
    const bouts = shownProbabilities()?.decided.get(name);
    const here = bouts && runAt(bouts, frame);
    if (here) return { behavior: name, start: here[0], stop: here[1], isSuggestion: true };
  }
  return null;
}

export function setBound(side, frame) {
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

export function moveEdge(edge, frame) {
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

export function confirmSuggestion(frame) {
  const bout = suggestionHere(frame);
  if (!bout) return;
  paint([{ start: bout.start, stop: bout.stop, behavior: bout.behavior, value: 1 }]);
  page.active = bout.behavior;
  page.bout = { ...bout, isSuggestion: false };
  render();
}

export function removeBout(frame) {
  const bout = currentBout(frame) ?? suggestionHere(frame);
  if (!bout) return;
  paint([{ start: bout.start, stop: bout.stop, behavior: bout.behavior, value: 0 }]);
  page.bout = null;
  render();
}

export function markLooked() {
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

export function markNotLooked() {
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
    const predicted = shownProbabilities()?.decided.get(name) ?? [];
    const unseen = page.labels?.unseen(name) ?? [];
    for (let place = 0; place < predicted.length; place += 2) {
      const [start, stop] = [predicted[place], predicted[place + 1]];
      const gap = 2 * searchRuns(unseen, start);
      if (gap < unseen.length && unseen[gap] < stop) stops.push({ behavior: name, start, stop, isSuggestion: true });
    }
  }
  return stops.sort((one, other) => one.start - other.start || one.behavior.localeCompare(other.behavior));
}

export function goToBout(direction) {
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

export function clickTimeline(frame, behavior) {
  page.selection = null;
  page.bout = null;
  if (behavior) {
    page.active = behavior;
    const own = page.labels && runAt(page.labels.bouts(behavior), frame);
    const bouts = shownProbabilities()?.decided.get(behavior);
    const predicted = !own && bouts && runAt(bouts, frame);
    const run = own ?? predicted;
    if (run) page.bout = { behavior, start: run[0], stop: run[1], isSuggestion: !own };
  }
  player.go(frame);
}

export function toggleLoop() {
  const bout = page.selection ? { start: page.selection[0], stop: page.selection[1] } : (currentBout() ?? suggestionHere());
  player.loop = player.loop || !bout ? null : [bout.start, bout.stop];
  if (player.loop) {
    player.go(player.loop[0]);
    player.play();
  }
  render();
}
