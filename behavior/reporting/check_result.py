"""What checking a study found: problems, by recording and for the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["CheckedRecording", "CheckedView", "Problem", "StudyCheck"]


@dataclass(frozen=True)
class Problem:
    """One line of the report.

    Attributes
    ----------
    recording
        Its id; "" for a problem of the whole study.
    message
        A sentence.
    is_error
        Whether computing would fail on it.
    """

    recording: str
    message: str
    is_error: bool

    @classmethod
    def error(cls, recording: str, message: object) -> Problem:
        """Return one that computing would fail on."""
        return cls(recording, str(message), is_error=True)

    @classmethod
    def warning(cls, recording: str, message: str) -> Problem:
        """Return one that computing would not fail on."""
        return cls(recording, message, is_error=False)


@dataclass(frozen=True)
class CheckedView:
    """What was found of another view of a recording than the first.

    Attributes
    ----------
    n_frames, fps
        Of its video, its pose or its imported features; the rate is None where a single frame has none.
    from_s, to_s
        The first and the last moment of the first view that it shows; None where it shows none.
    """

    n_frames: int
    fps: float | None = None
    from_s: float | None = None
    to_s: float | None = None

    def describe(self) -> str:
        """Return a cell's text.

        >>> CheckedView(100, 25.0, 2.0, 6.0).describe()
        '100 frames, 25 fps, 2 to 6 s'
        """
        rate = "" if self.fps is None else f", {self.fps:.4g} fps"
        shown = "" if self.from_s is None or self.to_s is None else f", {self.from_s:.4g} to {self.to_s:.4g} s"
        return f"{self.n_frames} frames{rate}{shown}"


@dataclass(frozen=True)
class CheckedRecording:
    """What was found of one recording; None where it could not be found out, or is not needed.

    Attributes
    ----------
    n_frames, fps
        Of the decoded video, or of the imported features.
    pose_rows
        Rows of the pose file.
    measured
        Share of the frames whose crop centre the pose gives, within the picture.
    labelled
        Share of the frames that somebody labelled.
    positives
        Share of the labelled frames with each behavior.
    label_format
        What kind of file the labels to train on are in; "" where there are none.
    views
        Its other views, by the manifest's column that gives them: `video_side`, `pose_side` without a video, `start_side` without both.
    """

    recording: str
    split: str
    n_frames: int | None = None
    fps: float | None = None
    pose_rows: int | None = None
    measured: float | None = None
    labelled: float | None = None
    positives: Mapping[str, float] = field(default_factory=dict)
    label_format: str = ""
    views: Mapping[str, CheckedView] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyCheck:
    """The whole report.

    Attributes
    ----------
    needs_embedding
        Whether the study trains on more than imported features.
    recordings
        One for each row of the manifest, in its order.
    problems
        Those of weights first, then each recording's, then those of all recordings together.
    """

    needs_embedding: bool
    recordings: Sequence[CheckedRecording]
    problems: Sequence[Problem]

    @property
    def has_errors(self) -> bool:
        """Whether anything would fail."""
        return any(problem.is_error for problem in self.problems)
