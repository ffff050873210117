// The score of the rounds over the minutes labelled, with intervals, and how well people agree.

import { themeColors } from "./colors.js";

const LEFT = 26;
const BOTTOM = 28;
const TOP = 6;
const RIGHT = 8;

// A line joins only consecutive rounds that were scored on the same kind of frames and behaviors.
function splitSeries(rounds) {
  const series = new Map();
  for (const round of rounds) {
    if (!round.mean.average_precision) continue;
    const key = `${round.scored_on}|${round.behaviors.join("|")}`;
    if (!series.has(key)) series.set(key, { isRandom: round.scored_on === "random clips", points: [] });
    series.get(key).points.push({ minutes: round.minutes, score: round.mean.average_precision, f1: round.mean.f1 });
  }
  return [...series.values()];
}

function chooseStep(most) {
  const raw = most / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw);
}

export function drawCurve(canvas, rounds) {
  const { width, height } = canvas.getBoundingClientRect();
  if (!width) return;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const colors = themeColors();
  const series = splitSeries(rounds);
  const points = series.flatMap(({ points: own }) => own);
  canvas.dataset.points = String(points.length);
  canvas.dataset.series = String(series.length);
  const most = Math.max(...points.map(({ minutes }) => minutes), 1) * 1.1;
  const x = (minutes) => LEFT + (minutes / most) * (width - LEFT - RIGHT);
  const y = (value) => TOP + (1 - value) * (height - TOP - BOTTOM);

  context.font = '10px system-ui, "DejaVu Sans", sans-serif';
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const value of [0, 0.25, 0.5, 0.75, 1]) {
    context.strokeStyle = colors.line;
    context.beginPath();
    context.moveTo(LEFT, y(value));
    context.lineTo(width - RIGHT, y(value));
    context.stroke();
    context.fillStyle = colors.muted;
    if (value * 2 === Math.round(value * 2)) context.fillText(value.toFixed(1), LEFT - 5, y(value));
  }
  context.textAlign = "center";
  const step = chooseStep(most);
  for (let minutes = 0; minutes <= most; minutes += step) {
    context.fillText(String(Number(minutes.toPrecision(4))), x(minutes), height - BOTTOM + 9);
  }
  context.fillText("minutes labelled", LEFT + (width - LEFT - RIGHT) / 2, height - 6);

  const ceiling = rounds.map(({ mean }) => mean.f1_of_raters).filter(Boolean).pop();
  if (ceiling) {
    context.setLineDash([2, 3]);
    context.strokeStyle = colors.ink;
    context.beginPath();
    context.moveTo(LEFT, y(ceiling[0]));
    context.lineTo(width - RIGHT, y(ceiling[0]));
    context.stroke();
    context.setLineDash([]);
  }
  for (const { isRandom, points: own } of series) {
    context.setLineDash(isRandom ? [] : [4, 3]);
    // F1 is what people can be compared in.
    const f1 = own.filter((point) => point.f1).map((point) => [x(point.minutes), y(point.f1[0])]);
    if (ceiling) drawLine(context, f1, colors.muted);
    drawLine(context, own.map(({ minutes, score }) => [x(minutes), y(score[0])]), colors.accent);
    context.setLineDash([]);
    for (const { minutes, score } of own) {
      context.strokeStyle = context.fillStyle = colors.accent;
      if (score[1] !== null) {
        context.beginPath();
        context.moveTo(x(minutes), y(score[1]));
        context.lineTo(x(minutes), y(score[2]));
        context.stroke();
      }
      context.beginPath();
      context.arc(x(minutes), y(score[0]), 3.5, 0, 2 * Math.PI);
      context.fillStyle = isRandom ? colors.accent : colors.panel;
      context.fill();
      context.stroke();
    }
  }
}

function drawLine(context, points, color) {
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.beginPath();
  points.forEach(([left, top], index) => (index ? context.lineTo(left, top) : context.moveTo(left, top)));
  context.stroke();
  context.lineWidth = 1;
}

export function explainCurve(rounds) {
  const kinds = new Set(rounds.filter(({ mean }) => mean.average_precision).map(({ scored_on: kind }) => kind));
  if (!kinds.size) return "";
  const parts = ["Mean average precision on recordings that the model was not trained on; bars are 95 % intervals."];
  if (kinds.has("random clips")) parts.push("Filled, solid: on clips drawn at random.");
  if (kinds.has("all labelled frames")) parts.push("Hollow, dashed: on all labelled frames, which were chosen and may flatter.");
  const ceiling = rounds.map(({ mean }) => mean.f1_of_raters).filter(Boolean).pop();
  if (ceiling) parts.push(`Dotted: the human ceiling, F1 ${ceiling[0].toFixed(2)} between raters; grey: the model's F1.`);
  return parts.join(" ");
}
