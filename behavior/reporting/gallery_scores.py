"""How well a gallery finds its individuals again, and tells new ones from them: scores, a few-shot curve, who is taken for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.embedding.individual_gallery import Question, SideGallery
from behavior.figures.individuals import draw_few_shot, draw_individuals_confusion
from behavior.figures.rendering import render_png
from behavior.files.atomic import write_bytes
from behavior.files.cells import write_table
from behavior.files.markdown import format_markdown_table, write_markdown
from behavior.identity.gallery import Calibration, rank_guesses
from behavior.identity.leaving_out import Questions, ask_few
from behavior.metrics.retrieval import score_guesses

__all__ = ["SCORES_SUMMARY", "SHOTS", "GalleryScores", "find_gallery_scores", "score_side", "write_gallery_scores"]

SCORES_TABLE, FEW_SHOT_TABLE, CONFUSION_TABLE, SCORES_SUMMARY = "metrics.csv", "few_shot.csv", "confusion.csv", "summary.md"
_CONFUSION, _FEW_SHOT = "confusion", "few_shot"
SHOTS = (1, 2, 5, 10)
_N_DRAWS = 5
_NEW = "(new)"


@dataclass(frozen=True)
class GalleryScores:
    """Scores of one side.

    Attributes
    ----------
    side
        Its name.
    metrics
        Columns `question, metric, value, queries`: of single images, and of whole tracks where there are some.
    few_shot
        Columns `images, metric, value`.
    counts
        Who was taken for whom, by the last question, int64 of shape (N + 1, N + 1); the last row and column are new individuals.
    names
        N names.
    """

    side: str
    metrics: pd.DataFrame
    few_shot: pd.DataFrame
    counts: npt.NDArray[np.int64]
    names: tuple[str, ...]


def score_side(opened: SideGallery, side: str, questions: Sequence[Question], *, seed: int = 0) -> GalleryScores:
    """Return the scores of a gallery by what it left out when it was fitted; it has to have folds."""
    rows = []
    counts = np.zeros((0, 0), dtype=np.int64)
    for question in questions:
        asked = opened.ask(question)
        decisions = _decide_across_folds(asked)
        known = asked.truth >= 0
        guesses = rank_guesses(asked.similarities)
        scores = score_guesses(guesses, asked.truth, -asked.similarities.max(axis=1))
        scores["known_taken_for_new"] = _share(decisions[known] == -1)
        scores["new_found_new"] = _share(decisions[~known] == -1)
        n_queries = {"auroc_of_new": len(known), "new_found_new": int((~known).sum())}
        rows += [(question, metric, value, n_queries.get(metric, int(known.sum()))) for metric, value in scores.items()]
        n_names = len(opened.gallery.names)
        counts = np.zeros((n_names + 1, n_names + 1), dtype=np.int64)
        np.add.at(counts, (np.where(known, asked.truth, n_names), np.where(decisions >= 0, decisions, n_names)), 1)
    metrics = pd.DataFrame(rows, columns=["question", "metric", "value", "queries"])
    return GalleryScores(side, metrics, _score_few(opened, seed), counts, opened.gallery.names)


def find_gallery_scores(folder: Path) -> list[Path]:
    """Return the files of scores that may be in `folder`."""
    pictures = [path for kind in (_CONFUSION, _FEW_SHOT) for path in folder.glob(f"{kind}*.png")]
    return [*(folder / name for name in (SCORES_TABLE, FEW_SHOT_TABLE, CONFUSION_TABLE, SCORES_SUMMARY)), *pictures]


def write_gallery_scores(folder: Path, scores: Sequence[GalleryScores], notes: Sequence[str]) -> None:
    """Write tables, pictures and, last, `summary.md` of the sides of a gallery.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    for name, tables in (
        (SCORES_TABLE, [one.metrics.assign(side=one.side) for one in scores]),
        (FEW_SHOT_TABLE, [one.few_shot.assign(side=one.side) for one in scores]),
        (CONFUSION_TABLE, [_list_confusion(one) for one in scores]),
    ):
        table = pd.concat(tables, ignore_index=True)
        write_table(folder / name, table[["side", *(column for column in table.columns if column != "side")]], digits=6)
    lines = ["# How well the gallery finds its individuals", ""]
    for number, one in enumerate(scores):
        mark = f"_{number + 1}" if len(scores) > 1 else ""
        title = f"side {one.side}" if one.side else ""
        confusion = draw_individuals_confusion(one.counts, [*one.names, _NEW], title=title)
        write_bytes(folder / f"{_CONFUSION}{mark}.png", render_png(confusion))
        lines += [
            f"## {title or 'All pictures'}",
            "",
            _format_metrics(one.metrics),
            "",
            f"Who is taken for whom: {_CONFUSION}{mark}.png",
            "",
        ]
        if len(one.few_shot):
            curves = {metric: part["value"].tolist() for metric, part in one.few_shot.groupby("metric", sort=False)}
            shots = one.few_shot["images"].drop_duplicates().tolist()
            write_bytes(folder / f"{_FEW_SHOT}{mark}.png", render_png(draw_few_shot(shots, curves, title=title)))
            lines += [f"Scores over the number of enrolled images: {_FEW_SHOT}{mark}.png", ""]
    lines += ["## How this was measured", "", *(f"- {note}" for note in (*notes, *_RULES)), ""]
    write_markdown(folder / SCORES_SUMMARY, "\n".join(lines))


