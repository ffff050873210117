// The tab "Training": the job that trains, how far it is, and the score of the rounds.

import { getJson, post } from "./api.js";
import { drawCurve, explainCurve } from "./curve.js";
import { drawRecordings } from "./drawing.js";
import { explain, find, page, say } from "./page.js";
import { isTabOpen, onTab } from "./tabs.js";

const TAB = "training-tab";
const POLL_MS = 1000;
const IDLE_POLL_MS = 5000;
const MOST_LINES = 400;

let known = null;
let shownJob = null;
let nLines = 0;
let timer = null;
let endedJob = null;
let shownRounds = "";

const isRunning = () => known?.job?.state === "running";

function schedule() {
  clearTimeout(timer);
  timer = setTimeout(refresh, isRunning() || isTabOpen(TAB) ? POLL_MS : IDLE_POLL_MS);
}

async function refresh() {
  try {
    take(await getJson(`/api/training?since=${nLines}`));
  } catch (error) {
    // What the server does not answer is said by the labels.
    if (error.status !== 0) explain(error);
  }
  schedule();
}

function take(answer) {
  const { job } = answer;
  known = answer;
  if (job && job.id !== shownJob) {
    shownJob = job.id;
    find("job-lines").replaceChildren();
    // The lines that were asked for are those of the job before.
    if (nLines) {
      nLines = 0;
      refresh();
      return;
    }
  }
  if (job) addLines(job);
  drawJob(job);
  drawRounds(answer);
  if (job && job.state !== "running" && endedJob !== job.id) {
    endedJob = job.id;
    noteEnd();
  }
}

function addLines(job) {
  const list = find("job-lines");
  const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 4;
  for (const { kind, text } of job.lines.slice(Math.max(nLines - (job.n_lines - job.lines.length), 0))) {
    const row = document.createElement("li");
    row.className = kind;
    row.textContent = kind ? `${kind}: ${text}` : text;
    list.append(row);
  }
  while (list.children.length > MOST_LINES) list.firstChild.remove();
  nLines = Math.max(nLines, job.n_lines);
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}

function drawJob(job) {
  const isAtWork = job?.state === "running";
  find("train").disabled = isAtWork;
  find("stop-job").hidden = !isAtWork;
  find("stop-job").disabled = Boolean(job?.is_stopping);
  find("job-log").hidden = !job;
  say("job-mark", isAtWork ? "●" : "");
  find("job-state").classList.toggle("bad", job?.state === "failed");
  find("job-state").dataset.state = job?.state ?? "";
  const verb = job?.kind === "predicting" ? "Predicting" : "Training";
  say("job-state", !job ? "" : isAtWork ? `${verb}${job.is_stopping ? ", stopping" : ""}: ${formatSeconds(job.seconds)}` : job.outcome);
  const bar = find("job-progress");
  bar.hidden = !isAtWork;
  const progress = isAtWork ? job.progress : null;
  if (progress?.total) {
    bar.max = progress.total;
    bar.value = progress.done;
  } else bar.removeAttribute("value");
  const count = progress?.total ? `${progress.done} of ${progress.total} ${progress.unit}` : "";
  // Loading libraries takes a while, in which nothing is counted.
  const last = find("job-lines").lastChild?.textContent ?? "starting";
  say("job-step", progress ? [progress.description, count, progress.note].filter(Boolean).join(", ") : isAtWork ? last : "");
}

function drawRounds({ rounds, advice, problem }) {
  say("advice", problem || advice.sentence);
  find("advice").dataset.stop = String(advice.should_stop);
  const canvas = find("curve");
  canvas.hidden = !rounds.some(({ mean }) => mean.average_precision);
  canvas.setAttribute("aria-label", `Score over minutes labelled. ${advice.sentence}`);
  if (!canvas.hidden) drawCurve(canvas, rounds);
  say("curve-legend", explainCurve(rounds));
  const shown = JSON.stringify(rounds);
  if (shown === shownRounds) return;
  shownRounds = shown;
  const cells = (names, kind) => {
    const row = document.createElement("tr");
    row.append(
      ...names.map((text) => {
        const cell = document.createElement(kind);
        cell.textContent = text;
        return cell;
      }),
    );
    return row;
  };
  const rows = [...rounds].reverse().map((round) => {
    const score = round.mean.average_precision;
    const row = cells([round.number, round.minutes.toFixed(1), score ? score[0].toFixed(2) : "–", round.scored_on || "not scored"].map(String), "td");
    row.title = Object.entries(round.by_behavior)
      .map(([name, [value]]) => `${name} ${value.toFixed(2)}`)
      .join(", ");
    return row;
  });
  find("rounds").replaceChildren(...(rows.length ? [cells(["Round", "Min.", "Score", "On"], "th"), ...rows] : []));
}

function formatSeconds(seconds) {
  return seconds < 60 ? `${Math.floor(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

// The predictions of the recording that is shown are replaced by the poll of its state.
async function noteEnd() {
  try {
    page.study.recordings = (await getJson("/api/study")).recordings;
    drawRecordings();
  } catch (error) {
    explain(error);
  }
}

find("train").addEventListener("click", async (event) => {
  event.target.blur();
  try {
    await page.edits?.last;
    take(await post("/api/training/start", {}));
  } catch (error) {
    page.seenNotices.delete(error.message);
    explain(error);
  }
  schedule();
});
find("stop-job").addEventListener("click", async (event) => {
  event.target.blur();
  try {
    take(await post("/api/training/stop", {}));
  } catch (error) {
    explain(error);
  }
  schedule();
});
onTab(TAB, refresh);
new ResizeObserver(() => requestAnimationFrame(() => known && drawRounds(known))).observe(find(TAB));
refresh();
