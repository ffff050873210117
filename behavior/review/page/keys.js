// Which key does what. Digits are the behaviors; everything else can be changed in review.yaml.

const ACTIONS = [
  ["play", " ", "Play or pause"],
  ["back", "ArrowLeft", "One frame back"],
  ["forward", "ArrowRight", "One frame on"],
  ["back_ten", "Shift+ArrowLeft", "Ten frames back"],
  ["forward_ten", "Shift+ArrowRight", "Ten frames on"],
  ["first", "Home", "First frame"],
  ["last", "End", "Last frame"],
  ["slower", ",", "Slower"],
  ["faster", ".", "Faster"],
  ["next", "Tab", "Next bout or suggestion; in the tab Tracks, next crossing"],
  ["previous", "Shift+Tab", "Bout or suggestion before; crossing before"],
  ["loop", "l", "Loop the bout, or the selected span"],
  ["set_start", "[", "Bout, or span, starts at this frame"],
  ["set_stop", "]", "Bout, or span, stops here: this frame is the first without it"],
  ["confirm", "Enter", "Confirm the predicted bout"],
  ["remove", "Delete", "Remove the bout, or refuse the suggestion; the tracklet is no animal"],
  ["looked", "o", "Looked at from here; again: to here"],
  ["not_looked", "Shift+O", "Selected span was not looked at"],
  ["undo", "z", "Undo"],
  ["redo", "Shift+Z", "Redo"],
  ["zoom_in", "ArrowUp", "Zoom into the timeline"],
  ["zoom_out", "ArrowDown", "Zoom out of the timeline"],
  ["whole", "f", "Whole video in the timeline"],
  ["crop", "c", "Zoom the picture to the animal"],
  ["pose", "p", "Draw the pose"],
  ["others", "r", "Other raters' labels"],
  ["why", "w", "Why the model predicts what it does here"],
  ["why_bout", "Shift+W", "The same for the predicted bout: the mean over a few of its frames"],
  ["next_difference", "d", "Next difference of the list at the left; in the tab Tracks, next doubtful tracklet"],
  ["previous_difference", "Shift+D", "Difference, or doubtful tracklet, before"],
  ["next_clip", "n", "Next clip to label"],
  ["clip_done", "Shift+Enter", "The clip is labelled; the next one"],
  ["clip_skip", "s", "Skip the clip"],
  ["clip_unsure", "u", "Nobody can tell what the clip shows: no labels"],
  ["tracks", "v", "Tab Tracks: which animal is which"],
  ["swap", "x", "Exchange the two selected animals from this frame to the end"],
  ["swap_to_crossing", "Shift+X", "Exchange them from this frame to where the next tracklet of the two ends"],
  ["split", "k", "Split the tracklet before this frame"],
  ["merge", "m", "The two selected animals are one"],
  ["name_animal", "e", "Name the animal"],
  ["next_recording", "PageDown", "Next recording"],
  ["previous_recording", "PageUp", "Recording before"],
  ["cancel", "Escape", "Let go of what is selected or begun"],
  ["theme", "t", "Light or dark"],
  ["help", "?", "This list"],
];

export const BEHAVIOR_KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "-", "="];

const ALSO = { Backspace: "remove" };
// Keys that browsers name differently from people.
const NAMED = { Space: " ", Plus: "+", Esc: "Escape", Del: "Delete", Left: "ArrowLeft", Right: "ArrowRight", Up: "ArrowUp", Down: "ArrowDown" };
const SHOWN = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

export class Keys {
  // `changed` has keys by action, as review.yaml gives them; `nBehaviors` is how many have a digit.
  constructor(changed, nBehaviors = 0) {
    this.byKey = new Map();
    this.byAction = new Map();
    this.problems = [];
    const known = new Map(ACTIONS.map(([action, , meaning]) => [action, meaning]));
    const unknown = Object.keys(changed).filter((action) => !known.has(action));
    if (unknown.length) this.problems.push(`review.yaml names keys for ${unknown.join(", ")}, which the page does not know.`);
    // A key that the lab has given to something comes before the page's own.
    for (const [action] of ACTIONS) if (action in changed) this.set(action, NAMED[changed[action]] ?? changed[action], known, nBehaviors);
    for (const [action, key] of ACTIONS) if (!(action in changed)) this.set(action, key, known, nBehaviors);
    for (const [key, action] of Object.entries(ALSO)) if (!this.byKey.has(key)) this.byKey.set(key, action);
  }

  set(action, key, known, nBehaviors) {
    const other = this.byKey.get(key);
    if (other) {
      const named = (one) => `"${known.get(one)}" (${one})`;
      this.problems.push(`The key ${this.show(key)} is given to ${named(other)} in review.yaml, so ${named(action)} has none; give it another there.`);
      return;
    }
    const behavior = BEHAVIOR_KEYS.indexOf(key);
    if (behavior >= 0 && behavior < nBehaviors) {
      this.problems.push(`review.yaml gives the key ${key} to "${known.get(action)}" (${action}), so behavior ${behavior + 1} has none; choose another.`);
    }
    this.byKey.set(key, action);
    this.byAction.set(action, key);
  }

  // The action or behavior that a key stands for.
  find(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return null;
    const held = event.shiftKey ? `Shift+${event.key}` : event.key;
    // A sign that needs Shift to be typed, such as ?, is named without it.
    const isSign = event.key.length === 1 && event.key.toLowerCase() === event.key.toUpperCase();
    const action = this.byKey.get(held) ?? (isSign ? this.byKey.get(event.key) : undefined);
    if (action) return { action };
    const behavior = event.shiftKey ? -1 : BEHAVIOR_KEYS.indexOf(event.key);
    return behavior >= 0 ? { behavior } : null;
  }

  list() {
    return ACTIONS.map(([action, , meaning]) => [this.byAction.has(action) ? this.show(this.byAction.get(action)) : "", meaning]);
  }

  show(key) {
    return key.split("+").map((part) => SHOWN[part] ?? (part || "+")).join(" ");
  }
}
