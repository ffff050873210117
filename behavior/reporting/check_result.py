"""What checking a study found: problems, by recording and for the whole."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Checked", "Problem", "StudyCheck"]


@dataclass(frozen=True)
class Problem:
    """One line of the report; `is_error` says whether computing would fail on it."""

    recording: str
    message: str
    is_error: bool


@dataclass
class Checked:
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
        What kind of file the labels to learn from are in; "" where there are none.
    """

    recording: str
    split: str
    n_frames: int | None = None
    fps: float | None = None
    pose_rows: int | None = None
    measured: float | None = None
    labelled: float | None = None
    positives: dict[str, float] = field(default_factory=dict)
    label_format: str = ""


@dataclass
class StudyCheck:
    """The whole report; `needs_embedding` where the study learns from more than imported features."""

    needs_embedding: bool = True
    recordings: list[Checked] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def has_errors(self) -> bool:
        """Whether anything would fail."""
        return any(problem.is_error for problem in self.problems)
