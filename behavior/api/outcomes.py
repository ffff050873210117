"""What came of commands that have more to say than a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from behavior.api.results import Outcome
from behavior.errors import count_noun

if TYPE_CHECKING:
    import pandas as pd

    from behavior.reporting.check_result import StudyCheck as CheckResult
    from behavior.workflows.finetune import FinetuneResult
    from behavior.workflows.search import SearchOutcome

__all__ = ["Agreement", "Demo", "Evaluation", "Finetuning", "Report", "Search", "Statistics", "StudyCheck"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class StudyCheck(Outcome):
    """What checking a study found; `table` has a row for each recording.

    Attributes
    ----------
    problems
        Columns recording ("" for the whole study), message and is_error.
    """

    problems: pd.DataFrame

    @property
    def is_usable(self) -> bool:
        """Whether computing would fail on none of the problems."""
        return not self.problems["is_error"].any()

    def _describe(self) -> str:
        n_errors = int(self.problems["is_error"].sum())
        lines = [f"{self.title}: {count_noun(n_errors, 'error')}, {count_noun(len(self.problems) - n_errors, 'warning')}"]
        for problem in self.problems.itertuples(index=False):
            whose = f"{problem.recording}: " if problem.recording else ""
            lines.append(f"{'error' if problem.is_error else 'warning'}: {whose}{problem.message}")
        return "\n".join(lines)

    @classmethod
    def from_result(cls, path: Path, result: CheckResult) -> StudyCheck:
        """Return what checking the study at `path` checked."""
        import pandas as pd

        rows = [
            {
                "recording": checked.recording,
                "split": checked.split,
                "frames": checked.n_frames,
                "fps": checked.fps,
                "pose_rows": checked.pose_rows,
                "measured": checked.measured,
                "label_format": checked.label_format or None,
                "labelled": checked.labelled,
                **checked.positives,
            }
            for checked in result.recordings
        ]
        problems = [(problem.recording, problem.message, problem.is_error) for problem in result.problems]
        return cls(
            title=f"Check of {path}",
            table=pd.DataFrame(rows),
            problems=pd.DataFrame(problems, columns=["recording", "message", "is_error"]).astype({"is_error": bool}),
        )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Finetuning(Outcome):
    """What fine-tuning a backbone did; `table` has a row for each behavior.

    Attributes
    ----------
    weights
        The file to name in a study's section `backbone`.
    fitted, validation
        Recordings that were trained on, and the validation recordings of early stopping.
    """

    weights: Path
    fitted: tuple[str, ...]
    validation: tuple[str, ...]

    @classmethod
    def from_result(cls, result: FinetuneResult, weights: Path) -> Finetuning:
        """Return what fine-tuning into the file `weights` did."""
        import pandas as pd

        nothing = float("nan")
        rows = [
            (name, count, result.frozen.get(name, nothing), result.finetuned.get(name, nothing)) for name, count in result.n_frames.items()
        ]
        return cls(
            title=f"Fine-tuned weights {weights}",
            table=pd.DataFrame(rows, columns=["behavior", "frames", "frozen backbone", "fine-tuned"]),
            notes=tuple(result.notes),
            weights=weights,
            fitted=result.fitted,
            validation=result.validation,
        )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Search(Outcome):
    """How far a search is; `table` has a row for each trial.

    Attributes
    ----------
    best
        Number of the best complete trial; None while there is none.
    score
        Its score, which is optimistic, because the best was chosen by it; NaN while there is none.
    setting
        What it set, by key of the study file.
    importances
        How much each key matters, in shares; empty while there are too few trials.
    study
        The study file with the best setting.
    """

    best: int | None
    score: float
    setting: Mapping[str, Any]
    importances: Mapping[str, float]
    study: Path

    @classmethod
    def from_result(cls, outcome: SearchOutcome, out: Path, notes: Sequence[str]) -> Search:
        """Return how far the search in the folder `out` is."""
        from behavior.search.results import BEST_FILE

        result = outcome.result
        return cls(
            title=f"Search in {out}: {result.finished} of {result.limit} trials",
            table=result.table,
            failures=dict(outcome.failures),
            notes=(*notes, *([outcome.note] if outcome.note else [])),
            best=result.best,
            score=result.score,
            setting=dict(result.setting),
            importances=dict(result.importances),
            study=out / BEST_FILE,
        )


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Evaluation(Outcome):
    """Scores of ethograms against labels; `table` has the pooled ones.

    Attributes
    ----------
    metrics
        All scores: columns recording, behavior, metric, value, low and high.
    """

    metrics: pd.DataFrame


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Agreement(Outcome):
    """How well raters agree; `table` has the pooled scores of each pair, and of each of several raters against the others.

    Attributes
    ----------
    metrics
        All scores: columns rater, against, recording, behavior, metric, value, low and high.
    ceiling
        The human ceiling: columns against, behavior, metric, value, low, high and raters.
    """

    metrics: pd.DataFrame
    ceiling: pd.DataFrame


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Statistics(Outcome):
    """What ethograms show; `table` has the means over animals for each behavior and group.

    Attributes
    ----------
    bouts, transitions
        Long tables: recording, group, ..., metric and value.
    zones
        Likewise; None if no recording has a track.
    groups
        Comparison of groups; None if there are no groups.
    audit
        Figures corrected by an audit, with those that are not; None without one.
    assumptions
        What the comparison assumes; "" if nothing was compared.
    hours, light_dark, periods, cosinor
        Activity and behavior by hour and by light, and their rhythms; None where recordings do not say when they began, or are too short.
    """

    bouts: pd.DataFrame
    transitions: pd.DataFrame
    zones: pd.DataFrame | None
    groups: pd.DataFrame | None
    audit: pd.DataFrame | None
    assumptions: str
    hours: pd.DataFrame | None = None
    light_dark: pd.DataFrame | None = None
    periods: pd.DataFrame | None = None
    cosinor: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Report(Outcome):
    """A report; `table` lists its sections.

    Attributes
    ----------
    path
        The HTML file.
    """

    path: Path


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Demo(Outcome):
    """What the demo made; `table` has the average precision on the test recordings.

    Attributes
    ----------
    study, crossval, model, ethograms, report
        Paths, for `open_study`, `open_crossval`, `open_model`, `read_ethogram` and a browser.
    """

    study: Path
    crossval: Path
    model: Path
    ethograms: Path
    report: Path
