"""A study: its settings, its recordings, and all that is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from behavior.api.arguments import PathLike, choose_where, find_folder
from behavior.api.labels import RecordingLabels
from behavior.api.results import Outcome, Shown
from behavior.compute.loading import load_keras, silence_tensorflow
from behavior.config import Study as StudySettings
from behavior.errors import UsageError, count_noun, suggest_nearest
from behavior.files import study as study_files
from behavior.files.manifest import select_labels
from behavior.progress import collect_warnings
from behavior.recording import Recording

if TYPE_CHECKING:
    import pandas as pd

    from behavior.api.crossval import Crossval
    from behavior.api.model import Model
    from behavior.api.outcomes import Finetuning, Report, Search, StudyCheck
    from behavior.learning.recording_features import RecordingFeatures

__all__ = ["Study", "open_study"]


@dataclass(frozen=True, repr=False)
class Study(Shown):
    """A study file and what it says. The file is read each time, so that what is written in it now counts.

    Get one from `open_study` or `init_study`.

    Attributes
    ----------
    path
        The study file.

    Examples
    --------
    >>> study = bh.open_study("study.yaml")
    >>> study.behaviors
    ('grooming', 'mid_rearing', 'wall_rearing')
    >>> [recording.id for recording in study.recordings if recording.split == "test"]
    ['mouse_04']
    """

    path: Path

    @property
    def settings(self) -> StudySettings:
        """What the study file says, defaults included; its paths are absolute."""
        return study_files.read_study(self.path)

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The rows of the manifest."""
        return tuple(study_files.open_study(self.path)[1])

    @property
    def behaviors(self) -> tuple[str, ...]:
        """Names of the B behaviors."""
        return tuple(self.settings.behaviors)

    def check(self) -> StudyCheck:
        """Decode every video and compare it with pose, labels and class balance, as `behavior check` does.

        Returns
        -------
        A row for each recording, and a table of problems; `is_usable` tells whether computing would fail on none of them.

        Raises
        ------
        UsageError
            If the study file or the manifest cannot be used at all.
        """
        from behavior.api.outcomes import StudyCheck
        from behavior.workflows.check import check_study

        return StudyCheck.from_result(self.path, check_study(self.path))

    def embed(self, *, workers: int | None = None, cluster: PathLike | None = None) -> Outcome:
        """Compute the features that the cache lacks, as `behavior embed` does; one bad recording never stops the rest.

        Stop it at any time: it resumes where it left off. Features in the cache that are up to date are kept.

        Parameters
        ----------
        workers
            Number of processes on this machine, which share the recordings and the cores; 1 if not given.
        cluster
            Address of a running Dask scheduler, `tcp://HOST:PORT`, or a file on jobs of a queue, `.yaml`; the work is done there instead.

        Returns
        -------
        A row for each recording; `failures` has a sentence for each that could not be embedded.

        Raises
        ------
        UsageError
            If the study cannot be used, or all of its features are imported.
        WeightsError
            If the backbone's weights are missing or do not fit.
        """
        import pandas as pd

        from behavior.workflows.embed import embed_study

        silence_tensorflow()
        with collect_warnings() as notes:
            result = embed_study(self.path, where=choose_where(workers, cluster))
        rows = [
            *((name, "embedded", speed) for name, speed in result.embedded.items()),
            *((name, "was there", float("nan")) for name in result.kept),
            *((name, "failed", float("nan")) for name in result.failures),
        ]
        table = pd.DataFrame(rows, columns=["recording", "features", "frames_per_second"])
        return Outcome(f"Embedded {self.path}", table, dict(result.failures), tuple(notes))

    def import_features(self, files: Sequence[PathLike], *, name: str, fps: float | None = None) -> Outcome:
        """Bring features that another program computed into the cache, as `behavior import-features` does.

        Parameters
        ----------
        files
            One `.npy`, `.npz`, `.csv` or `.parquet` file for each recording, named after it, with a row for each frame.
        name
            What the study file's `streams` call these features.
        fps
            Frames per second, if a file does not say.

        Raises
        ------
        UsageError
            If the study cannot be used, or `name` is taken.
        """
        import pandas as pd

        from behavior.workflows.import_features import import_features

        with collect_warnings() as notes:
            result = import_features(self.path, [Path(file) for file in files], name=name, fps=fps)
        rows = [(recording, n_frames, n_features) for recording, (n_frames, n_features) in result.shapes.items()]
        table = pd.DataFrame(rows, columns=["recording", "frames", "features"])
        return Outcome(f"Imported {name!r} into {self.path}", table, dict(result.failures), tuple(notes))

    def features(self, recording: str) -> RecordingFeatures:
        """Return what the study's models see of a recording, from the cache: all of its streams side by side.

        Returns
        -------
        `values`, float16 or float32 of shape (N, D), with `time_s` (T,) and `fps` of the video's frames and what the columns mean in
        `streams`. Each frame has a row, and N is T, unless the study has a section `sampling`; `row_frames` (N,) tells the frame of each
        row, so that ``labels.values[features.row_frames]`` are the rows' labels.

        Raises
        ------
        UsageError
            If there is no such recording.
        CacheError
            If features are missing or out of date; `embed` computes them.

        Examples
        --------
        >>> study.features("mouse_01").values.shape
        (400, 128)
        >>> study.features("mouse_1")
        Traceback (most recent call last):
        behavior.errors.UsageError: study.yaml: has no recording 'mouse_1'; did you mean 'mouse_01'?
        """
        from behavior.learning.learning_data import load_features, make_study_streams

        settings = self.settings
        return load_features(settings, self._find(recording), make_study_streams(settings))

    def labels(self, recording: str, *, rater: str | None = None) -> RecordingLabels:
        """Return what people saw in a recording, for its frames.

        The frames are those of its features in the cache, or counted by decoding the video if there are none yet.

        Parameters
        ----------
        recording
            Id of the recording.
        rater
            Whose labels: NAME of the manifest's column `labels_NAME`; those of the column `labels`, or of the only rater, if not given.

        Raises
        ------
        UsageError
            If there is no such recording or rater, it has no labels, or it is not clear whose labels count.
        LabelError
            If the label file cannot be used.
        """
        from behavior.learning.label_reading import read_labels_of
        from behavior.learning.recording_frames import find_frames

        row, settings = self._find(recording), self.settings
        path = select_labels(row) if rater is None else row.labels.get(rater)
        if path is None:
            known = ", ".join(f"labels_{name}" if name else "labels" for name in row.labels) or "none"
            wanted = f"labels_{rater}" if rater else "labels"
            raise UsageError(f"recording {recording!r}: has no label file in the column {wanted!r} (filled in: {known}); name it there.")
        frames = find_frames(settings, [row])[recording]
        labels, notes = read_labels_of(row, path, settings.behaviors, frames, settings=settings.labels)
        return RecordingLabels(recording, labels, frames.time_s, tuple(notes))

    def finetune(self, out: PathLike, *, recordings: Sequence[str] | None = None) -> Finetuning:
        """Fine-tune the backbone on labelled crops and write its weights to the file `out`, as `behavior finetune` does.

        Parameters
        ----------
        out
            A `.keras` file that does not exist yet.
        recordings
            Ids of the recordings to train on; all labelled ones with split=train if not given.

        Raises
        ------
        UsageError
            If the study has no crops or no labels, a recording is unknown or kept for testing, or no behavior can be learned.
        OutputError
            If `out` exists already or cannot be written.
        """
        from behavior.api.outcomes import Finetuning

        load_keras()
        from behavior.workflows.finetune import finetune_study

        return Finetuning.from_result(finetune_study(self.path, Path(out), recordings=recordings), Path(out))

    def crossval(
        self,
        out: PathLike,
        *,
        learning_curve: bool = False,
        overwrite: bool = False,
        workers: int | None = None,
        cluster: PathLike | None = None,
    ) -> Crossval:
        """Cross-validate: leave one recording (or animal) out after the other, as `behavior crossval` does.

        Stop it at any time: it resumes where it left off.

        Parameters
        ----------
        out
            Folder for the results.
        learning_curve
            Also estimate how much more labelled recordings would help; takes several times as long.
        overwrite
            Replace results that `out` holds already.
        workers, cluster
            As for `embed`.

        Returns
        -------
        Scores, and each recording's predictions by models that were not trained on it; also in `out`.

        Raises
        ------
        UsageError
            If there are fewer than two recordings (or animals) to leave out, or the study cannot be used.
        OutputError
            If `out` holds results already and `overwrite` is not set; `open_crossval` reads them.
        """
        from behavior.api.crossval import open_crossval
        from behavior.workflows.crossval import cross_validate

        with collect_warnings() as notes:
            cross_validate(self.path, Path(out), overwrite=overwrite, learning_curve=learning_curve, where=choose_where(workers, cluster))
        return open_crossval(out, notes=notes)

    def search(
        self,
        out: PathLike,
        *,
        trials: int | None = None,
        storage: str | None = None,
        name: str = "search",
        timeout_s: float | None = None,
        objectives: Sequence[str] = (),
        workers: int | None = None,
        cluster: PathLike | None = None,
    ) -> Search:
        """Try the settings of the study's section `search`, as `behavior search` does; a search that was stopped resumes.

        Parameters
        ----------
        out
            Folder for the results.
        trials
            Number of trials in all, those of earlier runs and of other workers included; 50, or the whole grid, if not given.
        storage
            "journal:FILE" (for network drives) or a database's address; an SQLite file in `out` if not given.
        name
            Name of the search, if a storage holds several.
        timeout_s
            Begin no trial after so many seconds.
        objectives
            Instead of the study's: "average_precision", "f1" or "f2", and "seconds" after it to compare trials by time too.
        workers, cluster
            As for `embed`.

        Raises
        ------
        UsageError
            If the study has no section `search`, or the storage holds another search of this name.
        TrainingError
            If trial after trial fails.
        """
        from behavior.api.outcomes import Search
        from behavior.workflows.search import search_study

        with collect_warnings() as notes:
            outcome = search_study(
                self.path,
                Path(out),
                trials=trials,
                storage=storage,
                name=name,
                timeout_s=timeout_s,
                objectives=objectives,
                where=choose_where(workers, cluster),
            )
        return Search.from_result(outcome, Path(out), notes)

    def train(self, out: PathLike, *, crossval: Crossval | PathLike | None = None) -> Model:
        """Train the model on the training recordings and score it once on those with split=test, as `behavior train` does.

        Parameters
        ----------
        out
            Folder for the model.
        crossval
            A cross-validation of this study, or its folder: train for the median of its best epochs, on every training recording.
            Without it, one training recording is the validation recording of early stopping, and the model is not trained on it.

        Raises
        ------
        UsageError
            If no behavior can be learned, `crossval` is of other settings or data, or decisions are to be fitted and it is not given.
        OutputError
            If `out` holds a model already or cannot be written.
        """
        from behavior.api.model import open_model
        from behavior.workflows.train import train_model

        with collect_warnings() as notes:
            train_model(self.path, Path(out), crossval=find_folder(crossval))
        return open_model(out, notes=notes)

    def report(
        self,
        out: PathLike,
        *,
        ethograms: Sequence[PathLike] = (),
        crossval: Crossval | PathLike | None = None,
        model: Model | PathLike | None = None,
        bin_s: float = 60.0,
        check: bool = True,
        title: str | None = None,
        overwrite: bool = False,
    ) -> Report:
        """Write one HTML file on settings, data, scores and ethograms, as `behavior report` does; arguments as for `write_report`."""
        from behavior.api.commands import write_report

        return write_report(
            [self.path, *ethograms], out, crossval=crossval, model=model, bin_s=bin_s, check=check, title=title, overwrite=overwrite
        )

    def _find(self, recording: str) -> Recording:
        by_id = {row.id: row for row in self.recordings}
        if recording not in by_id:
            nearest = suggest_nearest(recording, by_id) or f" (there are {', '.join(by_id)})."
            raise UsageError(f"{self.path}: has no recording {recording!r}{nearest}")
        return by_id[recording]

    def _describe(self) -> str:
        return f"Study {self.path}: {count_noun(len(self.recordings), 'recording')}; {', '.join(self.behaviors)}"

    def _tabulate(self) -> pd.DataFrame:
        import pandas as pd

        rows = [
            {
                "recording": row.id,
                "video": row.video.name if row.video else None,
                "pose": row.pose.name if row.pose else None,
                "labels": ", ".join(path.name for path in row.labels.values()) or None,
                "animal": row.animal,
                "group": row.group or None,
                "split": row.split,
            }
            for row in self.recordings
        ]
        return pd.DataFrame(rows).dropna(axis="columns", how="all")


def open_study(path: PathLike) -> Study:
    """Open a study file.

    Raises
    ------
    UsageError
        If the file or its manifest is missing or says something that it may not say; the message names the nearest known key.

    Examples
    --------
    >>> bh.open_study("study.yaml").settings.windows.length
    60
    """
    study_files.open_study(Path(path))
    return Study(Path(path))
