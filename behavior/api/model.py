"""A trained model."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from behavior.api.arguments import PathLike, as_path, choose_where, find_study
from behavior.api.ethogram import RecordingEthogram
from behavior.api.results import Outcome, Shown
from behavior.errors import ModelError, count_noun
from behavior.files.model_bundle import BundleDescription, read_bundle
from behavior.progress import collect_warnings
from behavior.recording import PoseCoordinates

if TYPE_CHECKING:
    import pandas as pd

    from behavior.api.study import Study
    from behavior.learning.annotator import Annotator
    from behavior.workflows.annotate import AnnotateResult

__all__ = ["Model", "open_model"]


@dataclass(frozen=True, eq=False, repr=False)
class Model(Shown):
    """A trained model, as `behavior train` writes it.

    Get one from `Study.train` or `open_model`. Its networks are loaded when it annotates first, and kept.

    Attributes
    ----------
    folder
        Where it is.
    description
        What it is made of, and how it was trained.
    metrics
        Scores on the test recordings: columns recording, behavior, metric, value, low and high; None if there was none.
    notes
        Warnings from training; empty if the model was only opened.

    Examples
    --------
    >>> model = bh.open_model("model")
    >>> model.behaviors, model.fps
    (('grooming', 'mid_rearing', 'wall_rearing'), 10.0)
    >>> ethogram = model.annotate("videos/mouse_04.mp4")
    >>> ethogram.values.shape
    (400, 3)
    """

    folder: Path
    description: BundleDescription
    metrics: pd.DataFrame | None
    notes: tuple[str, ...] = ()
    _annotators: dict[tuple[Any, ...], Annotator] = field(default_factory=dict)
    _caches: list[Path] = field(default_factory=list)

    @property
    def behaviors(self) -> tuple[str, ...]:
        """Names of the B behaviors that it was trained for."""
        return tuple(self.description.behaviors)

    @property
    def fps(self) -> float:
        """Frames per second that it reads: those of the videos that it was trained on, unless the study has a section `sampling`."""
        return self.description.fps

    def annotate(
        self,
        video: PathLike,
        *,
        pose: PathLike | None = None,
        body_parts: Sequence[str] = (),
        individual: str | None = None,
        others: Sequence[str] = (),
        pose_coordinates: PoseCoordinates = "auto",
        fps: float | None = None,
        resample: bool = False,
        cache: PathLike | None = None,
    ) -> RecordingEthogram:
        """Return the ethogram of one video; nothing is written but features, to a cache.

        Parameters
        ----------
        video
            The video; for a model that works on pose alone, the pose file.
        pose
            Its pose; looked for next to the video if not given.
        body_parts, individual
            Centre the crops on these instead of those that the model was trained with.
        others
            What the other animals are called whose pose the model takes by name, in the order of its study; as there if empty.
        pose_coordinates
            Whether its pose is of the upright picture or of the stored one, where the video's metadata turn it; found out if "auto".
        fps
            Frames per second of a pose without a video whose file does not say it.
        resample
            Accept a video of another frame rate than the model's, which a model of a study with `sampling` does anyway.
        cache
            Folder that keeps the features, so that they are not computed again. If not given, a temporary folder keeps them as long
            as this object exists.

        Raises
        ------
        UsageError
            If the model works on imported features, or the pose has several animals and none is named: `annotate_individuals` takes all.
        VideoError, PoseError
            If the video or its pose is missing or cannot be used.
        ModelError
            If the model cannot be used, or not on this video.
        """
        annotator = self._open(body_parts, individual, others, resample, cache)
        ethograms = _annotate(annotator, video, pose, individual, pose_coordinates, fps, is_single=True)
        return next(iter(ethograms.values()))

    def annotate_individuals(
        self,
        video: PathLike,
        *,
        pose: PathLike | None = None,
        body_parts: Sequence[str] = (),
        individual: str | None = None,
        others: Sequence[str] = (),
        pose_coordinates: PoseCoordinates = "auto",
        fps: float | None = None,
        resample: bool = False,
        cache: PathLike | None = None,
    ) -> dict[str, RecordingEthogram]:
        """Return the ethogram of each animal of one video by its name in the pose, "" for the only one of a pose without names.

        Arguments and errors are those of `annotate`; `individual` restricts to one. The video is decoded once for all animals.
        """
        annotator = self._open(body_parts, individual, others, resample, cache)
        return _annotate(annotator, video, pose, individual, pose_coordinates, fps, is_single=False)

    def annotate_videos(
        self,
        videos: Sequence[PathLike],
        out: PathLike,
        *,
        pose: PathLike | None = None,
        body_parts: Sequence[str] = (),
        individual: str | None = None,
        others: Sequence[str] = (),
        pose_coordinates: PoseCoordinates = "auto",
        fps: float | None = None,
        resample: bool = False,
        cache: PathLike | None = None,
        overwrite: bool = False,
        workers: int | None = None,
        cluster: PathLike | None = None,
    ) -> Outcome:
        """Write an ethogram for each video into the folder `out`, as `behavior annotate` does; one bad video never stops the rest.

        Parameters
        ----------
        videos
            Videos, or folders of them.
        cache
            Folder for the features; `out`/cache if not given.
        overwrite
            Replace ethograms by another model or with other settings.
        pose, body_parts, individual, others, pose_coordinates, fps, resample
            As for `annotate`; `pose` goes with a single video.
        workers, cluster
            As for `Study.embed`.

        Returns
        -------
        A row for each video; `failures` has a sentence for each that could not be annotated. `read_ethogram` reads the files.

        Raises
        ------
        UsageError
            If `pose` is given for several videos, or the model works on imported features.
        ModelError
            If the model cannot be used.
        """
        from behavior.workflows.annotate import AnnotateOptions, annotate_videos

        with collect_warnings() as notes:
            options = AnnotateOptions(
                body_parts=tuple(body_parts),
                individual=individual,
                others=tuple(others),
                pose_coordinates=pose_coordinates,
                fps=fps,
                may_resample=resample,
                cache=as_path(cache),
                overwrite=overwrite,
            )
            result = annotate_videos(
                self.folder, [Path(video) for video in videos], Path(out), options, pose=as_path(pose), where=choose_where(workers, cluster)
            )
        return _summarize(result, Path(out), notes)

    def annotate_study(
        self,
        study: Study | PathLike,
        out: PathLike,
        *,
        body_parts: Sequence[str] = (),
        individual: str | None = None,
        others: Sequence[str] = (),
        resample: bool = False,
        cache: PathLike | None = None,
        overwrite: bool = False,
        workers: int | None = None,
        cluster: PathLike | None = None,
    ) -> Outcome:
        """Write an ethogram for each recording of a study into the folder `out`, as `behavior annotate --study` does.

        Arguments, result and errors are those of `annotate_videos`; the study's own cache is used if `cache` is not given and the crops
        are the study's.
        """
        from behavior.workflows.annotate import AnnotateOptions, annotate_study

        with collect_warnings() as notes:
            options = AnnotateOptions(
                body_parts=tuple(body_parts),
                individual=individual,
                others=tuple(others),
                may_resample=resample,
                cache=as_path(cache),
                overwrite=overwrite,
            )
            result = annotate_study(self.folder, find_study(study), Path(out), options, where=choose_where(workers, cluster))
        return _summarize(result, Path(out), notes)

    def annotate_manifest(
        self,
        manifest: PathLike,
        out: PathLike,
        *,
        body_parts: Sequence[str] = (),
        individual: str | None = None,
        others: Sequence[str] = (),
        pose_coordinates: PoseCoordinates = "auto",
        fps: float | None = None,
        resample: bool = False,
        cache: PathLike | None = None,
        overwrite: bool = False,
        workers: int | None = None,
        cluster: PathLike | None = None,
    ) -> Outcome:
        """Write an ethogram for each recording of a manifest, with all of its views, as `behavior annotate --manifest` does.

        Arguments, result and errors are those of `annotate_videos`; there needs to be no study.
        """
        from behavior.workflows.annotate import AnnotateOptions, annotate_manifest

        with collect_warnings() as notes:
            options = AnnotateOptions(
                body_parts=tuple(body_parts),
                individual=individual,
                others=tuple(others),
                pose_coordinates=pose_coordinates,
                fps=fps,
                may_resample=resample,
                cache=as_path(cache),
                overwrite=overwrite,
            )
            result = annotate_manifest(self.folder, Path(manifest), Path(out), options, where=choose_where(workers, cluster))
        return _summarize(result, Path(out), notes)

    def _open(
        self, body_parts: Sequence[str], individual: str | None, others: Sequence[str], resample: bool, cache: PathLike | None
    ) -> Annotator:
        """Return the loaded model, the same one for the same arguments."""
        from behavior.learning.annotator import open_annotator

        if cache is None:
            if not self._caches:
                folder = tempfile.mkdtemp(prefix="behavior_")
                self._caches.append(Path(folder))
                weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            cache = self._caches[0]
        key = (tuple(body_parts), individual, tuple(others), resample, Path(cache))
        if key not in self._annotators:
            self._annotators[key] = open_annotator(
                self.folder, cache=Path(cache), body_parts=body_parts, individual=individual, others=others, may_resample=resample
            )
        return self._annotators[key]

    def _describe(self) -> str:
        n_recordings = len(self.description.training.recordings)
        n = count_noun(n_recordings, "recording")
        return f"Model in {self.folder}: {', '.join(self.behaviors)}; trained on {n}, {self.fps:.4g} frames/s"

    def _tabulate(self) -> pd.DataFrame | None:
        from behavior.metrics.tables import pivot_pooled

        return None if self.metrics is None else pivot_pooled(self.metrics)


def _annotate(
    annotator: Annotator,
    video: PathLike,
    pose: PathLike | None,
    individual: str | None,
    coordinates: PoseCoordinates,
    fps: float | None,
    *,
    is_single: bool,
) -> dict[str, RecordingEthogram]:
    from behavior.learning.new_recordings import annotate_individuals

    with collect_warnings() as notes:
        annotations = annotate_individuals(
            annotator, Path(video), pose=as_path(pose), individual=individual, coordinates=coordinates, fps=fps, is_single=is_single
        )
    return {one.provenance.individual or "": RecordingEthogram(one, tuple(notes)) for one in annotations}


def _summarize(result: AnnotateResult, out: Path, notes: Sequence[str]) -> Outcome:
    import pandas as pd

    rows = [
        *((name, "annotated", speed) for name, speed in result.frames_per_second.items()),
        *((name, "failed", float("nan")) for name in result.failures),
    ]
    table = pd.DataFrame(rows, columns=["recording", "ethogram", "frames_per_second"])
    return Outcome(f"Annotated into {out}", table, dict(result.failures), tuple(notes))


def open_model(folder: PathLike, *, notes: Sequence[str] = ()) -> Model:
    """Open a trained model.

    Parameters
    ----------
    folder
        What `behavior train` or `Study.train` wrote to.
    notes
        What to keep as the notes of the model.

    Raises
    ------
    ModelError
        If there is no model, or it is damaged.
    """
    from behavior.files.cells import read_table
    from behavior.learning.crossval_files import METRICS_FILE

    metrics = Path(folder) / METRICS_FILE
    scores = None
    if metrics.exists():
        columns = ("recording", "behavior", "metric")
        expected, advice = "the scores of a model", "copy the model's folder again, or delete this file"
        scores = read_table(metrics, text=columns, error=ModelError, expected=expected, advice=advice)
    return Model(Path(folder), read_bundle(Path(folder)), scores, tuple(notes))
