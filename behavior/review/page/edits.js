// Edits on their way to the server, one after the other, and the way back.

import { nextId, pathOf, post, viewer } from "./api.js";

export class Edits {
  // `take` gets every answer, `fail` an error.
  constructor(recording, labels, take, fail) {
    this.recording = recording;
    this.labels = labels;
    this.take = take;
    this.fail = fail;
    this.done = [];
    this.undone = [];
    this.last = Promise.resolve();
  }

  // `follow` is called when the edit is taken back, with true, and when it is made again, with false.
  paint(paints, follow = null) {
    return this.queue(async () => {
      const answer = paints.length ? await this.send({ paints }) : null;
      if (paints.length && !answer) return null;
      const hasChanged = Boolean(answer?.made.changes.length);
      if (hasChanged || follow) {
        this.done.push({ number: hasChanged ? answer.made.number : null, follow });
        this.undone = [];
      }
      return answer;
    });
  }

  undo() {
    return this.queue(() => this.goBack(this.done, this.undone, true));
  }

  redo() {
    return this.queue(() => this.goBack(this.undone, this.done, false));
  }

  async goBack(from, to, isUndo) {
    if (!from.length) return;
    const { number, follow } = from[from.length - 1];
    const answer = number === null ? null : await this.send({ undo: number });
    if (number !== null && !answer) return;
    from.pop();
    to.push({ number: answer?.made.number ?? null, follow });
    await follow?.(isUndo);
  }

  queue(work) {
    this.last = this.last.then(work, work);
    return this.last;
  }

  async send(what) {
    const body = { session: this.labels.session, id: nextId(), viewer, base: this.labels.revision, ...what };
    try {
      const answer = await post(pathOf(this.recording, "edits"), body);
      this.take(answer);
      return answer;
    } catch (error) {
      this.fail(error);
      return null;
    }
  }
}
