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

  paint(paints) {
    return this.queue(async () => {
      const answer = await this.send({ paints });
      if (answer && answer.made.changes.length) {
        this.done.push(answer.made.number);
        this.undone = [];
      }
      return answer;
    });
  }

  undo() {
    return this.queue(() => this.goBack(this.done, this.undone));
  }

  redo() {
    return this.queue(() => this.goBack(this.undone, this.done));
  }

  async goBack(from, to) {
    if (!from.length) return null;
    const answer = await this.send({ undo: from[from.length - 1] });
    if (answer) {
      from.pop();
      to.push(answer.made.number);
    }
    return answer;
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
