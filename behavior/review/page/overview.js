// The strip above the timeline: the whole video, and which part of it the timeline shows.

import { colorOf } from "./colors.js";
import { NAMES } from "./timeline.js";

const HEIGHT = 26;

export class Overview {
  constructor(canvas, timeline) {
    this.canvas = canvas;
    this.timeline = timeline;
    this.strip = canvas.getContext("2d", { alpha: false });
    const jump = (event) => {
      const { model } = timeline;
      if (!model || !(event.buttons & 1)) return;
      const frame = timeline.clampFrame(((event.offsetX - NAMES) / Math.max(canvas.clientWidth - NAMES, 1)) * model.nFrames);
      const span = timeline.last - timeline.first;
      timeline.move(frame - span / 2, span);
      timeline.actions.click(frame);
    };
    canvas.addEventListener("pointerdown", jump);
    canvas.addEventListener("pointermove", jump);
  }

  draw(colors) {
    const { strip, timeline } = this;
    const { model } = timeline;
    const scale = timeline.resize(this.canvas, HEIGHT);
    const [width, height] = [this.canvas.clientWidth, HEIGHT];
    strip.setTransform(scale, 0, 0, scale, 0, 0);
    strip.fillStyle = colors.panel;
    strip.fillRect(0, 0, width, height);
    const room = Math.max(width - NAMES, 1);
    const perFrame = room / Math.max(model.nFrames, 1);
    strip.fillStyle = colors.lane;
    strip.fillRect(NAMES, 3, room, height - 6);
    model.bars?.drawOverview(strip, colors, perFrame, height);
    if (model.labels && model.behaviors.length) {
      const lane = (height - 6) / model.behaviors.length;
      const unseen = model.labels.unseen(model.behaviors[0]);
      strip.fillStyle = colors.hatch;
      strip.globalAlpha = 0.5;
      for (let place = 0; place < unseen.length; place += 2) {
        const left = NAMES + unseen[place] * perFrame;
        strip.fillRect(left, 3, Math.max((unseen[place + 1] - unseen[place]) * perFrame, 0.5), height - 6);
      }
      strip.globalAlpha = 1;
      model.behaviors.forEach((name, index) => {
        strip.fillStyle = colorOf(index);
        const runs = model.labels.bouts(name);
        let drawn = -1;
        for (let place = 0; place < runs.length; place += 2) {
          const left = NAMES + runs[place] * perFrame;
          const right = Math.max(NAMES + runs[place + 1] * perFrame, left + 0.7);
          if (right <= drawn) continue;
          strip.fillRect(left, 3 + index * lane, right - left, Math.max(lane - 0.5, 1));
          drawn = right;
        }
      });
    }
    this.drawDistances(model.probabilities?.distances ?? [], room, height, colors);
    strip.strokeStyle = colors.accent;
    strip.lineWidth = 1.5;
    const left = NAMES + timeline.first * perFrame;
    strip.strokeRect(left, 1, Math.max((timeline.last - timeline.first) * perFrame - 1, 3), height - 2);
    strip.fillStyle = colors.ink;
    strip.fillRect(NAMES + model.frame * perFrame, 0, 1.5, height);
    strip.fillStyle = colors.muted;
    strip.font = '11px system-ui, "DejaVu Sans", sans-serif';
    strip.textBaseline = "middle";
    strip.fillText("whole video", 8, height / 2);
  }

  // How far frames are from those that the model was trained on: up to twice the limit of frames, which is half-way up and dashed.
  drawDistances(distances, room, height, colors) {
    if (!distances.length) return;
    const { strip } = this;
    const path = new Path2D();
    distances.forEach((distance, place) => {
      const x = NAMES + ((place + 0.5) / distances.length) * room;
      const y = height - 3 - (height - 6) * Math.min(distance / 2, 1);
      if (place) path.lineTo(x, y);
      else path.moveTo(x, y);
    });
    strip.strokeStyle = colors.ink;
    strip.lineWidth = 1;
    strip.stroke(path);
    strip.strokeStyle = colors.muted;
    strip.setLineDash([3, 3]);
    strip.beginPath();
    strip.moveTo(NAMES, height / 2);
    strip.lineTo(NAMES + room, height / 2);
    strip.stroke();
    strip.setLineDash([]);
  }
}
