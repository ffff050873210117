// The timeline: for each behavior its probability with threshold, what is decided, every rater's labels, and what nobody has looked at.

import { colorOf, themeColors } from "./colors.js";
import { searchRuns } from "./labels.js";
import { Overview } from "./overview.js";
import { listenToPointer } from "./pointer.js";

export const NAMES = 104;
export const AXIS = 20;
const LEAST_LANE = 22;
const MOST_LANE = 46;
// Tracklets of many animals.
const LEAST_BAR = 12;
const EDGE = 5;
const LEAST_FRAMES = 12;

export class Timeline {
  constructor(canvas, overview, actions) {
    this.canvas = canvas;
    this.actions = actions;
    this.context = canvas.getContext("2d", { alpha: false });
    this.first = 0;
    this.last = 1;
    this.model = null;
    this.drag = null;
    this.isDirty = true;
    // Asking the page for it at every point takes longer than drawing.
    this.width = 1;
    listenToPointer(this);
    this.overview = new Overview(overview, this);
  }

  // `model` has behaviors, nFrames, times, labels, probabilities, others, and what is selected.
  show(model) {
    const isOther = this.model?.recording !== model.recording || this.model?.nFrames !== model.nFrames;
    this.model = model;
    if (isOther) this.showAll();
    this.isDirty = true;
  }

  showAll() {
    this.first = 0;
    this.last = Math.max(this.model.nFrames, LEAST_FRAMES);
    this.isDirty = true;
  }

  toX(frame) {
    return NAMES + ((frame - this.first) / (this.last - this.first)) * this.width;
  }

  toFrame(x) {
    return this.first + ((x - NAMES) / this.width) * (this.last - this.first);
  }

  clampFrame(frame) {
    return Math.min(Math.max(Math.floor(frame), 0), Math.max(this.model.nFrames - 1, 0));
  }

  zoom(factor, around) {
    const span = Math.min(Math.max((this.last - this.first) * factor, LEAST_FRAMES), Math.max(this.model.nFrames, LEAST_FRAMES));
    const share = (around - this.first) / (this.last - this.first);
    this.move(around - share * span, span);
  }

  move(first, span) {
    const whole = Math.max(this.model.nFrames, LEAST_FRAMES);
    this.first = Math.min(Math.max(first, 0), Math.max(whole - span, 0));
    this.last = this.first + Math.min(span, whole);
    this.isDirty = true;
  }

  // Keep a frame in view.
  follow(frame) {
    if (!this.model) return;
    const span = this.last - this.first;
    if (frame < this.first || frame >= this.last) this.move(frame - span * (frame < this.first ? 0.9 : 0.1), span);
  }

  lanes() {
    return this.model?.behaviors.length ?? 0;
  }

  height() {
    const lanes = Math.max(this.lanes(), 1);
    const room = Math.max(window.innerHeight * 0.36 - AXIS, LEAST_LANE);
    const least = this.model?.bars ? LEAST_BAR : LEAST_LANE;
    return AXIS + lanes * Math.min(Math.max(Math.floor(room / lanes), least), this.model?.bars ? LEAST_LANE : MOST_LANE);
  }

  laneHeight() {
    return (this.canvas.clientHeight - AXIS) / Math.max(this.lanes(), 1);
  }

