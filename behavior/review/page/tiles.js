// Numbers of long recordings, fetched in pieces when they are first drawn: probabilities by level, and pose.

import { getBytes, pathOf } from "./api.js";

const ROWS = 4096;
const MOST_TILES = 400;

class Tiles {
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
    this.distances = info.familiarity.distances;
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

const POSITION_ROWS = 1024;
const POSITION_VALUES = 5;

// Where the animals of a track are; while a corrected track is on its way, the one before is shown.
export class Positions {
  constructor(recording, state, before, changed) {
    this.before = before;
    if (before) before.before = null;
    this.tiles = new Tiles(async (key) => {
      const start = Number(key) * POSITION_ROWS;
      const query = `track/positions?start=${start}&stop=${start + POSITION_ROWS}&of=${state.session}-${state.revision}`;
      return unpack(await getBytes(pathOf(recording, query)));
    }, changed);
  }

  // The animals of a frame with x, y, heading and whether it was seen; null while they are on their way.
  at(frame) {
    const tile = this.tiles.get(String(Math.floor(frame / POSITION_ROWS)));
    if (!tile) return this.before?.at(frame) ?? null;
    const width = tile.n_animals * POSITION_VALUES;
    const place = (frame % POSITION_ROWS) * width;
    return Array.from({ length: tile.n_animals }, (_, animal) => {
      const [x, y, heading, isSeen] = tile.values.subarray(place + animal * POSITION_VALUES, place + (animal + 1) * POSITION_VALUES);
      return { x, y, heading, isSeen: isSeen > 0 };
    });
  }

  span(start, stop) {
    return Array.from({ length: stop - start }, (_, place) => this.at(start + place));
  }
}

// A header in JSON, and the numbers behind it.
function unpack(bytes) {
  const length = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  return { ...head, values: new Float32Array(bytes.slice(4 + length + ((4 - (length % 4)) % 4))) };
}

const POSE_ROWS = 2048;

export class Pose {
  constructor(recording, changed) {
    this.tiles = new Tiles(async (key) => {
      const start = Number(key) * POSE_ROWS;
      return unpack(await getBytes(pathOf(recording, `pose?start=${start}&stop=${start + POSE_ROWS}`)));
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