_RULES = (
    "Recordings (days, videos) were left out in turn, each time with some individuals. What pictures are compared by was fitted without "
    "both. Pictures of one recording are never on both sides: they are near copies.",
    "Known: pictures of the recordings left out, of individuals that were trained on, asked about among all individuals.",
    "New: pictures of the individuals left out, asked about as if they were not enrolled.",
    "Whether somebody is decided to be new is by a threshold that was fitted in the other folds.",
    f"Few images: of each individual so many, drawn {_N_DRAWS} times, of the recordings not left out; asked about are the individuals left "
    "out, enrolled, and once more without, as new ones.",
)


def _decide_across_folds(asked: Questions) -> npt.NDArray[np.int64]:
    """Return who each query is decided to be, -1 for new, by a threshold of the other folds."""
    nearest = asked.similarities.max(axis=1)
    decisions = rank_guesses(asked.similarities, n_guesses=1)[:, 0]
    for fold in np.unique(asked.folds):
        own = asked.folds == fold
        calibration = Calibration.fit(asked.similarities[~own], asked.truth[~own])
        decisions[own & (np.nan_to_num(calibration.weigh_new(nearest), nan=0.0) > 0.5)] = -1
    return decisions


def _score_few(opened: SideGallery, seed: int) -> pd.DataFrame:
    rows = []
    rng = np.random.default_rng(seed)
    for n_shots in SHOTS:
        drawn = []
        for _ in range(_N_DRAWS):
            asked = ask_few(opened.folds, opened.fold_vectors, opened.gallery.owners, n_shots=n_shots, rng=rng)
            drawn.append(score_guesses(rank_guesses(asked.similarities), asked.truth, -asked.similarities.max(axis=1, initial=-np.inf)))
        rows += [(n_shots, metric, float(np.mean([one[metric] for one in drawn]))) for metric in drawn[0]]
    table = pd.DataFrame(rows, columns=["images", "metric", "value"])
    return table[table["value"].notna()].reset_index(drop=True)


def _share(values: npt.NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _list_confusion(one: GalleryScores) -> pd.DataFrame:
    names = [*one.names, _NEW]
    rows = [(one.side, names[row], names[column], int(one.counts[row, column])) for row, column in np.argwhere(one.counts > 0).tolist()]
    return pd.DataFrame(rows, columns=["side", "individual", "taken_for", "queries"])


def _format_metrics(metrics: pd.DataFrame) -> str:
    rows = [
        (str(question), str(metric), "" if np.isnan(value) else f"{value:.3f}", f"{queries:,}")
        for question, metric, value, queries in metrics.itertuples(index=False)
    ]
    return format_markdown_table(["asked about", "metric", "value", "queries"], rows, is_aligned=True)
