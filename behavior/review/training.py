"""Training from the page, and predictions by a model that is handed in: starting them, and reporting them to pages."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from behavior.errors import InputError, UsageError
from behavior.files.ethograms import ETHOGRAM_FOLDER, ETHOGRAM_SUFFIX
from behavior.files.model_bundle import read_bundle
from behavior.files.training_rounds import ROUNDS_FILE, TRAINING_FOLDER, RoundScore, TrainingRound, read_rounds
from behavior.learning.labelling_progress import advise
from behavior.learning.model_match import require_own_model
from behavior.review.desk import Desk
from behavior.review.job_work import predict_recordings, train_study
from behavior.review.label_session import stamp_file
from behavior.review.reviewed_study import ReviewedStudy

__all__ = ["describe_training", "start_predicting", "start_training", "take_model"]


def start_training(desk: Desk) -> None:
    """Put edits into their files, and train on them in a process of its own.

    Raises
    ------
    UsageError
        If there is no study yet, or a job is at work.
    BehaviorError
        If edits cannot be put into their files.
    """
    if desk.reviewed.study_path is None:
        raise UsageError("there is no study yet to train; name a behavior and label some bouts first.")
    if desk.jobs.is_running:
        raise UsageError("a job is already running; wait for it or stop it.")
    desk.fold_now()
    desk.jobs.start("training", partial(train_study, desk.rater), desk.reviewed.study_path, look=_watch_ethograms(desk.reviewed))


def take_model(reviewed: ReviewedStudy, model: Path) -> None:
    """Check that the bundle in the folder `model` fits the study; a study without behaviors takes the model's.

    Raises
    ------
    ModelError
        If it is not, or cannot be used.
    """
    description = read_bundle(model)
    if reviewed.study is None and not reviewed.behaviors:
        reviewed.names = replace(reviewed.names, behaviors=tuple(description.behaviors))
    require_own_model(description, reviewed.behaviors, reviewed.study, folder=model)


def start_predicting(desk: Desk, model: Path) -> bool:
    """Begin to predict the recordings that have no ethogram with the bundle in the folder `model`, and tell whether there are any."""
    reviewed = desk.reviewed
    lacking = [one for one in reviewed.recordings.values() if one.id not in reviewed.ethograms and one.video is not None]
    if lacking:
        work = partial(predict_recordings, model.resolve(), lacking, reviewed.study_path)
        desk.jobs.start("predicting", work, reviewed.folder, look=_watch_ethograms(reviewed))
    return bool(lacking)


def describe_training(desk: Desk, since: int) -> dict[str, Any]:
    """Return the job, with the lines of its log after the first `since`, the rounds so far, and whether to go on labelling."""
    reviewed, problem = desk.reviewed, ""
    rounds: list[TrainingRound] = []
    if reviewed.study_path is not None:
        try:
            rounds = read_rounds(reviewed.folder / TRAINING_FOLDER / ROUNDS_FILE)
        except InputError as error:
            problem = str(error)
    return {
        "run": desk.token,
        "job": desk.jobs.describe(since),
        "rounds": [_describe_round(one) for one in rounds],
        "advice": asdict(advise(rounds)),
        "problem": problem,
    }


def _describe_round(one: TrainingRound) -> dict[str, Any]:
    return {
        "number": one.number,
        "time": one.time,
        "recordings": one.recordings,
        "minutes": one.minutes_labelled,
        "scored_on": one.scored_on,
        "minutes_scored": one.minutes_scored,
        "behaviors": list(one.behaviors),
        "mean": {metric: _describe_score(one.find(metric)) for metric in ("average_precision", "f1", "f1_of_raters")},
        "by_behavior": {name: _describe_score(one.find("average_precision", name)) for name in one.behaviors},
    }


def _describe_score(score: RoundScore | None) -> list[float | None] | None:
    return None if score is None else [None if math.isnan(number) else number for number in (score.value, score.low, score.high)]


def _watch_ethograms(reviewed: ReviewedStudy) -> Callable[[], None]:
    """Return what has pages show the ethograms that were written to the study's folder of them since this call."""
    folder = reviewed.folder / ETHOGRAM_FOLDER
    before = {path: stamp_file(path) for path in folder.glob(f"*{ETHOGRAM_SUFFIX}")}

    def look() -> None:
        for path in folder.glob(f"*{ETHOGRAM_SUFFIX}"):
            recording = path.name.removesuffix(ETHOGRAM_SUFFIX)
            if recording in reviewed.recordings and stamp_file(path) != before.get(path):
                reviewed.ethograms[recording] = path

    return look