  resize(canvas, height) {
    const scale = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(canvas.clientWidth * scale));
    if (canvas.style.height !== `${height}px`) canvas.style.height = `${height}px`;
    if (canvas.width !== width || canvas.height !== Math.round(height * scale)) {
      canvas.width = width;
      canvas.height = Math.round(height * scale);
      this.isDirty = true;
    }
    return scale;
  }

  draw() {
    if (!this.model) return;
    const scale = this.resize(this.canvas, this.height());
    this.width = Math.max(this.canvas.clientWidth - NAMES, 1);
    const { context, model } = this;
    const colors = themeColors();
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.fillStyle = colors.panel;
    context.fillRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    const height = this.laneHeight();
    context.fillStyle = colors.lane;
    model.behaviors.forEach((_, index) => context.fillRect(NAMES, AXIS + index * height + 1, this.width, height - 2));
    this.drawAxis(colors);
    model.behaviors.forEach((name, index) => this.drawLane(name, index, AXIS + index * height, height, colors));
    model.bars?.drawMarks(this, colors);
    this.drawSelection(height, colors);
    this.overview.draw(colors);
    this.isDirty = false;
  }

  drawLane(name, index, top, height, colors) {
    const { context, model } = this;
    if (model.bars) {
      model.bars.drawLane(this, index, top, height, colors);
      return;
    }
    const color = colorOf(index);
    context.fillStyle = model.active === name ? colors.ink : colors.muted;
    context.font = `${model.active === name ? "600 " : ""}12px system-ui, "DejaVu Sans", sans-serif`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillText(shorten(context, name, NAMES - 16), 8, top + height / 2);
    context.save();
    context.beginPath();
    context.rect(NAMES, top, this.width, height);
    context.clip();
    const others = Object.entries(model.others ?? {});
    const bar = Math.max(6, Math.min(12, height * 0.32));
    const thin = 3;
    const own = top + height - bar - 2;
    const curveTop = top + 2;
    const curveHeight = own - curveTop - (model.probabilities ? thin + 2 : 0) - others.length * (thin + 1) - 1;
    if (model.labels) this.hatch(model.labels.unseen(name), own, bar, colors);
    if (model.probabilities && curveHeight > 4) {
      this.drawCurve(name, curveTop, curveHeight, color, colors);
      context.fillStyle = color;
      this.drawRuns(model.probabilities.decided.get(name), own - thin - 2, thin, 0.75);
    }
    others.forEach(([, labels], place) => {
      context.fillStyle = colors.muted;
      this.drawRuns(labels.bouts(name), own - (model.probabilities ? thin + 2 : 0) - (place + 1) * (thin + 1), thin, 1);
    });
    if (model.labels) {
      context.fillStyle = color;
      this.drawRuns(model.labels.bouts(name), own, bar, 1);
    }
    const pending = model.pending?.get(name);
    if (pending !== undefined) {
      const [start, stop] = [Math.min(pending, model.frame), Math.max(pending, model.frame)];
      context.globalAlpha = 0.55;
      context.fillStyle = color;
      context.fillRect(this.toX(start), own, Math.max(this.toX(stop) - this.toX(start), 2), bar);
      context.globalAlpha = 1;
    }
    context.restore();
  }

  drawRuns(runs, top, height, alpha) {
    if (!runs) return;
    const { context } = this;
    context.globalAlpha = alpha;
    let drawn = -1;
    for (let place = searchRuns(runs, this.first); 2 * place < runs.length && runs[2 * place] < this.last; place += 1) {
      const left = this.toX(runs[2 * place]);
      const right = Math.max(this.toX(runs[2 * place + 1]), left + 1);
      if (right <= drawn) continue;
      context.fillRect(Math.max(left, NAMES), top, right - Math.max(left, NAMES), height);
      drawn = Math.max(right, Math.floor(right) + 0.5);
    }
    context.globalAlpha = 1;
  }

  // What nobody has looked at.
  hatch(runs, top, height, colors) {
    const { context } = this;
    context.strokeStyle = colors.hatch;
    context.lineWidth = 1;
    context.save();
    context.beginPath();
    let hasAny = false;
    for (let place = searchRuns(runs, this.first); 2 * place < runs.length && runs[2 * place] < this.last; place += 1) {
      const left = Math.max(this.toX(runs[2 * place]), NAMES);
      context.rect(left, top, Math.max(Math.min(this.toX(runs[2 * place + 1]), NAMES + this.width) - left, 0.5), height);
      hasAny = true;
    }
    if (hasAny) {
      context.clip();
      context.beginPath();
      for (let x = NAMES - height; x < NAMES + this.width; x += 6) {
        context.moveTo(x, top + height);
        context.lineTo(x + height, top);
      }
      context.stroke();
    }
    context.restore();
  }

  drawCurve(name, top, height, color, colors) {
    const { context, model } = this;
    const { probabilities } = model;
    const column = probabilities.behaviors.indexOf(name);
    if (column < 0) return;
    const perPixel = (this.last - this.first) / this.width;
    const level = probabilities.chooseLevel(perPixel);
    const size = 2 ** level;
    const firstBlock = Math.max(0, Math.floor(this.first / size));
    const lastBlock = Math.min(Math.ceil(this.last / size), Math.ceil(model.nFrames / size));
    // A block is a step where frames are wide, and a point where it is about as narrow as a pixel.
    const isNarrow = size > 1;
    const points = [];
    for (let block = firstBlock; block < lastBlock; block += 1) {
      const known = probabilities.find(level, block);
      if (!known) continue;
      const most = known[0][known[1] + 2 * column + 1];
      if (most === undefined || most === 255) continue;
      const y = top + height * (1 - most / 254);
      if (isNarrow) points.push(this.toX((block + 0.5) * size), y);
      else points.push(this.toX(block), y, this.toX(block + 1), y);
    }
    if (points.length) {
      const path = new Path2D();
      path.moveTo(points[0], points[1]);
      for (let place = 2; place < points.length; place += 2) path.lineTo(points[place], points[place + 1]);
      context.strokeStyle = color;
      context.lineWidth = 1;
      context.globalAlpha = 0.9;
      context.stroke(path);
      path.lineTo(points[points.length - 2], top + height);
      path.lineTo(points[0], top + height);
      context.fillStyle = color;
      context.globalAlpha = 0.28;
      context.fill(path);
      context.globalAlpha = 1;
    }
    const threshold = probabilities.thresholds[name];
    if (threshold !== undefined) {
      context.strokeStyle = colors.muted;
      context.setLineDash([3, 3]);
      context.beginPath();
      context.moveTo(NAMES, top + height * (1 - threshold));
      context.lineTo(NAMES + this.width, top + height * (1 - threshold));
      context.stroke();
      context.setLineDash([]);
    }
  }

  timeOf(frame) {
    const { times, fps } = this.model;
    if (times && frame < times.length) return times[Math.max(Math.floor(frame), 0)];
    return frame / (fps || 1);
  }

  drawAxis(colors) {
    const { context, model } = this;
    context.fillStyle = colors.muted;
    context.strokeStyle = colors.line;
    context.font = '11px system-ui, "DejaVu Sans", sans-serif';
    context.textAlign = "left";
    const [from, to] = [this.timeOf(this.first), this.timeOf(Math.min(this.last, model.nFrames - 1))];
    const step = chooseStep((to - from) / Math.max(this.width / 90, 1));
    for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
      const x = this.toX(this.frameAt(time));
      if (x < NAMES - 1) continue;
      context.beginPath();
      context.moveTo(x, 0);
      context.lineTo(x, this.canvas.clientHeight);
      context.stroke();
      context.fillText(formatTime(time, step), x + 3, 11);
    }
    context.fillText("time", 8, 11);
  }

  frameAt(time) {
    const { times, fps } = this.model;
    if (!times || !times.length) return time * (fps || 1);
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < time - 1e-6) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  drawSelection(height, colors) {
    const { context, model } = this;
    const bottom = this.canvas.clientHeight;
    const { selection, bout } = model;
    context.save();
    context.beginPath();
    context.rect(NAMES, 0, this.width, bottom);
    context.clip();
    if (selection) {
      context.fillStyle = colors.accent;
      context.globalAlpha = 0.18;
      context.fillRect(this.toX(selection[0]), 0, Math.max(this.toX(selection[1]) - this.toX(selection[0]), 1), bottom);
      context.globalAlpha = 1;
    }
    if (bout) {
      const top = AXIS + model.behaviors.indexOf(bout.behavior) * height;
      context.strokeStyle = colors.ink;
      context.lineWidth = 1.5;
      context.setLineDash(bout.isSuggestion ? [4, 3] : []);
      const left = this.toX(bout.start);
      context.strokeRect(left, top + 1.5, Math.max(this.toX(bout.stop) - left, 2), height - 3);
      context.setLineDash([]);
    }
    // Where looking began, and the bounds of the clip that is to be labelled.
    const marks = [...(model.lookedFrom === null || model.lookedFrom === undefined ? [] : [model.lookedFrom]), ...(model.clip ? [model.clip.start, model.clip.stop] : [])];
    context.strokeStyle = colors.accent;
    context.setLineDash([2, 3]);
    for (const frame of marks) {
      context.beginPath();
      context.moveTo(this.toX(frame), 0);
      context.lineTo(this.toX(frame), bottom);
      context.stroke();
    }
    context.setLineDash([]);
    const left = this.toX(model.frame);
    const right = this.toX(model.frame + 1);
    context.fillStyle = colors.ink;
    context.globalAlpha = 0.12;
    context.fillRect(left, 0, Math.max(right - left, 1), bottom);
    context.globalAlpha = 1;
    context.fillRect(left, 0, 1.5, bottom);
    context.restore();
  }

  behaviorAt(y) {
    return this.model.behaviors[Math.floor((y - AXIS) / this.laneHeight())];
  }

  // The own bout whose start or stop is under the pointer.
  edgeAt(x, y) {
    const name = this.behaviorAt(y);
    const runs = name && this.model.labels?.bouts(name);
    if (!runs) return null;
    const slack = (EDGE / this.width) * (this.last - this.first);
    const frame = this.toFrame(x);
    for (let place = searchRuns(runs, frame - slack - 1); 2 * place < runs.length && runs[2 * place] <= frame + slack; place += 1) {
      const [start, stop] = [runs[2 * place], runs[2 * place + 1]];
      if (Math.abs(stop - frame) <= slack) return { behavior: name, start, stop, side: "stop" };
      if (Math.abs(start - frame) <= slack) return { behavior: name, start, stop, side: "start" };
    }
    return null;
  }

  roundEdge(frame) {
    return Math.min(Math.max(Math.round(frame), 0), this.model.nFrames);
  }
}

function shorten(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let end = text.length - 1;
  while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
  return `${text.slice(0, end)}…`;
}

function chooseStep(atLeast) {
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400];
  return steps.find((step) => step >= atLeast) ?? 28800;
}

export function formatTime(seconds, step = 0.01) {
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  const rounded = Number(Math.max(seconds, 0).toFixed(digits));
  const hours = Math.floor(rounded / 3600);
  const minutes = Math.floor((rounded % 3600) / 60);
  const rest = (rounded % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
