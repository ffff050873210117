"""The ethogram of one recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from behavior.api.arguments import PathLike
from behavior.api.results import Shown
from behavior.errors import OutputError
from behavior.files.ethograms import ETHOGRAM_SUFFIX, BoutRow, list_bouts, read_annotation, write_annotation
from behavior.recording import Annotation

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from behavior.api.labels import RecordingLabels

__all__ = ["RecordingEthogram", "read_ethogram"]

PerBehavior = float | Mapping[str, float] | None


@dataclass(frozen=True, eq=False, repr=False)
class RecordingEthogram(Shown):
    """The ethogram of one recording, with the probabilities it was decided from.

    Get one from `Model.annotate`, `read_ethogram` or `Crossval.ethograms`. Nothing in it changes: `decide` returns another.

    Attributes
    ----------
    annotation
        Probabilities, decisions, and what they come from.
    notes
        Warnings from annotating: what you should know about this recording.

    Examples
    --------
    >>> ethogram = bh.read_ethogram("ethograms/mouse_04_ethogram.csv")
    >>> ethogram.values.shape, ethogram.values.dtype.name
    ((400, 3), 'bool')
    >>> stricter = ethogram.decide(threshold={"grooming": 0.9}, closing_s=0.5)
    >>> bool(stricter.probabilities is ethogram.probabilities)
    True
    """

    annotation: Annotation
    notes: tuple[str, ...] = ()

    @property
    def recording(self) -> str:
        """Id of the recording."""
        return self.annotation.recording

    @property
    def behaviors(self) -> tuple[str, ...]:
        """Names of the B behaviors."""
        return self.annotation.behaviors

    @property
    def values(self) -> npt.NDArray[np.bool_]:
        """Whether each behavior is shown in each frame, bool of shape (T, B)."""
        return self.annotation.ethogram.values

    @property
    def probabilities(self) -> npt.NDArray[np.float32]:
        """The model's probabilities, float32 of shape (T, B) in [0, 1]; NaN for a behavior that no model was trained for."""
        return self.annotation.probabilities.values

    @property
    def time_s(self) -> npt.NDArray[np.float64]:
        """Times of the frames in seconds, float64 of shape (T,)."""
        return self.annotation.time_s

    @property
    def fps(self) -> float | None:
        """Frames per second; None if unknown."""
        return self.annotation.fps

    def decide(
        self,
        *,
        threshold: PerBehavior = None,
        closing_frames: PerBehavior = None,
        closing_s: PerBehavior = None,
        min_bout_frames: PerBehavior = None,
        min_bout_s: PerBehavior = None,
    ) -> RecordingEthogram:
        """Return the ethogram that other thresholds and cleaning make of the same probabilities, as `behavior decide` does.

        Each argument is one value for all behaviors, or a mapping with one for some by name. What is not given stays as it was.

        Parameters
        ----------
        threshold
            A frame is positive from this probability on.
        closing_frames, closing_s
            Closing length in frames, or in seconds: gaps shorter than this are filled.
        min_bout_frames, min_bout_s
            Length of the shortest bout that is kept, in frames or in seconds.

        Raises
        ------
        UsageError
            If a behavior is unknown, a value cannot be used, or a length is given both in frames and in seconds.
        """
        from behavior.learning.changed_decisions import DecisionChange, decide_again

        change = DecisionChange(threshold, closing_frames, closing_s, min_bout_frames, min_bout_s)
        return RecordingEthogram(decide_again(self.annotation, change, source=Path(f"{self.recording}{ETHOGRAM_SUFFIX}")), self.notes)

    def save(self, folder: PathLike, *, overwrite: bool = False) -> Path:
        """Write `RECORDING_ethogram.csv`, `RECORDING_bouts.csv` and `RECORDING_ethogram.json` into `folder`; return the first's path.

        An ethogram of the recording that is there already is replaced if its probabilities are the same, so that decisions can be
        changed; another one only with `overwrite`.

        Raises
        ------
        OutputError
            If `folder` holds another ethogram of the recording and `overwrite` is not set, or cannot be written to.
        EthogramError
            If the ethogram that is there cannot be read and `overwrite` is not set.
        """
        path = Path(folder) / f"{self.recording}{ETHOGRAM_SUFFIX}"
        if not overwrite and path.exists():
            before = read_annotation(path)
            if before.behaviors != self.behaviors or not np.array_equal(before.probabilities.values, self.probabilities):
                raise OutputError(
                    f"{path}: is an ethogram with other probabilities, by another model or of another video; give another folder, or "
                    "overwrite=True to replace it."
                )
        return write_annotation(Path(folder), self.annotation)[0]

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each frame: `frame`, `time_s`, and for each behavior `NAME_prob`, `NAME_raw` and `NAME`.

        `NAME_raw` is decided by the threshold alone, `NAME` after cleaning, both 0 or 1. `training_distance` is how far a frame is from
        those that the model was trained on, where that is known; one in a hundred of left-out training recordings exceeds 1. These are
        the columns of `RECORDING_ethogram.csv`.
        """
        import pandas as pd

        columns: dict[str, npt.NDArray] = {"frame": np.arange(len(self.time_s)), "time_s": self.time_s}
        for column, name in enumerate(self.behaviors):
            columns[f"{name}_prob"] = self.probabilities[:, column]
            columns[f"{name}_raw"] = self.annotation.raw.values[:, column].astype(np.int8)
            columns[name] = self.values[:, column].astype(np.int8)
        if self.annotation.distances is not None:
            columns["training_distance"] = self.annotation.distances
        return pd.DataFrame(columns)

    def bouts(self) -> pd.DataFrame:
        """Return a row for each bout: recording, behavior, start_frame, stop_frame, start_s, stop_s, duration_s and mean_prob.

        Frames and seconds are half-open: a bout covers [start, stop).
        """
        import pandas as pd

        return pd.DataFrame(list_bouts(self.annotation), columns=list(BoutRow._fields))

    def plot(self, *, labels: RecordingLabels | None = None, title: str | None = None) -> Figure:
        """Draw probabilities and decisions along time; a matplotlib Figure, which a notebook shows and `savefig` writes.

        Parameters
        ----------
        labels
            Are drawn above the decisions; they have to be of the same frames and behaviors.
        title
            Heading; the recording's id if not given.

        Raises
        ------
        ValueError
            If `labels` are of other frames or behaviors.
        """
        from behavior.figures.ethograms import draw_ethogram

        return draw_ethogram(
            self.time_s,
            self.probabilities,
            self.values,
            self.behaviors,
            labels=None if labels is None else labels.select(self.behaviors),
            title=self.recording if title is None else title,
        )

    def score(self, labels: RecordingLabels) -> pd.DataFrame:
        """Compare with labels of the same recording: precision, recall, F1, average precision and the other metrics of `metrics.csv`.

        Returns
        -------
        Table with the columns recording, behavior, metric, value, low and high.

        Raises
        ------
        ValueError
            If `labels` are of other frames or behaviors.
        """
        from behavior.metrics.tables import score_study

        name = self.recording
        return score_study(
            {name: labels.select(self.behaviors)},
            {name: self.probabilities},
            {name: self.values},
            self.behaviors,
            time_s={name: self.time_s},
        )

    def _describe(self) -> str:
        seconds = f", {self.fps:.4g} frames/s" if self.fps else ""
        return f"Ethogram of {self.recording}: {len(self.time_s):,} frames{seconds}"

    def _tabulate(self) -> pd.DataFrame:
        import pandas as pd

        from behavior.frame_times import frame_edges
        from behavior.statistics.bouts import describe_bouts

        edges = frame_edges(self.time_s, self.fps)
        rows: list[dict[str, Any]] = []
        for column, name in enumerate(self.behaviors):
            metrics = describe_bouts(self.values[:, column], edges)
            rows.append(
                {"behavior": name, "bouts": int(metrics["bout_count"][0]), "total_s": metrics["total_s"][0], "share": metrics["share"][0]}
            )
        return pd.DataFrame(rows)


def read_ethogram(path: PathLike) -> RecordingEthogram:
    """Read an ethogram that `behavior annotate`, `behavior decide` or `RecordingEthogram.save` wrote.

    Parameters
    ----------
    path
        `RECORDING_ethogram.csv`; the `RECORDING_ethogram.json` written with it has to be in the same folder.

    Raises
    ------
    EthogramError
        If a file is missing, damaged, or belongs to another ethogram.

    Examples
    --------
    >>> bh.read_ethogram("ethograms/mouse_04_ethogram.csv").behaviors
    ('grooming', 'mid_rearing', 'wall_rearing')
    """
    return RecordingEthogram(read_annotation(Path(path)))
