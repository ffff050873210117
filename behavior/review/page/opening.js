// Opening a study and its recordings, and staying in step with the server.

import { getBytes, getJson, pathOf, viewer } from "./api.js";
import { drawRecordings } from "./drawing.js";
import { Edits } from "./edits.js";
import { Frames } from "./frames.js";
import { Keys } from "./keys.js";
import { Labels } from "./labels.js";
import { explain, find, notify, page, picture, player, render, say } from "./page.js";
import { Pose, Probabilities } from "./tiles.js";
import { followTracks, isTracking, openTracks } from "./tracks.js";

const POLL_MS = 1000;

export function takeStudy(study) {
  page.study = study;
  say("study", study.name);
  sayRater(false);
  say("recording-count", `(${study.recordings.length})`);
  page.keys = new Keys(study.keys, study.behaviors.length);
  for (const problem of page.keys.problems) notify(problem);
  for (const note of study.notes) notify(note);
  document.querySelector("[aria-controls=tracks-tab]").hidden = !study.recordings.some(({ has_track: hasTrack }) => hasTrack);
  drawRecordings();
  render();
}

function sayRater(isTrainedOn, verdict) {
  const isStrange = verdict === "unusual" || verdict === "foreign";
  const parts = [
    page.study.rater && `rater ${page.study.rater}`,
    isTrainedOn && "the model was trained on this recording",
    isStrange && `this recording is ${verdict} to the model`,
  ];
  say("rater", parts.filter(Boolean).join(", "));
}

export function openNeighbour(direction) {
  const ids = page.study.recordings.map(({ id }) => id);
  const next = ids[ids.indexOf(page.recording) + direction];
  if (next) openRecording(next);
}

export async function openRecording(id) {
  if (page.pending.size) notify(`The bout of ${[...page.pending.keys()].join(", ")} that was begun was not stopped, and is not labelled.`);
  page.frames?.close();
  Object.assign(page, { recording: null, info: null, frames: null, labels: null, edits: null, probabilities: null, pose: null });
  page.predictionsStamp = "";
  sayRater(false);
  Object.assign(page, { opening: Promise.resolve(), others: {}, bout: null, selection: null, lookedFrom: null });
  page.pending.clear();
  for (const row of find("recordings").children) row.setAttribute("aria-current", String(row.title === id));
  say("picture-note", "Opening…");
  const isStill = () => openRecording.wanted === id;
  openRecording.wanted = id;
  try {
    const info = await getJson(pathOf(id));
    if (!isStill()) return;
    page.info = info;
    page.recording = id;
    page.frames = new Frames(id, info, noteFrames);
    page.pose = info.has_pose ? new Pose(id, render) : null;
    page.frames.width = picture.wantedWidth(info, page.shows.crop);
    player.open(page.frames, info);
    history.replaceState(null, "", `#${encodeURIComponent(id)}`);
    player.go(0);
    page.opening = openLabels(id);
    await Promise.all([page.opening, openTimes(id), openTracks(id)]);
    if (isStill() && info.has_predictions) await openPredictions(id);
    if (isStill() && page.shows.others) await openOthers(id);
  } catch (error) {
    if (!isStill()) return;
    say("picture-note", error.message);
    explain(error);
  }
  render();
}

function noteFrames(error, row) {
  if (!error) {
    if (page.frames.has(player.frame)) page.isPictureDirty = true;
    return;
  }
  if (error.status === 425) {
    say("picture-note", `The video is being read, ${page.info.n_proven} frames so far.`);
    if (row === player.frame) setTimeout(() => page.frames?.jump(player.frame), 500);
    return;
  }
  if (row === player.frame) say("picture-note", error.message);
}

async function openTimes(id) {
  const times = new Float64Array(await getBytes(pathOf(id, "times")));
  if (page.recording === id && page.info.is_complete) player.times = times;
}

export async function openLabels(id) {
  if (!page.study.behaviors.length || !page.info.is_complete) return;
  try {
    const answer = await getJson(pathOf(id, "labels"));
    if (page.recording !== id) return;
    page.labels = new Labels(answer);
    page.edits = page.editsOf.get(id);
    // Edits of an earlier visit can still be taken back, as long as the server has the same session.
    if (page.edits?.labels.session === page.labels.session) page.edits.labels = page.labels;
    else page.editsOf.set(id, (page.edits = new Edits(id, page.labels, takeAnswer, failEdit)));
    takeFile(answer);
  } catch (error) {
    explain(error);
  }
  render();
}

