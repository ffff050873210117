// The list of bouts that people and the model, or raters, see differently; each is one click away.

import { getJson } from "./api.js";
import { colorOf } from "./colors.js";
import { describeTimeline } from "./drawing.js";
import { openRecording } from "./opening.js";
import { explain, find, page, player, render, say } from "./page.js";
import { isTabOpen, onTab, openTab } from "./tabs.js";
import { formatTime } from "./timeline.js";

const TAB = "differences-tab";
const POLL_MS = 1500;
// What is shown before and after a bout when it is looped, in seconds, and how many times as much the timeline shows.
const AROUND_S = 1;
const ZOOM = 6;

const MODEL_KINDS = [
  ["missed,extra,bounds,parts", "all differences"],
  ["missed", "bouts that the model missed"],
  ["extra", "bouts that only the model has"],
  ["bounds", "other start or stop"],
  ["parts", "one bout or several"],
  ["unsure", "bouts the model is unsure of"],
];
const RATER_KINDS = [
  ["missed,extra,bounds,parts", "all differences"],
  ["missed,extra", "bouts that only one has"],
  ["bounds", "other start or stop"],
  ["parts", "one bout or several"],
];

const state = { items: [], version: 0, query: "", chosen: -1, found: 0, problems: {} };

function fill(id, options) {
  const select = find(id);
  const before = select.value;
  const key = JSON.stringify(options);
  if (select.dataset.options === key) return;
  select.dataset.options = key;
  select.replaceChildren(
    ...options.map(([value, text]) => {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = text;
      return option;
    }),
  );
  select.value = options.some(([value]) => value === before) ? before : options[0][0];
}

function isOfRaters() {
  return page.shows.others && find("difference-who").value === "raters";
}

function fillFilters() {
  // Only those who switched on others' labels see them.
  find("difference-sides").hidden = !page.shows.others;
  fill("difference-who", [["model", "people and model"], ...(page.shows.others ? [["raters", "raters"]] : [])]);
  fill("difference-kind", isOfRaters() ? RATER_KINDS : MODEL_KINDS);
  fill("difference-behavior", [["", "all behaviors"], ...page.study.behaviors.map((name) => [name, name])]);
  fill("difference-where", [["", "all recordings"], ["current", "this recording"]]);
}

function makeQuery() {
  const isHere = find("difference-where").value === "current";
  const query = new URLSearchParams({
    kinds: find("difference-kind").value,
    behavior: find("difference-behavior").value,
    recording: isHere ? (page.recording ?? "") : "",
    of_raters: isOfRaters() ? "1" : "0",
  });
  return query.toString();
}

export async function refreshDifferences() {
  clearTimeout(refreshDifferences.timer);
  if (!isTabOpen(TAB) || !page.study) return;
  fillFilters();
  const query = makeQuery();
  if (query !== state.query) {
    Object.assign(state, { query, version: 0, chosen: -1, items: [], found: 0, problems: {} });
    find("differences").replaceChildren();
  }
  try {
    const current = encodeURIComponent(page.recording ?? "");
    const answer = await getJson(`/api/differences?${query}&current=${current}&known=${state.version}`);
    if (query !== state.query) return;
    if (answer.items) take(answer);
    describe(answer);
  } catch (error) {
    if (error.status !== 0) explain(error);
  } finally {
    if (query === state.query) {
      clearTimeout(refreshDifferences.timer);
      refreshDifferences.timer = setTimeout(refreshDifferences, POLL_MS);
    }
  }
}

const isWaiting = (answer) => answer.n_compared < answer.n_recordings;

function take(answer) {
  const chosen = state.items[state.chosen];
  const isNew = (item) => !state.items.some((known) => isSame(item, known));
  // While recordings are compared, rows stay where they are, and new ones come below; sorting waits for the last recording.
  const items = isWaiting(answer) ? [...state.items, ...answer.items.filter(isNew)] : answer.items;
  Object.assign(state, { items, version: answer.version, problems: answer.problems, found: answer.n_found });
  state.chosen = chosen ? state.items.findIndex((item) => isSame(item, chosen)) : -1;
  find("differences").replaceChildren(...state.items.map(makeRow));
  mark();
}

function isSame(one, other) {
  return ["recording", "behavior", "kind", "start_frame", "rater", "other"].every((name) => one[name] === other[name]);
}

function describe(answer) {
  const { items, found, problems } = state;
  say("difference-count", found > items.length ? `(${items.length} of ${found})` : `(${items.length})`);
  const failed = Object.keys(problems ?? {});
  const note = find("difference-note");
  note.title = Object.values(problems ?? {}).join("\n");
  let text = "";
  if (answer.has_failed) text = "Comparing has stopped; the terminal says why.";
  else if (isWaiting(answer)) text = `${answer.n_compared} of ${answer.n_recordings} recordings are compared…`;
  else if (!answer.n_recordings) {
    text = isOfRaters() ? "No recording has labels of two raters." : "There are no predictions yet; train in the tab Training.";
  } else if (!items.length) text = "There are none.";
  if (failed.length) text += ` ${failed.length} cannot be compared (${failed.slice(0, 3).join(", ")}${failed.length > 3 ? "…" : ""}): ${problems[failed[0]]}`;
  say("difference-note", text.trim());
}

