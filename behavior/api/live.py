"""Recording and predicting at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from behavior.api.arguments import HasFolder, PathLike, Paths, find_folder, list_paths
from behavior.api.results import Outcome
from behavior.compute.loading import load_keras
from behavior.progress import collect_warnings

__all__ = ["record_live"]

Place = tuple[float, float]


def record_live(
    model: HasFolder | PathLike,
    source: PathLike | int | Sequence[PathLike | int],
    out: PathLike,
    *,
    name: str = "",
    pace: Literal["real", "fastest"] = "real",
    delay_s: float = 0.0,
    center: Place | Sequence[Place] | None = None,
    background: Paths | None = None,
    warm_up_s: float | None = None,
    roll_s: float | None = None,
    duration_s: float | None = None,
    rules: Sequence[tuple[str, str]] = (),
) -> Outcome:
    """Record a source and predict each of its frames as it comes, as `behavior live` does, until it ends or `duration_s` have passed.

    Parameters
    ----------
    model
        A model whose head looks back only; others need `delay_s`.
    source
        Number of a camera, address of a stream, or a video, or several of them; ``"left=0"`` names one.
    out
        Folder for the recordings.
    name
        Of a source that has none; the time where empty.
    pace
        Whether a video is played at its own pace, or as fast as the model is.
    delay_s
        How many seconds later than its frame a probability may come.
    center, background
        For a model of crops: a fixed place, x and y in pixels, or a video of the same set-up before whose background the animal is
        looked for; for each source, or one for all.
    warm_up_s
        For a model of crops: seconds from which the background is estimated, and which are not predicted; 10 for a camera without
        `background`.
    roll_s
        Seconds after which another recording begins.
    duration_s
        Seconds after which to stop.
    rules
        Pairs of what `--when` and `--do` take.

    Raises
    ------
    ModelError
        If the model cannot be used, or not while a recording goes on.
    VideoError
        If a source has another frame rate than the model, or the only one cannot be read.
    UsageError, OutputError
        If a setting does not fit the model, or `out` cannot be written to.
    """
    import pandas as pd

    load_keras()
    from behavior.live.request import LiveRequest
    from behavior.workflows.live import run_live

    request = LiveRequest(
        tuple(map(str, source)) if isinstance(source, Sequence) and not isinstance(source, str) else (str(source),),
        name=name,
        pace=pace,
        delay_s=delay_s,
        centers=() if center is None else _list_places(center),
        backgrounds=() if background is None else tuple(list_paths(background)),
        warm_up_s=warm_up_s,
        roll_s=roll_s,
        duration_s=duration_s,
        rules=tuple(rules),
    )
    folder = find_folder(model)
    assert folder is not None
    with collect_warnings() as notes:
        result = run_live(folder, Path(out), request)
    rows = [(recording, outcome) for recording, outcome in result.recordings.items() if not isinstance(outcome, str)]
    return Outcome("Recordings", pd.DataFrame(rows, columns=["recording", "frames"]), result.failures, tuple(notes))


def _list_places(center: Place | Sequence[Place]) -> tuple[Place, ...]:
    """Return one place, or several, as a tuple of them."""
    if len(center) == 2 and not any(isinstance(one, Sequence) for one in center):
        center = [cast(Place, center)]
    return tuple(cast(Sequence[Place], center))
