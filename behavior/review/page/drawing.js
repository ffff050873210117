// The page as it looks now: the picture, what the timeline shows, the lists at both sides.

import { colorOf } from "./colors.js";
import { BEHAVIOR_KEYS } from "./keys.js";
import { startOrStop } from "./labelling.js";
import { openRecording } from "./opening.js";
import { find, isBlind, page, picture, player, say, shownProbabilities } from "./page.js";
import { formatTime } from "./timeline.js";
import { drawTracksPanel, isTracking, listRows } from "./tracks.js";
import { bars, drawTracks, findFocus } from "./trackview.js";

const LABEL_CLIP = "Label what is between the dotted lines, then press Done (Shift+Enter). Escape leaves the clip.";

export function describeTimeline() {
  if (isTracking()) return { ...describeRecording(), behaviors: listRows(), bars, labels: null, others: {} };
  return {
    ...describeRecording(),
    behaviors: page.study.behaviors,
    labels: page.labels,
    probabilities: shownProbabilities(),
    others: page.shows.others ? page.others : {},
    active: page.active,
    pending: page.pending,
    bout: page.bout,
    selection: page.selection,
    lookedFrom: page.lookedFrom,
    clip: page.clip?.recording === page.recording ? page.clip : null,
  };
}

function describeRecording() {
  return { recording: page.recording, nFrames: page.info.n_frames, fps: page.info.fps, times: player.times, frame: player.frame };
}

export function drawPicture() {
  page.isPictureDirty = false;
  const bitmap = page.frames.get(player.frame);
  page.frames.width = picture.wantedWidth(page.info, page.shows.crop);
  const isOfTracks = isTracking();
  const needsPose = page.pose && !isOfTracks && (page.shows.crop || page.shows.pose);
  const pose = needsPose ? page.pose.at(player.frame) : null;
  // Until a picture is here, the one before stays; that it is another frame is said below.
  if (bitmap !== undefined) {
    const over = (context, place, area) => {
      page.toPicture = place;
      drawTracks(context, place, area);
    };
    const ways = isOfTracks ? { focus: findFocus(), overlay: over } : {};
    picture.draw(bitmap, page.info, { pose, isCropped: page.shows.crop, showsPose: page.shows.pose, why: page.why, ...ways });
    picture.canvas.dataset.frame = String(player.frame);
    say("picture-note", bitmap === null ? `Frame ${player.frame} cannot be decoded.` : "");
  }
}

export function drawPanel() {
  page.isPanelDirty = false;
  const frame = player.frame;
  if (isTracking()) drawTracksPanel();
  const list = find("behaviors");
  const { behaviors } = page.study;
  if (list.children.length !== behaviors.length || list.dataset.names !== behaviors.join("\n")) buildBehaviors(list, behaviors);
  behaviors.forEach((name, index) => {
    const row = list.children[index];
    const label = page.labels ? page.labels.at(name, frame) : -1;
    const state = row.querySelector(".state");
    const isPending = page.pending.has(name);
    state.textContent = isPending ? "begun" : label === 1 ? "yes" : label === 0 ? "no" : "–";
    state.classList.toggle("none", !isPending && label !== 1);
    const probability = shownProbabilities()?.at(name, frame);
    row.querySelector(".probability").textContent = probability === null || probability === undefined ? "" : probability.toFixed(2);
    row.classList.toggle("active", page.active === name);
  });
  say("position", `${formatTime(player.timeOf(frame))}   frame ${frame} of ${page.info.n_frames}`);
  say("selected", describeSelected());
  say("play", player.isPlaying ? "Pause" : "Play");
  for (const name of ["crop", "pose", "others"]) find(name).setAttribute("aria-pressed", String(page.shows[name]));
  find("pose").disabled = !page.info.has_pose;
  find("crop").disabled = !page.info.has_pose && !isTracking();
  find("why").disabled = !page.info.has_predictions;
  find("why").setAttribute("aria-pressed", String(Boolean(page.why)));
  find("others").disabled = !page.info.raters.length;
  find("loop").setAttribute("aria-pressed", String(Boolean(player.loop)));
  find("looked").setAttribute("aria-pressed", String(page.lookedFrom !== null));
  find("undo").disabled = !page.edits?.done.length && !page.decided.length;
  find("redo").disabled = !page.edits?.undone.length;
  find("show-exclusive").hidden = behaviors.length < 2;
  find("speed").value = String(player.speed);
}

function buildBehaviors(list, behaviors) {
  list.dataset.names = behaviors.join("\n");
  list.replaceChildren(
    ...behaviors.map((name, index) => {
      const row = document.createElement("li");
      row.title = `${name}: ${BEHAVIOR_KEYS[index] ?? "click"} starts and stops a bout`;
      const key = document.createElement("kbd");
      key.textContent = BEHAVIOR_KEYS[index] ?? "";
      const chip = document.createElement("span");
      chip.className = "chip";
      chip.style.backgroundColor = colorOf(index);
      const parts = ["name", "state", "probability"].map((kind) => {
        const part = document.createElement("span");
        part.className = kind;
        return part;
      });
      parts[0].textContent = name;
      row.append(key, chip, ...parts);
      row.addEventListener("click", () => startOrStop(name));
      return row;
    }),
  );
}

function describeSelected() {
  const { bout, selection } = page;
  if (page.lookedFrom !== null) return `Looked at from frame ${page.lookedFrom}. Go to the last frame and press Looked at (o) again.`;
  const length = (start, stop) => {
    const end = stop <= player.last ? player.timeOf(stop) : player.timeOf(player.last) + 1 / page.info.fps;
    return `frames ${start} to ${stop - 1}, ${(end - player.timeOf(start)).toFixed(2)}\u00a0s`;
  };
  if (bout) return `${bout.behavior}${bout.isSuggestion ? " (suggested: Enter confirms, Delete refuses)" : ""}: ${length(bout.start, bout.stop)}`;
  if (selection) return `Span: ${length(...selection)}. A digit labels it.`;
  if (page.pending.size) return `Begun: ${[...page.pending.keys()].join(", ")}. The same digit stops it.`;
  if (isBlind()) return `${LABEL_CLIP} Predictions are hidden, as it was drawn at random.`;
  if (page.clip?.state === "open" && page.clip.recording === page.recording) return LABEL_CLIP;
  return page.study.behaviors.length ? "Nothing. Click a bout, drag a span, or press Tab." : "Name a behavior to begin.";
}

export function drawRecordings() {
  find("recordings").replaceChildren(
    ...page.study.recordings.map((recording) => {
      const row = document.createElement("li");
      row.tabIndex = -1;
      row.setAttribute("aria-current", String(recording.id === page.recording));
      const name = document.createElement("span");
      name.className = "name";
      name.textContent = recording.id;
      const marks = document.createElement("span");
      marks.className = "marks";
      const marked = { labelled: recording.has_labels, predicted: recording.has_predictions, test: recording.split === "test" };
      marks.textContent = Object.keys(marked)
        .filter((word) => marked[word])
        .join(", ");
      row.append(name, marks);
      row.title = recording.id;
      row.addEventListener("click", () => openRecording(recording.id));
      return row;
    }),
  );
}
