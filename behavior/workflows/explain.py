"""`behavior explain`: why the model predicts what it predicts about a frame or a bout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from behavior.errors import EthogramError, join_first, suggest_nearest
from behavior.figures.rendering import render_png
from behavior.files.atomic import make_folder, write_bytes
from behavior.files.ethograms import ETHOGRAM_SUFFIX, find_ethograms
from behavior.files.result_folders import refuse_result_file
from behavior.learning.explained_ethogram import open_explained
from behavior.learning.explanation import Explanation
from behavior.progress import report_progress
from behavior.reporting.explained_frame import draw_explained_frame

__all__ = ["draw_explanation", "explain_frame", "find_ethogram"]


def find_ethogram(paths: Sequence[Path], recording: str) -> Path:
    """Return the ethogram of a recording among files and folders of them.

    Raises
    ------
    EthogramError
        If there is none, or several.
    """
    found = find_ethograms(paths)
    own = [path for path in found if path.name.removesuffix(ETHOGRAM_SUFFIX) == recording]
    if not own:
        names = [path.name.removesuffix(ETHOGRAM_SUFFIX) for path in found]
        raise EthogramError(
            f"{paths[0]}: has no ethogram of recording {recording!r}, but of {join_first(names, 8)}"
            f"{suggest_nearest(recording, names) or '; name one of them.'}"
        )
    if len(own) > 1:
        raise EthogramError(f"{own[0]} and {own[1]} are both ethograms of {recording!r}; name one of the two.")
    return own[0]


def explain_frame(
    ethograms: Sequence[Path],
    recording: str,
    frame: int,
    *,
    behavior: str | None = None,
    is_bout: bool = False,
    model: Path | None = None,
    study: Path | None = None,
    cache: Path | None = None,
    advance: Callable[[float], None] = lambda share: None,
) -> Explanation:
    """Explain what the model predicts about a frame of a recording; arguments as for `open_explained` and `ExplainedEthogram.explain`.

    Parameters
    ----------
    ethograms
        Files `RECORDING_ethogram.csv`, or folders of them.
    recording
        Which of them.
    """
    opened = open_explained(find_ethogram(ethograms, recording), model=model, study=study, cache=cache)
    with opened.explainer:
        return opened.explain(frame, behavior, is_bout=is_bout, advance=advance)


def draw_explanation(
    ethograms: Sequence[Path],
    recording: str,
    frame: int,
    out: Path,
    *,
    behavior: str | None = None,
    is_bout: bool = False,
    model: Path | None = None,
    study: Path | None = None,
    cache: Path | None = None,
    overwrite: bool = False,
) -> Explanation:
    """Explain as `explain_frame` does, and write the figure to the PNG file `out`.

    Raises
    ------
    OutputError
        If `out` exists and `overwrite` is not set, or cannot be written.
    """
    refuse_result_file(out, overwrite=overwrite)
    with report_progress("explaining", total=100, unit="%") as advance:
        done = 0

        def tell(share: float) -> None:
            nonlocal done
            advance(int(100 * share) - done)
            done = int(100 * share)

        explanation = explain_frame(
            ethograms, recording, frame, behavior=behavior, is_bout=is_bout, model=model, study=study, cache=cache, advance=tell
        )
    make_folder(out.absolute().parent)
    write_bytes(out, render_png(draw_explained_frame(explanation)))
    return explanation
