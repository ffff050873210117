"""Why a model predicts what it predicts about a frame or a bout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from behavior.api.arguments import HasPath, PathLike, Paths, as_path, find_study, list_paths
from behavior.api.results import Shown
from behavior.compute.loading import load_keras

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from behavior.learning.explanation import Explanation

__all__ = ["FrameExplanation", "explain_frame"]


@dataclass(frozen=True, eq=False, repr=False)
class FrameExplanation(Shown):
    """Why a model predicts a behavior in a frame, or in a bout.

    Get one from `explain_frame`. All numbers are changes of the behavior's log-odds, before calibration, with something hidden: above 0 it
    spoke for the behavior.

    Attributes
    ----------
    explanation
        The map in the picture, the moments, the streams and the body parts, as arrays.
    """

    explanation: Explanation

    @property
    def probability(self) -> float:
        """Of the behavior, before calibration."""
        return self.explanation.probability

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers, as `behavior explain --json` prints them."""
        from behavior.reporting.explained_frame import describe_explanation

        return describe_explanation(self.explanation)

    def plot(self) -> Figure:
        """Draw the picture with the map, and the moments before and after; a matplotlib Figure."""
        from behavior.reporting.explained_frame import draw_explained_frame

        return draw_explained_frame(self.explanation)

    def _describe(self) -> str:
        one = self.explanation
        return f"{one.recording}, frame {one.frame}: {one.behavior}, probability {one.probability:.2f}"

    def _tabulate(self) -> pd.DataFrame:
        import pandas as pd

        one = self.explanation
        return pd.DataFrame([{"features": name, "lost": change} for name, change in {**one.streams, **one.parts}.items()])


def explain_frame(
    ethograms: Paths,
    recording: str,
    frame: int,
    *,
    behavior: str | None = None,
    bout: bool = False,
    model: PathLike | None = None,
    study: HasPath | PathLike | None = None,
    cache: PathLike | None = None,
) -> FrameExplanation:
    """Explain what the model predicts about a frame, as `behavior explain` does.

    Parameters
    ----------
    ethograms
        Files `RECORDING_ethogram.csv`, or folders of them.
    recording, frame
        Which recording, and which of its frames, counted from 0.
    behavior
        Which behavior; the one that was decided there, or the most probable one, if not given.
    bout
        Explain the bout that the frame is in: the mean over three of its frames.
    model
        Folder of the model, if it is not where the ethogram says.
    study
        Study of the recording, which has its files and its cache.
    cache
        Folder of the features; the study's, or `cache` in or next to that of the ethogram, if not given.

    Raises
    ------
    EthogramError
        If there is no such ethogram.
    UsageError
        If there is no such frame, behavior or bout.
    ModelError
        If the model is gone, or is not the one that made the ethogram.
    VideoError
        If the video is gone, or is another one.
    """
    load_keras()
    from behavior.workflows.explain import explain_frame

    explanation = explain_frame(
        list_paths(ethograms),
        recording,
        frame,
        behavior=behavior,
        is_bout=bout,
        model=as_path(model),
        study=find_study(study),
        cache=as_path(cache),
    )
    return FrameExplanation(explanation)
