"""Compare what may be fitted to turn probabilities into bouts: frame F1, segment F1 and the number of bouts, on recordings left out.

    python scripts/compare_decisions.py study.yaml --crossval crossval --out decisions

The probabilities are those of a cross-validation, before any calibration. In each row, what it names is fitted for each fold on the other
folds' recordings, as `behavior crossval` does it, and the rest is given: thresholds of 0.5, no closing, no shortest bout. Scores are over
the frames and bouts of all recordings together; segment F1 is at an overlap of 25 %. Behind it is the number of bouts decided, for each one
that people labelled: 1 is right. The table is printed, and written to `decisions.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from behavior.config import Decisions, Postprocess
from behavior.files.atomic import make_folder, write_text
from behavior.files.markdown import format_markdown_table
from behavior.files.shared_videos import identify_video
from behavior.files.study import open_study
from behavior.learning.crossval_folder import CrossvalResults, read_crossval
from behavior.learning.decisions import decide, decide_out_of_fold
from behavior.metrics.tables import MetricIndex
from behavior.recording import Annotation, Labels, Probabilities
from behavior.reporting.score_files import score_annotations
from behavior.sequence.folds import Fold, leave_out_folds

SETTINGS: Mapping[str, Decisions | None] = {
    "nothing": None,
    "thresholds": Decisions(fit=["threshold"]),
    "closing": Decisions(fit=["closing"]),
    "closing and shortest bout": Decisions(fit=["closing", "min_bout"]),
    "thresholds, closing and shortest bout": Decisions(),
}


def main() -> None:
    """Decide with each setting, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path)
    parser.add_argument("--crossval", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    study, manifest = open_study(arguments.study)
    results = read_crossval(arguments.crossval)
    scored = [one for one in manifest if one.id in results.labels]
    names, animals, videos = [one.id for one in scored], [one.animal for one in scored], [identify_video(one) for one in scored]
    table = compare(results, names, leave_out_folds(names, animals, videos, leave_out=study.crossval.leave_out))
    make_folder(arguments.out)
    write_text(arguments.out / "decisions.md", table)
    print(table)


def compare(results: CrossvalResults, names: Sequence[str], folds: Sequence[Fold]) -> str:
    """Return the table of the recordings `names`, whose indexes `folds` count."""
    annotations = {annotation.recording: annotation for annotation in results.annotations}
    behaviors, rates = results.study.behaviors, {name: annotations[name].fps or 1.0 for name in names}
    probabilities = {name: Probabilities(results.out_of_fold[name], tuple(behaviors), annotations[name].time_s) for name in names}
    labels = {name: results.labels[name] for name in names}
    rows = []
    for title, settings in SETTINGS.items():
        if settings is None:
            decided = [decide(name, probabilities[name], fps=rates[name], postprocess=Postprocess()) for name in names]
        else:
            decided = decide_out_of_fold(probabilities, labels, folds, settings, fps=rates, postprocess=Postprocess()).annotations
        rows.append([title, *score(decided, labels)])
    heads = [f"{what} {name}" for what in ("F1", "segment F1") for name in (*behaviors, "mean")]
    return format_markdown_table(["fitted", *heads, *(f"bouts of {name}" for name in behaviors)], rows) + "\n"


def score(decided: Sequence[Annotation], labels: Mapping[str, Labels]) -> list[str]:
    """Return frame F1 of each behavior and their mean, segment F1 of each and their mean, and the bouts decided for each one labelled."""
    metrics = MetricIndex(score_annotations(decided, labels))
    values = {
        metric: [metrics.find(name, metric).value for name in decided[0].behaviors]
        for metric in ("f1", "segment_f1_25", "bouts_decided", "bouts_labelled")
    }
    scores = (value for metric in ("f1", "segment_f1_25") for value in (*values[metric], float(np.mean(values[metric]))))
    shares = (n_decided / n_labelled for n_decided, n_labelled in zip(values["bouts_decided"], values["bouts_labelled"], strict=True))
    return [*(f"{value:.3f}" for value in scores), *(f"{share:.2f}" for share in shares)]


if __name__ == "__main__":
    main()
