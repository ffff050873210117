"""What people saw in one recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from behavior.api.arguments import PathLike
from behavior.api.results import Shown
from behavior.errors import UsageError
from behavior.frame_times import find_gaps, frame_edges, frame_stops
from behavior.recording import Frames, Labels, find_bouts

if TYPE_CHECKING:
    import pandas as pd

    from behavior.files.label_formats.request import LabelRequest

__all__ = ["RecordingLabels", "read_labels"]


@dataclass(frozen=True, eq=False, repr=False)
class RecordingLabels(Shown):
    """The labels of one recording.

    Get them from `Study.labels` or `read_labels`.

    Attributes
    ----------
    recording
        Id of the recording; "" if unknown.
    labels
        The labels without their times.
    time_s
        Times of the frames in seconds, float64 of shape (T,); None if unknown.
    notes
        What is odd in the label file.

    Examples
    --------
    >>> labels = study.labels("mouse_01")
    >>> labels.values.shape, labels.values.dtype.name
    ((400, 3), 'int8')
    """

    recording: str
    labels: Labels
    time_s: npt.NDArray[np.float64] | None
    notes: tuple[str, ...] = ()

    @property
    def behaviors(self) -> tuple[str, ...]:
        """Names of the B behaviors."""
        return self.labels.behaviors

    @property
    def values(self) -> npt.NDArray[np.int8]:
        """1, 0, or -1 for a frame that nobody labelled, int8 of shape (T, B)."""
        return self.labels.values

    def select(self, behaviors: Sequence[str]) -> npt.NDArray[np.int8]:
        """Return the values of some behaviors by name, in this order, int8 of shape (T, len(behaviors)).

        Raises
        ------
        ValueError
            If there are no labels of one of them.
        """
        missing = [name for name in behaviors if name not in self.behaviors]
        if missing:
            raise ValueError(f"the labels have no {', '.join(missing)}, only {', '.join(self.behaviors)}")
        return self.labels.select([self.behaviors.index(name) for name in behaviors]).values

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each frame: `frame`, `time_s` if known, and a column of 1, 0 or -1 for each behavior."""
        import pandas as pd

        times = {} if self.time_s is None else {"time_s": self.time_s}
        columns = {name: self.values[:, column] for column, name in enumerate(self.behaviors)}
        return pd.DataFrame({"frame": np.arange(len(self.values)), **times, **columns})

    def bouts(self) -> pd.DataFrame:
        """Return a row for each bout: behavior, start_frame, stop_frame, and if times are known start_s, stop_s and duration_s.

        Frames and seconds are half-open: a bout covers [start, stop). Where times are known, a bout ends where nothing was recorded.
        """
        import pandas as pd

        gaps = None if self.time_s is None else find_gaps(frame_edges(self.time_s))
        spans = [find_bouts(self.values[:, column] == 1, gaps) for column in range(len(self.behaviors))]
        names = [name for name, bouts in zip(self.behaviors, spans, strict=True) for _ in bouts]
        starts, stops = np.concatenate([*spans, np.zeros((0, 2), dtype=np.int64)]).T
        table = pd.DataFrame({"behavior": names, "start_frame": starts, "stop_frame": stops})
        if self.time_s is not None:
            edges = frame_edges(self.time_s)
            start_s, stop_s = edges[starts], frame_stops(edges)[stops - 1]
            table = table.assign(start_s=start_s, stop_s=stop_s, duration_s=stop_s - start_s)
        return table

    def _describe(self) -> str:
        of_whom = f" of {self.recording}" if self.recording else ""
        return f"Labels{of_whom}: {len(self.values):,} frames"

    def _tabulate(self) -> pd.DataFrame:
        import pandas as pd

        labelled = (self.values != -1).sum(axis=0)
        counts = self.bouts()["behavior"].value_counts()
        bouts = [int(counts.get(name, 0)) for name in self.behaviors]
        positive = (self.values == 1).sum(axis=0)
        return pd.DataFrame({"behavior": self.behaviors, "labelled frames": labelled, "positive frames": positive, "bouts": bouts})


