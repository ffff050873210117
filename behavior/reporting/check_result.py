"""What checking a study found: problems, by recording and for the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["CheckedRecording", "Problem", "StudyCheck"]


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
