// The page of a live run: asks how it goes several times a second, and shows each source with its last ten seconds.

import { colorOf, forgetTheme, themeColors } from "/page/colors.js";

const SHOWN_S = 10;
const PAUSE_MS = 200;
const PICTURE_PAUSE_MS = 80;
const LANE = 18;
const ROW = 26;
const STATES = {
  waiting: "waits to be started",
  recording: "recording",
  stopping: "closes its files",
  stopped: "stopped",
  over: "over",
  failed: "failed",
};

const find = (id) => document.getElementById(id);
const sources = new Map();
let last = 0;
let isOver = false;

function complain(sentence) {
  find("problem").textContent = sentence;
  find("problem").hidden = !sentence;
}

async function send(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    complain(answer.ok ? "" : (await answer.json()).error);
  } catch (error) {
    complain("The server does not answer.");
  }
}

class SourceRow {
  constructor(name) {
    this.name = name;
    this.answers = [];
    this.root = find("source").content.firstElementChild.cloneNode(true);
    this.root.dataset.source = name;
    this.image = this.root.querySelector("img");
    this.image.alt = `What ${name} shows`;
    this.root.querySelector("h2").textContent = name;
    for (const wish of ["start", "stop"]) {
      this.root.querySelector(`.${wish}`).addEventListener("click", () => send(`/live/${wish}`, { source: name }));
    }
    this.root.querySelector(".mark").addEventListener("click", () => send("/live/note", { text: "mark", source: name }));
    find("sources").append(this.root);
    this.picture = 0;
    this.followPicture();
  }

  // A picture at a time: browsers open six connections to a server, and a stream would keep one.
  async followPicture() {
    try {
      const answer = await fetch(`/live/pictures/${encodeURIComponent(this.name)}/last?after=${this.picture}`);
      if (answer.status === 200) {
        this.picture = Number(answer.headers.get("Picture-Number"));
        const before = this.image.src;
        this.image.src = URL.createObjectURL(await answer.blob());
        if (before.startsWith("blob:")) URL.revokeObjectURL(before);
      }
    } catch (error) {
      // What asks for the state says that the server is gone.
    }
    if (!isOver) setTimeout(() => this.followPicture(), PICTURE_PAUSE_MS);
  }

  show(state, behaviors) {
    const now = performance.now() / 1000;
    for (const [ago, values, raw] of state.answers) this.answers.push({ at: now - ago, values, raw });
    this.answers = this.answers.filter((one) => now - one.at <= SHOWN_S + 1);
    this.root.dataset.state = state.state;
    this.root.querySelector(".state").textContent = STATES[state.state];
    this.root.querySelector(".reason").textContent = state.reason || state.recording;
    const records = state.state === "recording";
    this.root.querySelector(".start").disabled = isOver || records || state.state === "stopping";
    this.root.querySelector(".stop").disabled = this.root.querySelector(".mark").disabled = isOver || !records;
    this.showFigures(state);
    this.showEthogram(behaviors, now);
  }

  showFigures(state) {
    const figures = {
      "frames a second": state.frames_per_second,
      "latency": state.latency_ms === null ? "–" : `${state.latency_ms} ms`,
      "recorded": state.captured,
      "skipped": state.skipped,
      "without animal": state.not_found,
      "gaps": state.gaps,
    };
    // While the background is estimated.
    if (state.not_predicted) figures["not predicted"] = state.not_predicted;
    this.root.querySelector("dl").replaceChildren(...Object.entries(figures).map(([name, value]) => {
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

  showEthogram(behaviors, now) {
    const canvas = this.root.querySelector("canvas");
    const ratio = window.devicePixelRatio || 1;
    const height = behaviors.length * ROW + 20;
    canvas.style.height = `${height}px`;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const colors = themeColors();
    const left = Math.min(122, canvas.clientWidth / 3);
    const width = canvas.clientWidth - left - 40;
    const current = this.answers.at(-1);
    context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    context.textBaseline = "middle";
    const locate = (at) => left + width * (1 - (now - at) / SHOWN_S);
    behaviors.forEach((name, index) => {
      const top = index * ROW + 6;
      context.globalAlpha = 1;
      context.fillStyle = colors.lane;
      context.fillRect(left, top, width, LANE);
      context.fillStyle = colors.ink;
      context.textAlign = "left";
      context.fillText(name, 0, top + LANE / 2, left - 8);
      context.textAlign = "right";
      context.fillStyle = current?.raw[index] ? colors.ink : colors.muted;
      context.fillText(current ? current.values[index].toFixed(2) : "–", left + width + 40, top + LANE / 2);
      context.fillStyle = colorOf(index);
      this.answers.forEach((answer, place) => {
        const next = this.answers[place + 1];
        const start = Math.round(Math.max(locate(answer.at), left));
        const stop = Math.round(next ? locate(next.at) : locate(answer.at) + 2);
        // What is longer is a gap.
        if (stop <= start || (next && next.at - answer.at > 1)) return;
        // Decided frames fill the lane, the others as much of it as they are probable.
        context.globalAlpha = answer.raw[index] ? 1 : 0.35;
        const tall = answer.raw[index] ? LANE : LANE * answer.values[index];
        context.fillRect(start, top + LANE - tall, Math.min(stop, left + width) - start, tall);
      });
    });
    context.globalAlpha = 1;
    context.fillStyle = colors.muted;
    context.textAlign = "left";
    context.fillText(`−${SHOWN_S} s`, left, height - 7);
    context.textAlign = "right";
    context.fillText("now", left + width, height - 7);
    const told = behaviors.map((name, index) => `${name} ${current ? current.values[index].toFixed(2) : "unknown"}`);
    canvas.setAttribute("aria-label", `The last ten seconds; now ${told.join(", ")}`);
  }
}

function show(state) {
  last = state.last;
  isOver = state.is_over;
  for (const source of state.sources) {
    if (!sources.has(source.name)) sources.set(source.name, new SourceRow(source.name));
    sources.get(source.name).show(source, state.behaviors);
  }
  const recording = state.sources.filter((source) => source.state === "recording").length;
  const many = state.sources.length > 1;
  find("status").textContent = isOver ? "The recording is over." : many ? `${recording} of ${state.sources.length} sources record` : "";
  find("drive").textContent = `${state.free_gib} GiB free`;
  find("start-all").hidden = find("stop-all").hidden = !many;
  find("start-all").disabled = isOver || recording === state.sources.length;
  find("stop-all").disabled = isOver || !recording;
  find("end").disabled = isOver;
}

async function follow() {
  try {
    const answer = await fetch(`/live/state?after=${last}`);
    const state = await answer.json();
    if (!answer.ok) throw new Error(state.error);
    show(state);
  } catch (error) {
    isOver = true;
    document.querySelectorAll("button").forEach((button) => { button.disabled = true; });
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
find("start-all").addEventListener("click", () => send("/live/start", {}));
find("stop-all").addEventListener("click", () => send("/live/stop", {}));
find("end").addEventListener("click", () => send("/live/end", {}));
document.addEventListener("keydown", (event) => {
  if (event.key === "m" && event.target.tagName !== "INPUT" && !event.ctrlKey && !event.metaKey && !event.altKey) {
    send("/live/note", { text: "mark" });
  }
});
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", forgetTheme);
follow();
