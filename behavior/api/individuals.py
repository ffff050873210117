"""Individuals across recordings: galleries of named ones, and who is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from behavior.api.arguments import PathLike, Paths, as_path, list_paths
from behavior.api.results import Outcome, Shown
from behavior.progress import collect_warnings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GalleryScores", "enrol_individuals", "evaluate_gallery", "identify_individuals"]


@dataclass(frozen=True, eq=False, repr=False)
class GalleryScores(Shown):
    """How well a gallery finds its individuals, on recordings and individuals that were left out.

    Attributes
    ----------
    metrics
        Columns `side, question, metric, value, queries`.
    few_shot
        The same of individuals with few images: `side, images, metric, value`.
    """

    metrics: pd.DataFrame
    few_shot: pd.DataFrame

    def _describe(self) -> str:
        return "Scores of a gallery"

    def _tabulate(self) -> pd.DataFrame:
        return self.metrics


def enrol_individuals(
    gallery: PathLike,
    sources: Paths,
    *,
    names: Mapping[str, str] | None = None,
    side: str = "",
    day: str = "",
    videos: PathLike | None = None,
    backbone: str | None = None,
    weights: str | None = None,
    seed: int | None = None,
) -> Outcome:
    """Add named individuals to a gallery, from photos or tracks, as `behavior identify enrol` does.

    Parameters
    ----------
    gallery
        The gallery's folder; begun where there is none.
    sources
        Folders `NAME/photo.jpg` or `NAME/DAY/photo.jpg`, tables `image,individual,side,day`, photos, or tracks `NAME_track.csv`.
    names
        Who animals of a track are, by their names in it; "" for the only one, and for photos without a folder of their own.
    side, day
        For sources that say nothing of it.
    videos
        Folder of the tracks' videos; next to the tracks where None.
    backbone, weights, seed
        What individuals are compared by; None for the gallery's own, or a CNN that is trained on it.

    Returns
    -------
    An outcome whose table has a row for each individual: `individual, images, days, added, known`.

    Raises
    ------
    UsageError
        If names or settings cannot be used.
    InputError
        If the gallery that is there is damaged.
    WeightsError, TrainingError
        If the pictures cannot be compared.
    OutputError
        If the folder cannot be written to.
    """
    import pandas as pd

    from behavior.workflows.identify_enrol import EnrolRequest
    from behavior.workflows.identify_enrol import enrol_individuals as enrol

    with collect_warnings() as notes:
        request = EnrolRequest(dict(names or {}), side, day, as_path(videos), backbone, weights, seed)
        result = enrol(Path(gallery), list_paths(sources), request)
        table = pd.DataFrame(result.list_rows(), columns=["individual", "images", "days", "added", "known"])
    return Outcome("Gallery", table, dict(result.failures), tuple(notes))


def identify_individuals(
    gallery: PathLike,
    sources: Paths,
    out: PathLike,
    *,
    side: str = "",
    videos: PathLike | None = None,
    name_tracks: bool = False,
    overwrite: bool = False,
) -> Outcome:
    """Tell who photos or tracks show, as `behavior identify query` does: up to five guesses with probabilities, or somebody new.

    Parameters
    ----------
    gallery
        Its folder.
    sources
        Photos, folders of them, tables with a column `image`, or tracks.
    out
        Folder for `individuals.csv`, `individuals.json` and `individuals.jpg`.
    side, videos
        As for `enrol_individuals`.
    name_tracks
        Also write a copy of each track whose animals have the names of the individuals.
    overwrite
        Replace earlier answers.

    Returns
    -------
    An outcome whose table has a row for each query: `source, animal, side, images, individual, new_probability, guesses`, the last a list
    of names and probabilities.

    Raises
    ------
    InputError
        If there is no gallery, or it is damaged.
    UsageError
        If a side is not in the gallery.
    OutputError
        If `out` cannot be written to, or holds answers already.
    WeightsError, ModelError
        If the gallery's network cannot be run.
    """
    import pandas as pd

    from behavior.workflows.identify_query import identify_sources

    with collect_warnings() as notes:
        result = identify_sources(
            Path(gallery),
            list_paths(sources),
            Path(out),
            side=side,
            videos=as_path(videos),
            name_tracks=name_tracks,
            overwrite=overwrite,
        )
        rows = [
            (
                str(one.source),
                one.animal,
                one.side,
                one.n_images,
                one.decision,
                one.new_probability,
                [(guess.individual, guess.probability) for guess in one.guesses],
            )
            for one in result.found
        ]
        table = pd.DataFrame(rows, columns=["source", "animal", "side", "images", "individual", "new_probability", "guesses"])
    return Outcome("Individuals", table, dict(result.failures), tuple(notes))


def evaluate_gallery(gallery: PathLike, out: PathLike, *, overwrite: bool = False) -> GalleryScores:
    """Score a gallery on recordings and individuals that were left out, as `behavior identify evaluate` does.

    Raises
    ------
    InputError
        If there is no gallery, it is damaged, or it has too few individuals or recordings to leave any out.
    OutputError
        If `out` cannot be written to, or holds scores already.
    """
    from behavior.workflows.identify_evaluate import evaluate_gallery as evaluate

    result = evaluate(Path(gallery), Path(out), overwrite=overwrite)
    return GalleryScores(result.metrics, result.few_shot)
