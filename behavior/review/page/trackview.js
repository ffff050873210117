// The tracks over the picture, and the tracklets in the timeline.

import { colorOfAnimal } from "./colors.js";
import { player } from "./page.js";
import { currentTracklet, isDoubtful, isTracking, listRows, tracks } from "./tracks.js";

// Frames of the trail behind each animal.
const TRAIL = 30;
const NAMES = 104;
const AXIS = 20;

// Draws the animals of a frame; `place` turns pixels of the video into those of the canvas, `area` is where the picture is on it.
export function drawTracks(context, place, area) {
  const { positions, selected, state } = tracks;
  const shown = positions?.at(player.frame);
  if (!shown) return;
  const ratio = window.devicePixelRatio || 1;
  const trail = positions.span(Math.max(player.frame - TRAIL, 0), player.frame + 1);
  context.lineJoin = context.lineCap = "round";
  shown.forEach(({ x, y, heading, isSeen }, animal) => {
    const color = colorOfAnimal(animal);
    const isSelected = selected.includes(animal);
    drawTrail(context, place, trail, animal, color, (isSelected ? 2.5 : 1.5) * ratio);
    if (!Number.isFinite(x)) return;
    const [left, top] = place({ x, y });
    if (left < area.left || left > area.right || top < area.top || top > area.bottom) return;
    context.lineWidth = (isSelected ? 3 : 2) * ratio;
    context.strokeStyle = color;
    context.setLineDash(isSeen ? [] : [3 * ratio, 3 * ratio]);
    if (Number.isFinite(heading)) {
      const half = (state.length / 2) * area.scale;
      const [dx, dy] = [Math.cos(heading) * half, Math.sin(heading) * half];
      context.beginPath();
      context.moveTo(left - dx, top - dy);
      context.lineTo(left + dx, top + dy);
      context.stroke();
      context.beginPath();
      context.arc(left + dx, top + dy, 3 * ratio, 0, 2 * Math.PI);
      context.fillStyle = color;
      context.fill();
    }
    context.beginPath();
    context.arc(left, top, (isSelected ? 7 : 4) * ratio, 0, 2 * Math.PI);
    context.stroke();
    context.setLineDash([]);
    drawName(context, state.names[animal], { left: left + 9 * ratio, top: top - 9 * ratio, color, ratio, isSelected, area });
  });
}

function drawTrail(context, place, trail, animal, color, width) {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.globalAlpha = 0.65;
  context.beginPath();
  let isOn = false;
  for (const row of trail) {
    const point = row?.[animal];
    if (!point || !Number.isFinite(point.x)) {
      isOn = false;
      continue;
    }
    const [left, top] = place(point);
    if (isOn) context.lineTo(left, top);
    else context.moveTo(left, top);
    isOn = true;
  }
  context.stroke();
  context.globalAlpha = 1;
}

function drawName(context, name, { left, top, color, ratio, isSelected, area }) {
  context.font = `${isSelected ? "700" : "600"} ${(isSelected ? 13 : 11) * ratio}px system-ui, "DejaVu Sans", sans-serif`;
  context.textBaseline = "middle";
  context.textAlign = "left";
  const width = context.measureText(name).width;
  // At the edge of the picture a name moves in.
  left = Math.min(left, area.right - width - 4 * ratio);
  top = Math.max(top, area.top + 8 * ratio);
  context.fillStyle = "rgb(0 0 0 / .6)";
  context.fillRect(left - 2 * ratio, top - 7 * ratio, width + 4 * ratio, 14 * ratio);
  context.fillStyle = isSelected ? "#fff" : color;
  context.fillText(name, left, top);
}

