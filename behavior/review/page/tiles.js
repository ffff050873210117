// Numbers of long recordings, fetched in pieces when they are first drawn: probabilities by level, and pose.

import { getBytes, pathOf } from "./api.js";

const ROWS = 4096;
const MOST_TILES = 400;

export class Tiles {
  constructor(load, changed) {
    this.load = load;
    this.changed = changed;
    this.tiles = new Map();
  }

  // The piece with this key, null while it is on its way.
  get(key) {
    const tile = this.tiles.get(key);
    if (tile === undefined) {
      this.tiles.set(key, null);
      this.load(key).then(
        (content) => {
          this.tiles.set(key, content);
          if (this.tiles.size > MOST_TILES) this.tiles.delete(this.tiles.keys().next().value);
          this.changed();
        },
        () => {
          this.tiles.set(key, undefined);
        },
      );
      return null;
    }
    return tile;
  }
}

export class Probabilities {
  constructor(recording, info, nFrames, changed) {
    this.behaviors = info.behaviors;
    this.thresholds = info.thresholds;
    this.decided = new Map(Object.entries(info.decided).map(([name, bouts]) => [name, Int32Array.from(bouts.flat())]));
    this.nLevels = info.n_levels;
    this.nFrames = nFrames;
    this.tiles = new Tiles(async (key) => {
      const [level, tile] = key.split(" ").map(Number);
      const query = `probabilities?level=${level}&start=${tile * ROWS}&stop=${(tile + 1) * ROWS}`;
      return new Uint8Array(await getBytes(pathOf(recording, query)));
    }, changed);
  }

  chooseLevel(framesPerPixel) {
    return Math.max(0, Math.min(this.nLevels - 1, Math.round(Math.log2(Math.max(framesPerPixel, 1)))));
  }

  // Minimum and maximum of a block of a level, or null.
  find(level, block) {
    const tile = this.tiles.get(`${level} ${Math.floor(block / ROWS)}`);
    return tile ? [tile, (block % ROWS) * this.behaviors.length * 2] : null;
  }

  at(name, frame) {
    const column = this.behaviors.indexOf(name);
    const known = column < 0 ? null : this.find(0, frame);
    if (!known) return null;
    const value = known[0][known[1] + 2 * column];
    return value === undefined || value === 255 ? null : value / 254;
  }
}

const POSE_ROWS = 2048;

export class Pose {
  constructor(recording, changed) {
    this.tiles = new Tiles(async (key) => {
      const start = Number(key) * POSE_ROWS;
      const bytes = await getBytes(pathOf(recording, `pose?start=${start}&stop=${start + POSE_ROWS}`));
      const length = new DataView(bytes).getUint32(0, true);
      const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
      return { ...head, values: new Float32Array(bytes.slice(4 + length + ((4 - (length % 4)) % 4))) };
    }, changed);
  }

  // Body parts of a frame with x, y and likelihood, the crop's centre last; null while they are on their way.
  at(frame) {
    const tile = this.tiles.get(String(Math.floor(frame / POSE_ROWS)));
    if (!tile) return null;
    const width = tile.parts.length;
    const place = (frame % POSE_ROWS) * width * 3;
    return tile.parts.map((name, part) => {
      const [x, y, likelihood] = tile.values.subarray(place + 3 * part, place + 3 * part + 3);
      return { name, x, y, likelihood };
    });
  }
}
