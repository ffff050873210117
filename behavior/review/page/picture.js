// The frame that is shown, whole or zoomed to the animal, with the pose on it.

import { COLORS } from "./colors.js";

const ZOOM = 1.6;

export class Picture {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.shown = null;
  }

  resize() {
    const scale = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.canvas.clientWidth * scale));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * scale));
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
  }

  // How many pixels wide a frame has to be for this canvas.
  wantedWidth(info, isCropped) {
    if (isCropped) return info.width;
    return Math.min(info.width, Math.ceil(Math.min(this.canvas.width, (this.canvas.height * info.width) / info.height)) || info.width);
  }

  draw(bitmap, info, { pose, isCropped, showsPose, why, focus = null, overlay = null }) {
    this.resize();
    const { context, canvas } = this;
    context.fillStyle = "#0b0d0f";
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!bitmap) return;
    let [left, top, width, height] = [0, 0, info.width, info.height];
    const center = focus ?? pose?.[pose.length - 1];
    if (isCropped && center && Number.isFinite(center.x)) {
      const wanted = focus?.side ?? (info.crop_size ?? Math.min(info.width, info.height) / 3) * ZOOM;
      const side = Math.min(wanted, info.width, info.height);
      width = side;
      height = side;
      left = Math.min(Math.max(center.x - side / 2, 0), info.width - side);
      top = Math.min(Math.max(center.y - side / 2, 0), info.height - side);
    }
    const scale = Math.min(canvas.width / width, canvas.height / height);
    const x = (canvas.width - width * scale) / 2;
    const y = (canvas.height - height * scale) / 2;
    const factor = bitmap.width / info.width;
    context.imageSmoothingEnabled = scale < 3;
    context.drawImage(bitmap, left * factor, top * factor, width * factor, height * factor, x, y, width * scale, height * scale);
    if (why?.bitmap) this.drawMap(why, (point) => [x + (point[0] - left) * scale, y + (point[1] - top) * scale]);
    const place = (point) => [x + (point.x + 0.5 - left) * scale, y + (point.y + 0.5 - top) * scale];
    if (showsPose && pose) this.drawPose(pose, place);
    if (!overlay) return;
    context.save();
    context.beginPath();
    context.rect(x, y, width * scale, height * scale);
    context.clip();
    overlay(context, place, { scale, left: x, top: y, right: x + width * scale, bottom: y + height * scale });
    context.restore();
  }

  // The map as its crop lies in the frame, which may be turned.
  drawMap({ bitmap, map }, place) {
    const { context } = this;
    const [first, second, , last] = map.corners.map(place);
    context.save();
    context.transform(second[0] - first[0], second[1] - first[1], last[0] - first[0], last[1] - first[1], first[0], first[1]);
    context.imageSmoothingEnabled = true;
    context.drawImage(bitmap, 0, 0, 1, 1);
    context.restore();
  }

  drawPose(pose, place) {
    const { context } = this;
    const radius = 3 * (window.devicePixelRatio || 1);
    pose.slice(0, -1).forEach((point, index) => {
      if (!Number.isFinite(point.x)) return;
      const [x, y] = place(point);
      context.globalAlpha = point.likelihood >= 0.6 ? 1 : 0.35;
      context.fillStyle = COLORS[index % COLORS.length];
      context.strokeStyle = "#fff";
      context.lineWidth = radius / 3;
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
    });
    context.globalAlpha = 1;
  }
}