// Where the picture is zoomed to: the animals that are selected.
export function findFocus() {
  if (!isTracking() || !tracks.selected.length) return null;
  const shown = tracks.positions?.at(player.frame);
  const points = tracks.selected.map((animal) => shown?.[animal]).filter((point) => point && Number.isFinite(point.x));
  if (!points.length) return null;
  const spread = Math.max(...points.map(({ x, y }) => Math.hypot(x - points[0].x, y - points[0].y)));
  const middle = (name) => points.reduce((sum, point) => sum + point[name], 0) / points.length;
  return { x: middle("x"), y: middle("y"), side: Math.max(6 * tracks.state.length, 1.6 * spread) };
}

// What the timeline shows instead of bouts.
export const bars = {
  drawLane(timeline, index, top, height, colors) {
    const { context } = timeline;
    const { names, byAnimal } = tracks.state;
    const isAnimal = index < names.length;
    const isSelected = tracks.selected.includes(index);
    context.fillStyle = isAnimal ? colorOfAnimal(index) : colors.muted;
    context.fillRect(8, top + height / 2 - 4, 8, 8);
    context.fillStyle = isSelected ? colors.ink : colors.muted;
    context.font = `${isSelected ? "600 " : ""}12px system-ui, "DejaVu Sans", sans-serif`;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillText(listRows()[index], 22, top + height / 2, NAMES - 26);
    context.save();
    context.beginPath();
    context.rect(NAMES, top, timeline.width, height);
    context.clip();
    const current = currentTracklet();
    const color = isAnimal ? colorOfAnimal(index) : colors.muted;
    for (const one of byAnimal[index]) {
      if (one.stop <= timeline.first || one.start >= timeline.last) continue;
      const left = timeline.toX(one.start);
      const width = Math.max(timeline.toX(one.stop) - left - 1, 1.5);
      context.fillStyle = color;
      context.globalAlpha = isDoubtful(one) ? 0.3 : 1;
      context.fillRect(left, top + 3, width, height - 6);
      context.globalAlpha = 1;
      if (isDoubtful(one) && width > 3) {
        context.strokeStyle = color;
        context.lineWidth = 1;
        context.setLineDash([3, 2]);
        context.strokeRect(left + 0.5, top + 3.5, width - 1, height - 7);
        context.setLineDash([]);
        if (width > 34 && height > 13) {
          context.fillStyle = colors.ink;
          context.font = '10px system-ui, "DejaVu Sans", sans-serif';
          context.fillText(one.probability.toFixed(2), left + 4, top + height / 2 + 0.5);
        }
      }
      if (current?.number === one.number) {
        context.strokeStyle = colors.ink;
        context.lineWidth = 1.5;
        context.strokeRect(left + 0.5, top + 2, width - 1, height - 4);
      }
    }
    context.restore();
  },

  // Crossings, on the axis of time.
  drawMarks(timeline, colors) {
    const { context } = timeline;
    tracks.state.crossings.forEach(([start, stop], place) => {
      if (stop <= timeline.first || start >= timeline.last) return;
      context.fillStyle = place === tracks.crossing ? colors.ink : colors.accent;
      const left = Math.max(timeline.toX(start), NAMES);
      context.fillRect(left, AXIS - 5, Math.max(timeline.toX(stop) - left, 2), 4);
    });
  },

  drawOverview(strip, colors, perFrame, height) {
    const { names, byAnimal, crossings } = tracks.state;
    const lane = (height - 6) / names.length;
    names.forEach((_, index) => {
      strip.fillStyle = colorOfAnimal(index);
      for (const one of byAnimal[index]) {
        strip.globalAlpha = isDoubtful(one) ? 0.3 : 1;
        strip.fillRect(NAMES + one.start * perFrame, 3 + index * lane, Math.max((one.stop - one.start) * perFrame, 0.7), Math.max(lane - 0.5, 1));
      }
    });
    strip.globalAlpha = 1;
    strip.fillStyle = colors.ink;
    for (const [start, stop] of crossings) strip.fillRect(NAMES + start * perFrame, 0, Math.max((stop - start) * perFrame, 1), 2);
  },
};
