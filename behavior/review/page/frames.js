// Pictures of frames: asked for in batches, kept while there is room, those ahead of the playhead first.

import { getBytes, pathOf, viewer } from "./api.js";

const MOST_BYTES = 256 * 2 ** 20;
const BATCH = 12;
const AHEAD = 36;

export class Frames {
  constructor(recording, info, note) {
    this.recording = recording;
    this.info = info;
    this.note = note;
    this.kept = new Map();
    this.bytes = 0;
    this.pending = new Map();
    this.width = info.width;
    this.isClosed = false;
  }

  close() {
    this.isClosed = true;
    for (const request of this.pending.values()) request.abort();
    for (const picture of this.kept.values()) picture?.close();
    this.kept.clear();
  }

  has(row) {
    return this.kept.has(row);
  }

  // A picture, null for a frame that could not be decoded, undefined for one that is not here.
  get(row) {
    if (!this.kept.has(row)) return undefined;
    const picture = this.kept.get(row);
    this.kept.delete(row);
    this.kept.set(row, picture);
    return picture;
  }

  // Ask for one frame now; what was asked for before, and is no longer wanted, is given up.
  async jump(row) {
    if (this.kept.has(row) || this.isPending(row)) return;
    for (const [key, request] of this.pending) {
      request.abort();
      this.pending.delete(key);
    }
    await this.fetch(row, 1, 1);
  }

  // Ask for what comes next, at most two batches at a time.
  prefetch(row, step = 1, ahead = AHEAD) {
    const last = this.info.n_frames - 1;
    for (let start = row; start <= Math.min(last, row + ahead * step) && this.pending.size < 2; start += step) {
      if (this.kept.has(start) || this.isPending(start)) continue;
      let count = 1;
      while (count < BATCH && start + count * step <= last && !this.kept.has(start + count * step)) count += 1;
      this.fetch(start, count, step);
      start += (count - 1) * step;
    }
  }

  isPending(row) {
    for (const { rows } of this.pending.values()) if (rows.has(row)) return true;
    return false;
  }

  async fetch(start, count, step) {
    const request = new AbortController();
    request.rows = new Set(Array.from({ length: count }, (_, place) => start + place * step));
    const key = Symbol("request");
    this.pending.set(key, request);
    const query = `frames?start=${start}&count=${count}&step=${step}&width=${Math.max(16, Math.ceil(this.width))}&viewer=${viewer}`;
    try {
      const bytes = await getBytes(pathOf(this.recording, query), { signal: request.signal });
      await this.unpack(bytes);
      this.note(null, start);
    } catch (error) {
      if (error.name !== "AbortError" && !this.isClosed) this.note(error, start);
    } finally {
      this.pending.delete(key);
    }
  }

  async unpack(bytes) {
    const view = new DataView(bytes);
    const parts = [];
    for (let place = 0; place + 8 <= bytes.byteLength; ) {
      const row = view.getUint32(place, true);
      const length = view.getUint32(place + 4, true);
      parts.push([row, length ? new Blob([new Uint8Array(bytes, place + 8, length)], { type: "image/jpeg" }) : null]);
      place += 8 + length;
    }
    const pictures = await Promise.all(parts.map(([, blob]) => (blob ? createImageBitmap(blob) : null)));
    parts.forEach(([row], place) => this.keep(row, pictures[place]));
  }

  keep(row, picture) {
    if (this.isClosed) {
      picture?.close();
      return;
    }
    this.drop(row);
    this.kept.set(row, picture);
    this.bytes += picture ? picture.width * picture.height * 4 : 0;
    while (this.bytes > MOST_BYTES && this.kept.size > 1) this.drop(this.kept.keys().next().value);
  }

  drop(row) {
    const picture = this.kept.get(row);
    if (picture) {
      this.bytes -= picture.width * picture.height * 4;
      picture.close();
    }
    this.kept.delete(row);
  }
}
