// Where the playhead is, and how it moves: by the video's own times.

export const SPEEDS = [0.125, 0.25, 0.5, 1, 2, 4, 8];

// More pictures a second than this are not drawn.
const MOST_PER_SECOND = 30;

export class Player {
  // `show` draws a frame and tells whether its picture was there.
  constructor(show) {
    this.show = show;
    this.frame = 0;
    this.speed = 1;
    this.isPlaying = false;
    this.loop = null;
    this.frames = null;
    this.waited = 0;
  }

  open(frames, info) {
    this.pause();
    this.frames = frames;
    this.info = info;
    this.times = null;
    this.frame = 0;
    this.loop = null;
  }

  get last() {
    return Math.max((this.info?.n_frames ?? 1) - 1, 0);
  }

  timeOf(frame) {
    if (this.times && frame < this.times.length) return this.times[frame];
    return frame / (this.info?.fps || 1);
  }

  frameAt(time) {
    if (!this.times) return Math.floor(time * (this.info?.fps || 1) + 1e-6);
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] <= time + 1e-6) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, 0);
  }

  // Every how many frames one is drawn.
  get step() {
    return Math.max(1, Math.round(((this.info?.fps || 1) * this.speed) / MOST_PER_SECOND));
  }

  go(frame) {
    this.frame = Math.min(Math.max(frame, 0), this.last);
    if (this.isPlaying) this.setClock();
    this.show(this.frame);
  }

  setSpeed(speed) {
    this.speed = speed;
    if (this.isPlaying) this.setClock();
  }

  setClock() {
    this.clock = performance.now();
    this.clockTime = this.timeOf(this.frame);
  }

  play() {
    if (this.isPlaying || !this.frames) return;
    if (this.frame >= (this.loop ? this.loop[1] - 1 : this.last)) this.frame = this.loop ? this.loop[0] : 0;
    this.isPlaying = true;
    this.setClock();
    const tick = () => {
      if (!this.isPlaying) return;
      this.advance();
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  pause() {
    this.isPlaying = false;
  }

  advance() {
    const { step } = this;
    const now = performance.now();
    const time = this.clockTime + ((now - this.clock) / 1000) * this.speed;
    const wanted = this.frameAt(time);
    const [first, stop] = this.loop ?? [0, this.last + 1];
    if (wanted >= stop || time >= this.timeOf(this.last) + 1 / (this.info?.fps || 1)) {
      if (this.loop) this.go(first);
      else {
        this.frame = this.last;
        this.pause();
        this.show(this.frame);
      }
      return;
    }
    this.frames.prefetch(this.frame + step, step);
    const next = this.frame + Math.floor((wanted - this.frame) / step) * step;
    if (next <= this.frame) return;
    if (this.frames.has(next)) {
      this.frame = next;
      this.show(next);
      return;
    }
    // The picture is on its way: the clock waits for it, so that none is left out.
    let nearest = next;
    while (nearest > this.frame && !this.frames.has(nearest)) nearest -= step;
    if (nearest > this.frame) {
      this.frame = nearest;
      this.show(nearest);
    } else {
      this.waited += 1;
    }
    this.setClock();
  }
}
