"""Jobs that take no time, or all the time that there is, for the processes that tests start."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from behavior.errors import LabelError
from behavior.files.ethograms import read_annotation, write_annotation
from behavior.files.training_rounds import ALL_FRAMES, MEAN_OF_BEHAVIORS, RANDOM_CLIPS, RoundScore, TrainingRound, append_round, read_rounds
from behavior.progress import announce, report_progress, warn
from behavior.recording import Recording


def finish(rater: str, study: Path) -> str:
    """Say some lines, and return a sentence."""
    announce(f"training on the labels of {rater or 'nobody'}")
    warn("rear has no bout yet; connect to postgres://bob:s3cret@host/x")
    with report_progress("fitting", total=2, unit="models") as advance:
        advance(1)
        advance(1)
    return f"Round 1 of {study.name}."


def add_round(rater: str, study: Path) -> str:
    """Add a round of 5 more minutes to the table, which is scored on random clips but for the first."""
    path = study.parent / "training" / "rounds.csv"
    rounds = read_rounds(path)
    number = len(rounds) + 1
    value = 1 - 0.5 / number
    scores = (
        RoundScore("groom", "average_precision", value, value - 0.1, value + 0.05),
        RoundScore(MEAN_OF_BEHAVIORS, "average_precision", value, value - 0.1, value + 0.05),
        RoundScore(MEAN_OF_BEHAVIORS, "f1", value - 0.05, float("nan"), float("nan")),
        RoundScore(MEAN_OF_BEHAVIORS, "f1_of_raters", 0.95, 0.94, 0.96),
    )
    scored_on = ALL_FRAMES if number == 1 else RANDOM_CLIPS
    append_round(path, rounds, TrainingRound(number, "2026-11-29T01:00:00+00:00", 2, 5.0 * number, scored_on, 2.0, scores))
    return f"Round {number} is done."


def wait(rater: str, study: Path) -> str:
    """Name this process in a file, and go on until somebody ends it."""
    (study.parent / "job.pid").write_text(str(os.getpid()))
    announce("at work")
    with report_progress("waiting", total=1000, unit="steps") as advance:
        for _ in range(1000):
            time.sleep(0.05)
            advance(1, "patiently")
    return "waited"


def refuse(rater: str, study: Path) -> str:
    """Refuse the labels."""
    raise LabelError("too few labels to train on: rear has no bout yet.")


def die(rater: str, study: Path) -> str:
    """End the process."""
    os._exit(3)


def talk(rater: str, study: Path) -> str:
    """Say more than is kept."""
    for number in range(1000):
        announce(f"{number} " + "x" * 1000)
    return "said"


def name_recordings(model: Path, recordings: list[Recording], study: Path | None, folder: Path) -> str:
    """Name the recordings, and begin a file where the ethogram of the first is expected."""
    path = folder / "ethograms" / f"{recordings[0].id}_ethogram.csv"
    path.parent.mkdir()
    path.touch()
    return f"{model.name}: {', '.join(recording.id for recording in recordings)}"


def predict_all(rater: str, study: Path) -> str:
    """Predict 0.75 for every frame of the first recording."""
    folder = study.parent / "ethograms"
    known = read_annotation(folder / "mouse_1_ethogram.csv")
    values = np.full_like(known.probabilities.values, 0.75)
    write_annotation(folder, replace(known, probabilities=replace(known.probabilities, values=values)))
    return "predicted"
