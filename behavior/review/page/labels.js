// The labels of one recording: 1, 0 or -1 by behavior and frame, and the runs that they make.

function findRuns(values, label) {
  const runs = [];
  let start = -1;
  for (let frame = 0; frame < values.length; frame += 1) {
    if (values[frame] === label) {
      if (start < 0) start = frame;
    } else if (start >= 0) {
      runs.push(start, frame);
      start = -1;
    }
  }
  if (start >= 0) runs.push(start, values.length);
  return Int32Array.from(runs);
}

// The first run that ends after `frame`, as its place in `runs`.
export function searchRuns(runs, frame) {
  let low = 0;
  let high = runs.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[2 * middle + 1] > frame) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function runAt(runs, frame) {
  const place = searchRuns(runs, frame);
  return 2 * place < runs.length && runs[2 * place] <= frame ? [runs[2 * place], runs[2 * place + 1]] : null;
}

export class Labels {
  constructor(answer) {
    this.session = answer.session;
    this.revision = answer.revision;
    this.nFrames = answer.n_frames;
    this.values = new Map();
    this.runs = new Map();
    for (const [name, runs] of Object.entries(answer.runs)) {
      const values = new Int8Array(this.nFrames);
      for (const [start, stop, label] of runs) values.fill(label, start, stop);
      this.values.set(name, values);
    }
  }

  at(name, frame) {
    return this.values.get(name)?.[frame] ?? -1;
  }

  bouts(name) {
    return this.find(name, 1);
  }

  unseen(name) {
    return this.find(name, -1);
  }

  find(name, label) {
    const key = `${label} ${name}`;
    if (!this.runs.has(key)) this.runs.set(key, findRuns(this.values.get(name) ?? new Int8Array(0), label));
    return this.runs.get(key);
  }

  // Take over what the server says was changed; false where something in between is missing.
  apply(made) {
    if (made.number <= this.revision) return true;
    if (made.number !== this.revision + 1 || made.is_outside) return false;
    for (const [start, stop, name, label] of made.changes) {
      this.values.get(name)?.fill(label, start, stop);
      this.runs.delete(`1 ${name}`);
      this.runs.delete(`-1 ${name}`);
    }
    this.revision = made.number;
    return true;
  }

  share() {
    const first = this.values.values().next().value;
    if (!first) return 0;
    let seen = 0;
    for (let frame = 0; frame < first.length; frame += 1) if (first[frame] !== -1) seen += 1;
    return first.length ? seen / first.length : 0;
  }
}
