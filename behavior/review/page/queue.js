// The clips to label next: why each is there, and what becomes of it.

import { getJson, post } from "./api.js";
import { describeTimeline } from "./drawing.js";
import { paint } from "./labelling.js";
import { openRecording } from "./opening.js";
import { explain, find, notify, page, player, render, say } from "./page.js";
import { isTabOpen, onTab, openTab } from "./tabs.js";

const TAB = "queue-tab";
const POLL_MS = 700;
const SPANS_AROUND = 3;
const STATES = { open: "", done: "done", skipped: "skipped", unsure: "unsure" };

let queue = { clips: [], notes: [], n_done: 0, n_random_done: 0, round: 0, is_busy: false, problem: "" };
let current = null;
let isDeciding = false;

const keyOf = ({ recording, start, stop }) => `${recording} ${start} ${stop}`;
const isCurrent = (clip) => current !== null && keyOf(clip) === keyOf(current);

function take(answer) {
  const wasBusy = queue.is_busy;
  queue = answer;
  if (current) current = queue.clips.find(isCurrent) ?? null;
  draw();
  if (queue.is_busy) setTimeout(load, POLL_MS);
  else if (wasBusy && !queue.problem && isTabOpen(TAB)) goToNextClip();
}

async function load() {
  try {
    take(await getJson("/api/queue"));
  } catch (error) {
    queue.is_busy = false;
    draw();
    say("queue-note", error.message);
  }
}

function draw() {
  const open = queue.clips.filter(({ state }) => state === "open").length;
  say("queue-count", queue.round ? `(${open} open)` : "");
  const counted = `${queue.n_done} done so far, ${queue.n_random_done} of them drawn at random.`;
  const empty = queue.round ? counted : "No clips yet. Choose some below.";
  say("queue-note", queue.is_busy ? "Clips are being chosen…" : queue.problem || empty);
  find("queue-note").classList.toggle("bad", Boolean(queue.problem));
  find("queue-choose").disabled = queue.is_busy;
  for (const id of ["clip-done", "clip-skip", "clip-unsure"]) find(id).disabled = !current;
  find("queue").replaceChildren(...queue.clips.map(drawClip));
  find("queue-notes").replaceChildren(
    ...queue.notes.map((note) => {
      const item = document.createElement("li");
      item.textContent = note;
      return item;
    }),
  );
}

function drawClip(clip) {
  const item = document.createElement("li");
  item.tabIndex = 0;
  item.setAttribute("aria-current", String(isCurrent(clip)));
  item.classList.toggle("decided", clip.state !== "open");
  const [where, name, state, reason] = ["div", "span", "span", "div"].map((kind) => document.createElement(kind));
  where.className = "where";
  name.className = "name";
  state.className = "state";
  reason.className = "reason";
  name.textContent = `${clip.recording} frame ${clip.start}`;
  item.title = `${clip.recording}, frames ${clip.start} to ${clip.stop - 1}`;
  state.textContent = STATES[clip.state];
  reason.textContent = clip.reason;
  where.append(name, state);
  item.append(where, reason);
  item.addEventListener("click", () => goToClip(clip));
  item.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.stopPropagation();
    goToClip(clip);
  });
  return item;
}

async function goToClip(clip) {
  current = clip;
  draw();
  if (page.recording !== clip.recording) await openRecording(clip.recording);
  if (page.recording !== clip.recording || !isCurrent(clip)) return;
  page.bout = page.selection = null;
  page.clip = clip;
  player.loop = [clip.start, clip.stop];
  // What comes before and after tells what the clip shows.
  const around = SPANS_AROUND * (clip.stop - clip.start);
  page.timeline.show(describeTimeline());
  page.timeline.move(clip.start - around, clip.stop - clip.start + 2 * around);
  player.pause();
  player.go(clip.start);
  player.play();
  draw();
  [...find("queue").children].find((item) => item.getAttribute("aria-current") === "true")?.scrollIntoView({ block: "nearest" });
  render();
}

export async function goToNextClip() {
  if (!isTabOpen(TAB)) openTab(TAB);
  if (!queue.round) await load();
  const place = queue.clips.findIndex(isCurrent);
  const later = queue.clips.slice(place + 1).find(({ state }) => state === "open");
  const next = later ?? queue.clips.find((clip) => clip.state === "open" && !isCurrent(clip));
  if (next) await goToClip(next);
  else {
    current = page.clip = player.loop = null;
    draw();
    player.pause();
    render();
    const isAudit = queue.clips.some(({ reason }) => reason.includes("audit"));
    const advice = isAudit ? "`behavior stats --audit` now corrects the figures by them." : "Train, then choose new ones.";
    if (queue.round) notify(`All clips of this batch are decided on. ${advice}`);
  }
}

export function leaveClip() {
  current = page.clip = null;
  draw();
}

async function setState({ recording, start, stop }, state) {
  take(await post("/api/queue/state", { recording, start, stop, state }));
}

// The decision on a clip is taken back, or made again, together with its labels.
async function followUndo(clip, state) {
  try {
    await setState(clip, state);
    const found = queue.clips.find((one) => keyOf(one) === keyOf(clip));
    if (state === "open" && found) await goToClip(found);
  } catch (error) {
    explain(error);
  }
}

// After a decision the next clip may be in another recording; undo goes back to the one that was decided on.
export async function undo() {
  await page.opening;
  const recording = page.decided.pop();
  if (recording !== undefined && recording !== page.recording) await openRecording(recording);
  await page.opening;
  await page.edits?.undo();
}

export async function decideClip(state) {
  const clip = current;
  if (!clip || isDeciding) return;
  if (page.recording !== clip.recording) {
    notify(`The clip is in ${clip.recording}; open it first.`);
    return;
  }
  if (state === "done" && page.pending.size) {
    notify(`Stop the bout of ${[...page.pending.keys()].join(", ")} first.`);
    return;
  }
  isDeciding = true;
  try {
    // Bouts that were just labelled come first.
    await page.edits?.last;
    const follow = (isUndo) => followUndo(clip, isUndo ? "open" : state);
    const paints = state === "skipped" ? [] : [{ start: clip.start, stop: clip.stop, behavior: null, value: state === "done" ? 0 : -1 }];
    const made = await paint(paints, follow);
    if (paints.length && !made) return;
    await setState(clip, state);
    page.decided.push(clip.recording);
    await goToNextClip();
  } catch (error) {
    explain(error);
  } finally {
    isDeciding = false;
  }
}

find("queue-refresh").addEventListener("submit", async (event) => {
  event.preventDefault();
  document.activeElement?.blur();
  try {
    await page.edits?.last;
    const [count, seconds, share] = ["queue-size", "queue-seconds", "queue-share"].map((id) => Number(find(id).value));
    current = page.clip = null;
    take(await post("/api/queue/refresh", { count, clip_s: seconds, random_share: share / 100 }));
  } catch (error) {
    explain(error);
  }
});

onTab(TAB, load);
draw();
