// Why the model predicts what it predicts about the frame in view: asked for, drawn over the picture, and along the seconds around it.

import { getJson, pathOf, viewer } from "./api.js";
import { themeColors } from "./colors.js";
import { explain, find, notify, page, player, render, say } from "./page.js";

const PROGRESS_MS = 400;
// As in the figures of `behavior explain`.
const FOR = [213, 94, 0];
const AGAINST = [0, 114, 178];
const MOST_OPAQUE = 0.8;

let asked = null;

// The behavior that is asked about: the one at hand, else the most probable one.
function chooseBehavior(frame) {
  const { behaviors } = page.study;
  const of = (name) => page.probabilities?.at(name, frame) ?? -1;
  const decided = page.bout?.behavior;
  if (decided && frame >= page.bout.start && frame < page.bout.stop) return decided;
  return behaviors.reduce((best, name) => (of(name) > of(best) ? name : best), behaviors[0]);
}

export async function askWhy(isBout) {
  if (!page.info?.has_predictions) {
    notify("Nothing is predicted for this recording yet, so there is nothing to explain. Train first.");
    return;
  }
  if (player.isPlaying) {
    player.pause();
    player.go(player.frame);
  }
  const { frame } = player;
  if (page.why?.frame === frame || asked?.frame === frame) return forgetWhy();
  forgetWhy();
  const behavior = chooseBehavior(frame);
  const own = { frame, recording: page.recording, controller: new AbortController() };
  asked = own;
  find("why-panel").hidden = false;
  find("why-picture").hidden = true;
  say("why-text", `Explaining ${behavior} ${isBout ? "in the bout at" : "at"} frame ${frame}…`);
  own.timer = setInterval(() => tellProgress(own, behavior), PROGRESS_MS);
  const query = new URLSearchParams({ frame, behavior, bout: isBout ? 1 : 0, viewer });
  try {
    const answer = await getJson(`${pathOf(own.recording, "explanation")}?${query}`, { signal: own.controller.signal });
    if (asked !== own) return;
    page.why = { ...answer, frame, bitmap: answer.map ? colorMap(answer.map.values) : null };
    showWhy();
  } catch (error) {
    if (error.name === "AbortError" || asked !== own) return;
    find("why-panel").hidden = true;
    explain(error);
  } finally {
    clearInterval(own.timer);
    if (asked === own) asked = null;
    render();
  }
}

async function tellProgress(own, behavior) {
  const { share } = await getJson("/api/explanation").catch(() => ({ share: null }));
  if (asked !== own) return;
  const far = share === null ? "TensorFlow and the model are being loaded, which takes some seconds the first time" : `${Math.round(100 * share)} %`;
  say("why-text", `Explaining ${behavior} at frame ${own.frame}: ${far}`);
}

// Nothing is shown of another frame than the one in view.
export function followWhy() {
  const frame = asked?.frame ?? page.why?.frame;
  const isOther = asked && asked.recording !== page.recording;
  if (frame !== undefined && (frame !== player.frame || isOther)) forgetWhy();
}

export function forgetWhy() {
  asked?.controller.abort();
  clearInterval(asked?.timer);
  asked = null;
  page.why = null;
  find("why-panel").hidden = true;
  render();
}

function colorMap(values) {
  const size = values.length;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  const image = context.createImageData(size, size);
  const largest = Math.max(...values.flat().map(Math.abs)) || 1;
  values.flat().forEach((value, index) => {
    image.data.set([...(value >= 0 ? FOR : AGAINST), Math.round((255 * MOST_OPAQUE * Math.abs(value)) / largest)], 4 * index);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

function showWhy() {
  const { why } = page;
  find("why-panel").hidden = false;
  find("why-picture").hidden = false;
  const lost = Object.entries({ ...why.streams, ...why.parts }).map(([name, change]) => `${name} ${change.toFixed(1)}`);
  const { edges_s: edges } = why.moments;
  const scene = why.map ? ` Without the animal ${why.map.scene_log_odds.toFixed(1)}.` : "";
  say("why-text", `${why.behavior}${why.frames.length > 1 ? `, mean of frames ${why.frames.join(", ")}` : ""}: log-odds ${why.log_odds.toFixed(1)}.${scene} Lost with other moments instead: ${lost.join(", ")}. Vermillion speaks for ${why.behavior}, blue against it; below, the seconds from ${edges[0].toFixed(1)} to ${edges[edges.length - 1].toFixed(1)} around the frame.`);
  find("why-text").title = why.notes.join("\n");
  drawMoments(find("why-picture"), why.moments);
}

function drawMoments(canvas, { edges_s: edges, changes }) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(canvas.clientWidth * scale));
  canvas.height = Math.max(1, Math.round(canvas.clientHeight * scale));
  const context = canvas.getContext("2d");
  const { ink, line } = themeColors();
  const [low, high] = [Math.min(0, ...changes), Math.max(0, ...changes)];
  const span = high - low || 1;
  const x = (time) => ((time - edges[0]) / (edges[edges.length - 1] - edges[0])) * canvas.width;
  const y = (value) => ((high - value) / span) * (canvas.height - 2) + 1;
  context.fillStyle = line;
  context.fillRect(0, y(0), canvas.width, scale);
  changes.forEach((change, index) => {
    context.fillStyle = `rgb(${(change >= 0 ? FOR : AGAINST).join(" ")})`;
    const top = Math.min(y(change), y(0));
    context.fillRect(x(edges[index]), top, Math.max(x(edges[index + 1]) - x(edges[index]), 1), Math.abs(y(change) - y(0)));
  });
  context.fillStyle = ink;
  context.fillRect(x(0), 0, scale, canvas.height);
  canvas.setAttribute("aria-label", `Which moments speak for ${page.why.behavior}, from ${edges[0].toFixed(1)} s before to ${edges[edges.length - 1].toFixed(1)} s after`);
}