async function openPredictions(id) {
  try {
    const info = await getJson(pathOf(id, "predictions"));
    if (page.recording !== id) return;
    const known = info.behaviors.filter((name) => page.study.behaviors.includes(name));
    if (page.study.behaviors.length && !known.length) {
      notify(`The ethogram of ${id} has the behaviors ${info.behaviors.join(", ")}, but this study has none of them; a model of another study made it.`);
    }
    page.probabilities = new Probabilities(id, info, page.info.n_frames, render);
    page.predictionsStamp = info.stamp;
    page.info.has_predictions = true;
    render();
    const { verdict, reasons } = info.familiarity;
    sayRater(info.is_trained_on, verdict);
    if (verdict === "unusual" || verdict === "foreign") notify(`${id} is ${verdict} to the model. ${reasons.join(" ")}`);
  } catch (error) {
    if (error.status !== 425) explain(error);
  }
}

export async function openOthers(id) {
  try {
    const { raters } = await getJson(pathOf(id, "others"));
    if (page.recording !== id) return;
    const read = (runs) => new Labels({ session: "", revision: 0, n_frames: page.info.n_frames, runs });
    page.others = Object.fromEntries(Object.entries(raters).map(([rater, runs]) => [rater, read(runs)]));
  } catch (error) {
    explain(error);
  }
  render();
}

function takeAnswer(answer) {
  takeRevisions(answer.revisions ?? []);
  const opened = page.study.recordings.find(({ id }) => id === page.recording);
  if (opened && !opened.has_labels && answer.made?.changes.length) {
    opened.has_labels = true;
    drawRecordings();
  }
  takeFile(answer);
  render();
}

function takeRevisions(revisions) {
  for (const revision of revisions) {
    if (!page.labels.apply(revision)) {
      reloadLabels();
      return;
    }
    if (revision.viewer !== viewer && revision.changes.length) notify("Somebody else is labelling this recording, too; their bouts appear here.");
  }
}

function reloadLabels() {
  page.opening = openLabels(page.recording);
}

function failEdit(error) {
  if (error.body?.is_stale) reloadLabels();
  else if (error.body?.revisions) takeRevisions(error.body.revisions);
  if (error.status === 507) say("saved", "not saved");
  find("saved").classList.toggle("bad", error.status === 507 || error.status === 0);
  page.seenNotices.delete(error.message);
  // What is not labelled is not shown as if it were.
  page.bout = null;
  explain(error);
  render();
}

function takeFile(answer) {
  for (const notice of answer.notices ?? []) notify(notice);
  if (isTracking()) return;
  const isBad = Boolean(answer.problem);
  find("saved").classList.toggle("bad", isBad);
  const state = answer.n_pending ? `on disk, ${answer.file} follows` : `saved in ${answer.file}`;
  say("saved", isBad ? answer.problem : answer.revision || answer.n_pending ? state : "");
}

export async function poll() {
  const id = page.recording;
  try {
    if (id && page.info) {
      const state = await getJson(pathOf(id, `state?since=${page.labels?.revision ?? 0}`));
      if (page.recording !== id) return;
      if (state.run !== page.study.run) {
        loadAgain();
        return;
      }
      await takeState(id, state);
    }
  } catch (error) {
    if (error.status === 0 || error.status === 403) {
      say("saved", error.message);
      find("saved").classList.add("bad");
    }
  } finally {
    setTimeout(poll, POLL_MS);
  }
}

// A restarted server does not know this page: load it again at the same frame.
function loadAgain() {
  sessionStorage.setItem("restarted", JSON.stringify({ recording: page.recording, frame: player.frame }));
  location.reload();
}

export function returnAfterRestart() {
  const before = JSON.parse(sessionStorage.getItem("restarted") ?? "null");
  sessionStorage.removeItem("restarted");
  if (!before || before.recording !== page.recording) return;
  player.go(before.frame);
  notify("The server was restarted, and this page was loaded again. All saved labels are here; earlier edits cannot be undone.");
}

async function takeState(id, state) {
  // A model has predicted this recording again.
  if (state.predictions && page.info.is_complete && state.predictions !== page.predictionsStamp) {
    page.predictionsStamp = state.predictions;
    await openPredictions(id);
    if (page.recording !== id) return;
  }
  const wasComplete = page.info.is_complete;
  const grew = state.frames.n_frames !== page.info.n_frames;
  Object.assign(page.info, state.frames);
  if (state.frames.is_contradicted) {
    notify("The video is damaged: reading it found other frames than its index tells. Frame numbers are right now; check earlier labels.");
  }
  if (state.frames.video_problem) notify(state.frames.video_problem);
  if (grew || wasComplete !== page.info.is_complete) {
    render();
    if (page.info.is_complete && !page.labels) {
      await Promise.all([openLabels(id), openTimes(id)]);
      if (page.info.has_predictions && !page.probabilities) await openPredictions(id);
    }
  }
  followTracks(state.track);
  if (page.labels && state.session !== page.labels.session) reloadLabels();
  else if (page.labels) {
    takeRevisions(state.revisions);
    takeFile(state);
    if (state.revisions.length) render();
  }
}
