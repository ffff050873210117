"""`behavior identify evaluate`: how well a gallery finds its individuals again, and tells new ones from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from behavior.embedding.individual_gallery import Question, open_side
from behavior.errors import InputError, count_noun
from behavior.files.atomic import require_makeable
from behavior.files.gallery_folder import read_gallery
from behavior.files.result_folders import is_unfinished, refuse_results, replace_results
from behavior.progress import warn
from behavior.reporting.gallery_scores import SCORES_SUMMARY, GalleryScores, find_gallery_scores, score_side, write_gallery_scores

__all__ = ["GalleryEvaluation", "evaluate_gallery"]


@dataclass(frozen=True)
class GalleryEvaluation:
    """Scores: `metrics` with the columns `side, question, metric, value, queries`, `few_shot` with `side, images, metric, value`."""

    metrics: pd.DataFrame
    few_shot: pd.DataFrame


def evaluate_gallery(folder: Path, out: Path, *, overwrite: bool = False) -> GalleryEvaluation:
    """Write scores of the gallery in `folder` to `out`; what they are computed on was left out when the gallery was fitted.

    Raises
    ------
    InputError
        If there is no gallery, it is damaged, or it has too few individuals or recordings to leave any out.
    OutputError
        If `out` holds scores already and `overwrite` is not set, or cannot be written to.
    """
    stored = read_gallery(folder)
    if not overwrite and not is_unfinished(out):
        refuse_results(out, mark=SCORES_SUMMARY, what="scores", advice="give another folder, or --overwrite to replace them")
    require_makeable(out)
    questions: tuple[Question, ...] = ("image", "track") if stored.kind == "tracks" else ("image",)
    scores: list[GalleryScores] = []
    notes, obstacles = [], []
    for side in stored.sides:
        opened = open_side(stored, side)
        where = f"side {side}: " if side else ""
        if not opened.folds:
            obstacles.append(f"{where}nothing can be left out ({opened.obstacle})")
            continue
        scores.append(score_side(opened, side, questions, seed=int(stored.settings["seed"])))
        kind = f"{opened.looks.fingerprint}, {'trained on the gallery' if opened.looks.is_trained else 'not trained'}"
        names = opened.gallery.names
        notes.append(
            f"{where}{count_noun(len(names), 'individual')}, {count_noun(len(opened.rows), 'picture')}, "
            f"{count_noun(len(opened.folds), 'fold')}; compared by {kind}."
        )
        if len(names) < 3:
            notes.append(f"{where}with {len(names)} individuals, a guess is right by chance in every second case.")
    if not scores:
        raise InputError(f"{folder}: {'; '.join(obstacles)}; enrol more individuals on several days.")
    for obstacle in obstacles:
        warn(f"{folder}: {obstacle}.")
    with replace_results(out, mark=SCORES_SUMMARY, find_earlier=find_gallery_scores) as staging:
        write_gallery_scores(staging, scores, notes)
    metrics = pd.concat([one.metrics.assign(side=one.side) for one in scores], ignore_index=True)
    few_shot = pd.concat([one.few_shot.assign(side=one.side) for one in scores], ignore_index=True)
    return GalleryEvaluation(metrics[["side", "question", "metric", "value", "queries"]], few_shot[["side", "images", "metric", "value"]])
