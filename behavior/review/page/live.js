// The page of a live recording: asks how it goes several times a second, and draws the last ten seconds.

import { colorOf } from "/page/colors.js";

const SHOWN_S = 10;
const PAUSE_MS = 200;

const find = (id) => document.getElementById(id);
let answers = [];
let last = 0;
let isOver = false;

async function send(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) find("status").textContent = (await answer.json()).error;
}

function showBars(behaviors) {
  const bars = find("bars");
  if (bars.children.length !== behaviors.length) {
    bars.replaceChildren(...behaviors.map((name) => {
      const item = document.createElement("li");
      const label = document.createElement("span");
      const bar = document.createElement("progress");
      label.textContent = name;
      bar.max = 1;
      bar.setAttribute("aria-label", name);
      item.append(label, bar);
      return item;
    }));
  }
  const now = answers.at(-1);
  if (!now) return;
  [...bars.children].forEach((item, index) => {
    item.classList.toggle("shown", now.raw[index]);
    item.querySelector("progress").value = now.values[index];
  });
}

function showEthogram(behaviors) {
  const canvas = find("ethogram");
  const ratio = window.devicePixelRatio || 1;
  const height = Math.max(behaviors.length * 26, 40);
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = height * ratio;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const style = getComputedStyle(document.documentElement);
  const left = 130;
  const width = canvas.clientWidth - left - 8;
  const now = performance.now() / 1000;
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  behaviors.forEach((name, index) => {
    const top = index * 26 + 4;
    context.fillStyle = style.getPropertyValue("--lane");
    context.fillRect(left, top, width, 18);
    context.fillStyle = style.getPropertyValue("--ink");
    context.fillText(name, 8, top + 9, left - 16);
    context.fillStyle = colorOf(index);
    answers.forEach((answer, place) => {
      const locate = (at) => Math.round(left + width * (1 - (now - at) / SHOWN_S));
      const start = locate(answer.at);
      const next = answers[place + 1];
      const stop = next ? locate(next.at) : start + 2;
      if (start < left || stop - start > width / 10) return;
      // Decided frames fill the lane, the others as much of it as they are probable.
      context.globalAlpha = answer.raw[index] ? 1 : 0.35;
      const tall = answer.raw[index] ? 18 : 18 * answer.values[index];
      context.fillRect(start, top + 18 - tall, stop - start, tall);
    });
    context.globalAlpha = 1;
  });
}

function showFigures(state) {
  const figures = {
    "frames a second": state.frames_per_second,
    "latency": state.latency_ms === null ? "–" : `${state.latency_ms} ms`,
    "recorded": state.captured,
    "skipped": state.skipped,
    "without animal": state.not_found,
    "gaps": state.gaps,
    "drive free": `${state.free_gib} GiB`,
  };
  find("figures").replaceChildren(...Object.entries(figures).map(([name, value]) => {
    const pair = document.createElement("div");
    const term = document.createElement("dt");
    const detail = document.createElement("dd");
    term.textContent = name;
    detail.textContent = value;
    detail.dataset.figure = name;
    pair.append(term, detail);
    return pair;
  }));
}

async function follow() {
  try {
    const answer = await fetch(`/live/state?after=${last}`);
    const state = await answer.json();
    if (!answer.ok) throw new Error(state.error);
    const now = performance.now() / 1000;
    for (const [number, ago, values, raw] of state.answers) {
      last = number;
      answers.push({ at: now - ago, values, raw });
    }
    answers = answers.filter((one) => now - one.at <= SHOWN_S + 1);
    showBars(state.behaviors);
    showEthogram(state.behaviors);
    showFigures(state);
    isOver = state.is_over;
    find("status").textContent = isOver ? "The recording is over." : "recording";
    find("stop").disabled = isOver;
  } catch (error) {
    isOver = true;
    find("stop").disabled = true;
    find("status").textContent = "The recording is over, or the server does not answer.";
  }
  if (!isOver) setTimeout(follow, PAUSE_MS);
}

find("noting").addEventListener("submit", (event) => {
  event.preventDefault();
  send("/live/note", { text: find("note").value || "mark" });
  find("note").value = "";
  find("note").blur();
});
find("stop").addEventListener("click", () => send("/live/stop", {}));
document.addEventListener("keydown", (event) => {
  if (event.key === "m" && event.target.tagName !== "INPUT" && !event.ctrlKey && !event.metaKey && !event.altKey) {
    send("/live/note", { text: "mark" });
  }
});
follow();