const nameOf = (rater) => rater || "labels";

// What is different, in a few words.
export function tell(item) {
  const late = (seconds, what) =>
    Math.abs(seconds) < 0.005 ? "" : `${what} ${Math.abs(seconds).toFixed(2)}\u00a0s ${seconds > 0 ? "later" : "earlier"}`;
  if (item.kind === "unsure") return `probability ${item.probability.toFixed(2)}, threshold ${item.threshold.toFixed(2)}`;
  const [first, second] = item.other === null ? ["labelled", "predicted"] : [nameOf(item.rater), nameOf(item.other)];
  if (item.kind === "missed") return item.other === null ? "labelled, not predicted" : `${first} only, not ${second}`;
  if (item.kind === "extra") return item.other === null ? "predicted, not labelled" : `${second} only, not ${first}`;
  const bounds = [late(item.start_error_s, "starts"), late(item.stop_error_s, "stops")].filter(Boolean).join(", ");
  if (item.kind === "bounds") return `${second}: ${bounds}`;
  return `${first} ${item.n_labelled}, ${second} ${item.n_decided} bouts${bounds && `; ${bounds}`}`;
}

function makeRow(item, place) {
  const row = document.createElement("li");
  const chip = document.createElement("span");
  chip.className = "chip";
  chip.style.backgroundColor = colorOf(page.study.behaviors.indexOf(item.behavior));
  const words = document.createElement("span");
  words.className = "words";
  const head = document.createElement("span");
  head.className = "head";
  const [name, time] = [document.createElement("span"), document.createElement("span")];
  name.textContent = item.behavior;
  time.textContent = `${formatTime(item.start_s, 0.1)}, ${(item.stop_s - item.start_s).toFixed(1)} s`;
  time.className = "time";
  head.append(name, time);
  const [what, where] = [document.createElement("span"), document.createElement("span")];
  what.textContent = tell(item);
  where.textContent = item.recording;
  where.className = "where";
  words.append(head, what, where);
  row.append(chip, words);
  row.title = `${item.recording}: ${item.behavior}, frames ${item.start_frame} to ${item.stop_frame - 1}`;
  row.addEventListener("click", () => show(place));
  return row;
}

function mark() {
  [...find("differences").children].forEach((row, place) => row.setAttribute("aria-current", String(place === state.chosen)));
  find("differences").children[state.chosen]?.scrollIntoView({ block: "nearest" });
}

export async function goToDifference(direction) {
  if (!isTabOpen(TAB)) {
    openTab(TAB);
    return;
  }
  if (!state.items.length) return;
  const next = state.chosen < 0 && direction < 0 ? state.items.length - 1 : state.chosen + direction;
  await show((next + state.items.length) % state.items.length);
}

async function show(place) {
  const item = state.items[place];
  state.chosen = place;
  mark();
  if (page.recording !== item.recording) await openRecording(item.recording);
  // Another one may have been chosen meanwhile, or the recording cannot be opened.
  if (state.items[state.chosen] !== item || page.recording !== item.recording) return;
  const frames = (seconds) => Math.round(seconds * (page.info.fps || 1));
  const start = Math.max(item.start_frame - frames(AROUND_S), 0);
  const stop = Math.min(item.stop_frame + frames(AROUND_S), page.info.n_frames);
  const span = Math.max(ZOOM * (item.stop_frame - item.start_frame), frames(10));
  page.timeline.show(describeTimeline());
  page.timeline.move((item.start_frame + item.stop_frame - span) / 2, span);
  page.selection = null;
  page.active = item.behavior;
  page.bout = findBout(item);
  player.pause();
  player.loop = [start, stop];
  player.go(start);
  player.play();
  render();
}

// What the keys are about: the own bout if there is one, else what the model predicts, which can be confirmed or refused.
function findBout({ behavior, rater, other, labelled, decided }) {
  const own = rater === page.study.rater ? labelled : other === page.study.rater ? decided : null;
  if (own) return { behavior, start: own[0], stop: own[1], isSuggestion: false };
  if (other === null && decided) return { behavior, start: decided[0], stop: decided[1], isSuggestion: true };
  return null;
}

onTab(TAB, refreshDifferences);
for (const id of ["difference-kind", "difference-who", "difference-behavior", "difference-where"]) {
  find(id).addEventListener("change", (event) => {
    event.target.blur();
    refreshDifferences();
  });
}
