"""The button "train" of `behavior review`: from labels as they are now to a scored model and fresh predictions, in minutes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from behavior.config import Study
from behavior.embedding.recordings import embed_recordings
from behavior.errors import BehaviorError, CrossvalError, LabelError, OutputError, count_noun
from behavior.files.atomic import make_folder
from behavior.files.claims import claim_file, explain_claim
from behavior.files.clip_queue import QUEUE_FILE, list_clips, read_clips
from behavior.files.ethograms import ETHOGRAM_FOLDER
from behavior.files.study import open_study, read_study
from behavior.files.training_rounds import (
    MEAN_OF_BEHAVIORS,
    ROUNDS_FILE,
    TRAINING_FOLDER,
    TrainingRound,
    append_round,
    name_round,
    read_rounds,
)
from behavior.files.video_index import VideoIndex
from behavior.files.view_cells import split_view
from behavior.learning.annotator import open_annotator
from behavior.learning.crossval_comparison import find_differences
from behavior.learning.crossval_folder import read_crossval
from behavior.learning.label_needs import count_labelled_minutes, list_needs, require_enough_labels
from behavior.learning.label_reading import read_labels_of
from behavior.learning.learning_data import LearningData, load_learning_data, make_study_streams
from behavior.learning.planning import list_folds
from behavior.learning.quick_study import choose_quick_settings, choose_training_labels, group_recordings, write_quick_study
from behavior.learning.refreshed_predictions import refresh_predictions
from behavior.learning.round_scores import RoundScores, score_round
from behavior.learning.variants import list_members
from behavior.progress import announce, warn
from behavior.recording import Frames, Labels, Recording
from behavior.workflows.crossval import cross_validate
from behavior.workflows.train import train_model

__all__ = ["predict_missing", "retrain_study"]


def retrain_study(rater: str, path: Path) -> str:
    """Train a model on what is labelled of the study at `path`, score it, and predict every recording; return what came of it.

    What it leaves is in the folder `training` next to the study file: a folder for each round, with the labels, the cross-validation
    and the model, and the table of the rounds' scores. A run that was stopped goes on where it was when the labels are the same.

    Parameters
    ----------
    rater
        Whose labels to train on; "" for the manifest's plain column.

    Raises
    ------
    LabelError
        If too little is labelled; the sentence says what is missing.
    OutputError
        If another process trains this study, or the folder cannot be written to.
    BehaviorError
        If a step fails.
    """
    folder = path.resolve().parent / TRAINING_FOLDER
    make_folder(folder)
    with claim_file(folder / ROUNDS_FILE) as is_mine:
        if not is_mine:
            raise OutputError(f"{folder}: {explain_claim(folder / ROUNDS_FILE)} is training this study; wait for it.")
        study, recordings = open_study(path)
        number = max((one.number for one in read_rounds(folder / ROUNDS_FILE)), default=0) + 1
        place = folder / name_round(number)
        data = _prepare(study, recordings, rater)
        quick = choose_quick_settings(study, data)
        parts = group_recordings(data, leave_out=quick.crossval.leave_out)
        quick_path = write_quick_study(place, quick, data.recordings, parts)
        crossval = _cross_validate(quick_path, place / "crossval", quick, data, parts)
        announce("step 3 of 4: training the model")
        _remove_unfinished_model(place / "model")
        trained = train_model(quick_path, place / "model", crossval=crossval)
        sentence = _score(folder, path.resolve().parent, number, rater, data, crossval)
        announce(f"step 4 of 4: predicting {count_noun(len(recordings), 'recording')}")
        annotator = open_annotator(place / "model", cache=study.cache, imported=study.cache, arena=study.arena)
        ordered = sorted(recordings, key=lambda recording: recording.id not in {one.id for one in data.recordings})
        refreshed = refresh_predictions(annotator, ordered, path.resolve().parent / ETHOGRAM_FOLDER, keep_in=folder)
    failed = (
        f" {len(refreshed.failures)} of {count_noun(len(recordings), 'recording')} could not be predicted; the log says why."
        if refreshed.failures
        else ""
    )
    skipped = "".join(f" {name} is not predicted: {reason}." for name, reason in trained.skipped.items())
    return f"{sentence}{skipped}{failed}"


def predict_missing(model: Path, recordings: Sequence[Recording], study_path: Path | None, folder: Path) -> str:
    """Predict `recordings` with the bundle in the folder `model`, into the folder `ethograms` in `folder`; return what came of it.

    Parameters
    ----------
    study_path
        The study file, for its cache and arena; None for videos that are in no study yet, whose features go to `folder`/cache.

    Raises
    ------
    ModelError
        If the model cannot be used.
    """
    study = None if study_path is None else read_study(study_path)
    cache = folder / "cache" if study is None else study.cache
    announce(f"predicting {count_noun(len(recordings), 'recording')} without an ethogram")
    annotator = open_annotator(model, cache=cache, imported=cache, arena=None if study is None else study.arena)
    refreshed = refresh_predictions(annotator, recordings, folder / ETHOGRAM_FOLDER)
    failed = f"; {len(refreshed.failures)} could not be: the log says why" if refreshed.failures else ""
    n_predicted = len(refreshed.predicted)
    return f"{count_noun(n_predicted, 'recording')} {'is' if n_predicted == 1 else 'are'} predicted by {model.name}{failed}."


def _prepare(study: Study, recordings: Sequence[Recording], rater: str) -> LearningData:
    """Return the labelled training recordings with their features, which are computed where the cache lacks them."""
    chosen = [choose_training_labels(recording, rater) for recording in recordings if recording.split == "train"]
    labelled = [recording for recording in chosen if (rater in recording.labels if rater else recording.labels)]
    if not labelled:
        require_enough_labels(list_needs([], study.behaviors), study.behaviors)
    known = [labels for recording in labelled if (labels := _read_quickly(study, recording)) is not None]
    if len(known) == len(labelled):
        # Before an hour of embedding, not after it.
        require_enough_labels(list_needs(known, study.behaviors), study.behaviors)
    announce(f"step 1 of 4: features of {len(labelled)} labelled recordings")
    member = list_members(study)[0]
    streams = list(make_study_streams(member).values())
    failures = embed_recordings(streams, labelled).failures if streams else {}
    failed = {split_view(name)[0] for name in failures}
    usable = [recording for recording in labelled if recording.id not in failed]
    if not usable:
        raise BehaviorError(f"none of the labelled recordings could be embedded ({next(iter(failures.values()))})")
    _require_views(study, usable)
    data = _drop_unlabelled(load_learning_data(member, usable, among=recordings))
    needs = list_needs(data.labels, study.behaviors)
    require_enough_labels(needs, study.behaviors)
    for sentence in needs.values():
        warn(f"{sentence}; it is not predicted in this round.")
    return data


def _require_views(study: Study, labelled: Sequence[Recording]) -> None:
    """Raise LabelError if a view that the study names is in no labelled recording: nothing could be learned of it."""
    for view in study.views.others if study.views is not None else ():
        if not any(view in recording.views for recording in labelled):
            raise LabelError(f"none of the labelled recordings has the view {view!r}; label one that has it.")


def _drop_unlabelled(data: LearningData) -> LearningData:
    """Return the recordings that have a label: a file of labels may be empty, after the last one was taken back."""
    kept = [index for index, labels in enumerate(data.labels) if (labels.values >= 0).any()] or [0]
    return LearningData(
        tuple(data.recordings[index] for index in kept),
        tuple(data.features[index] for index in kept),
        tuple(data.labels[index] for index in kept),
        data.behaviors,
    )


def _read_quickly(study: Study, recording: Recording) -> Labels | None:
    """Return the labels of a recording by its video's packets; None where only more work tells its frames."""
    with suppress(BehaviorError):
        path = recording.labels.get("") or next(iter(recording.labels.values()))
        if recording.video is not None and (index := VideoIndex(recording.video)).is_complete:
            frames = Frames(index.n_frames, index.time_s, index.broke_off)
            return read_labels_of(recording, path, study.behaviors, frames, settings=study.labels)[0]
    return None