def read_labels(
    path: PathLike,
    *,
    recording: str = "",
    behaviors: Sequence[str] | None = None,
    video: PathLike | None = None,
    time_s: npt.ArrayLike | None = None,
    n_frames: int | None = None,
    fps: float | None = None,
    observation: str | None = None,
    subject: str | None = None,
    rater: str | None = None,
    offset_s: float | None = None,
    observed: PathLike | None = None,
    missing: Literal["error", "unlabelled", "absent"] = "error",
    background: Literal["absent", "unlabelled"] | None = None,
) -> RecordingLabels:
    """Read a label file: BORIS, SimBA, DeepEthogram, BENTO, Caltech, Solomon Coder, DLCAnalyzer, spreadsheets and tables of our own.

    The format is detected from the content. Lists of bouts do not tell how many frames a recording has: give its video, the times of its
    frames, or their number; a BORIS project that knows the video's length and frame rate needs none of them, nor does a table with a row
    for each frame.

    Parameters
    ----------
    path
        The label file.
    recording
        Id of the recording; chooses its labels from a file with those of several.
    behaviors
        The columns to return, in this order; all those in the file if not given.
    video
        Video of the recording, whose frames are counted by decoding it.
    time_s
        Times of the frames in seconds, shape (T,); those of an ethogram, for example.
    n_frames, fps
        Number of frames, and frames per second; bouts in seconds need both.
    observation, subject, rater
        Which of several observations, whose bouts ("*" for those of all animals) and whose labels to read.
    offset_s
        When the video starts in the time that the file counts, in seconds.
    observed
        The part that was coded, where the file does not say it: ``from_first_to_last`` bout, ``whole``, or a table of spans.
    missing
        What a behavior that the file has no column for means: an error, no labels, or that it was never shown.
    background
        What the column ``background`` means where the file does not tell: no behavior (``absent``) or no label (``unlabelled``).

    Raises
    ------
    UsageError
        If the number of frames is unknown.
    LabelError
        If the file is missing or not a label file, it is not clear what to read, or labels and frames do not fit together.
    VideoError
        If `video` cannot be read.

    Examples
    --------
    >>> labels = bh.read_labels("videos/mouse_01_labels.csv", recording="mouse_01", fps=10)
    >>> labels.behaviors
    ('grooming', 'mid_rearing', 'wall_rearing')
    >>> len(labels.bouts()) > 0
    True
    """
    from behavior.config import LabelFiles
    from behavior.files.label_formats.request import LabelPolicies, LabelRequest
    from behavior.files.labels import list_behaviors, read_labels

    source = Path(path)
    names = tuple(behaviors) if behaviors is not None else list_behaviors(source)
    known_as = tuple(name for name in (Path(video).name if video is not None else "", recording) if name)
    part = None if observed is None else str(observed)
    settings = LabelFiles(subject=subject, observation=observation, offset_s=offset_s, observed=part)
    unsized = LabelRequest(
        names,
        Frames(0),
        recording_names=known_as,
        rater=rater,
        background=background,
        policies=LabelPolicies(missing=missing),
        **settings.choose(recording),
    )
    frames = _find_frames(source, unsized, video=video, time_s=time_s, n_frames=n_frames, fps=fps)
    labels, notes = read_labels(source, replace(unsized, frames=frames))
    return RecordingLabels(recording, labels, frames.time_s, tuple(notes))


def _find_frames(
    path: Path,
    request: LabelRequest,
    *,
    video: PathLike | None,
    time_s: npt.ArrayLike | None,
    n_frames: int | None,
    fps: float | None,
) -> Frames:
    """Return the frames of the recording that the labels are of, by the first argument that tells, else by the file itself."""
    from behavior.files.labels import count_label_frames, find_label_frames
    from behavior.files.video import summarize_video

    if video is not None:
        return summarize_video(Path(video)).frames
    if time_s is not None:
        return Frames.from_times(np.asarray(time_s, dtype=np.float64))
    if n_frames is None:
        known = find_label_frames(path, request)
        if known is not None:
            if fps is None or known.time_s is None:
                return known
            return Frames.from_times(np.arange(round(frame_edges(known.time_s)[-1] * fps)) / fps)
        n_frames = count_label_frames(path, request.behaviors)
    if n_frames is None:
        raise UsageError(f"{path}: does not tell how many frames the recording has; give its video, time_s, or n_frames and fps.")
    return Frames(n_frames, None if fps is None else np.arange(n_frames) / fps)