def _cross_validate(path: Path, out: Path, quick: Study, data: LearningData, parts: dict[str, str]) -> Path | None:
    """Cross-validate into the folder `out` and return it; None where there is nothing to leave out, which is said."""
    left_out = quick.crossval.leave_out
    folds = list_folds(quick, data)
    n_folds = len(set(parts.values())) or (len(folds) if any(fold.training for fold in folds) else 0)
    if n_folds < 2:
        warn(
            f"only one {left_out} is labelled, so the model cannot be scored: it is scored on recordings that it was not trained on. Label "
            "clips of one more."
        )
        return None
    announce(f"step 2 of 4: scoring by cross-validation, {count_noun(n_folds, 'model')} that leave out recordings")
    if _is_current(out, path):
        announce("an earlier run has finished this step")
    else:
        cross_validate(path, out, overwrite=True)
    return out


def _is_current(crossval: Path, path: Path) -> bool:
    """Tell whether a run that was stopped later has left a whole cross-validation of the same labels, features and settings."""
    with suppress(CrossvalError):
        study, recordings = open_study(path)
        return not find_differences(read_crossval(crossval), study, recordings)
    return False


def _score(folder: Path, study_folder: Path, number: int, rater: str, data: LearningData, crossval: Path | None) -> str:
    """Add the round to the table in `folder`, and return a sentence on its score."""
    result = RoundScores("", 0.0, ())
    if crossval is not None:
        clips = list_clips(read_clips(study_folder / QUEUE_FILE), rater=rater, state="done", is_random=True)
        result = score_round(read_crossval(crossval), clips)
    time = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
    new = TrainingRound(number, time, len(data.recordings), count_labelled_minutes(data), result.scored_on, result.minutes, result.scores)
    append_round(folder / ROUNDS_FILE, read_rounds(folder / ROUNDS_FILE), new)
    mean = new.find("average_precision", MEAN_OF_BEHAVIORS)
    said = "no score" if mean is None else f"mean average precision {mean.value:.2f} on {result.scored_on}"
    return f"Round {number}: {new.minutes_labelled:.1f} minutes labelled in {new.recordings} recordings, {said}."


def _remove_unfinished_model(folder: Path) -> None:
    """Remove a model that a stopped run left in a round that is not in the table, so that nobody has used it."""
    if folder.exists():
        shutil.rmtree(folder)
