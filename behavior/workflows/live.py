"""`behavior live`: from a camera to an ethogram while it happens."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from behavior.embedding.estimated_background import WARM_UP_S, EstimatedBackgroundPosition
from behavior.embedding.live_positions import FixedPosition, Positions, follow_animal
from behavior.errors import BehaviorError, ModelError, UsageError, VideoError
from behavior.files.atomic import make_folder, require_makeable, require_writable
from behavior.files.live_sources import Source, find_source, name_sources
from behavior.frame_times import estimate_fps, have_same_rate
from behavior.learning.live_features import LiveFeatures
from behavior.learning.live_prediction import find_obstacle
from behavior.learning.opened_model import OpenedModel, open_model
from behavior.live.finishing import recover_recordings
from behavior.live.recorders import Recorders
from behavior.live.request import LiveRequest
from behavior.live.results import LiveResult, SourceResult, collect_source
from behavior.live.run import LiveRun
from behavior.live.session import LiveTally
from behavior.progress import announce, warn

__all__ = ["recover_folder", "run_live"]

Given = TypeVar("Given")

# Of a camera whose rate is not known; the first ones may come at once.
_PICTURES_FOR_RATE = 40
_SHORTEST_WARM_UP_S = 2.0


def recover_folder(folder: Path) -> LiveResult:
    """Finish the live recordings in `folder` that were broken off; raises as `live.finishing.recover_recordings`."""
    found = recover_recordings(folder)
    return LiveResult(
        {name: SourceResult(LiveTally(recordings={name: one if isinstance(one, str) else len(one.time_s)})) for name, one in found.items()}
    )


def run_live(
    folder: Path,
    out: Path,
    request: LiveRequest,
    *,
    on_start: Callable[[Recorders], None] | None = None,
    say: Callable[[str], None] = announce,
) -> LiveResult:
    """Record sources into `out`, and predict their frames with the model in `folder` while they come.

    Parameters
    ----------
    on_start
        Is called once, with what can be watched, started, stopped and ended.
    say
        Prints the events of rules whose action is to print them.

    Raises
    ------
    ModelError
        If the model cannot be used, or not while a recording goes on.
    UsageError
        If the request does not fit the model.
    VideoError
        If a source has another frame rate, or the only one cannot be read and does not wait to be started again.
    OutputError
        If `out` cannot be written to, holds such a recording, or its drive has less room than has to stay free.
    """
    with LiveRun(out, request, say=say) as run:
        recorders = _gather(run, folder, out, request)
        if on_start is not None:
            on_start(recorders)
        recorders.run()
    for recorder in recorders:
        for error in recorder.errors:
            if not recorders.fail_alone or not isinstance(error, BehaviorError):
                raise error
    return LiveResult({recorder.name: collect_source(recorder) for recorder in recorders})


def _gather(run: LiveRun, folder: Path, out: Path, request: LiveRequest) -> Recorders:
    """Open the model in `folder` and the sources that are asked for, and return what records them."""
    require_makeable(out)
    model = open_model(folder)
    if obstacle := find_obstacle(model, delay_s=request.delay_s):
        raise ModelError(obstacle)
    named = name_sources(request.sources, name=request.name or f"live_{datetime.now().astimezone():%Y%m%d_%H%M%S}")
    opened = {name: _open_source(text, model) for name, text in named.items()}
    sources = {name: source for name, (source, _) in opened.items()}
    centers = _spread(request.centers, len(sources), option="--center")
    backgrounds = _spread(request.backgrounds, len(sources), option="--background")
    positions = [
        _find_positions(model, source, named[name], center, background, request.warm_up_s)
        for (name, source), center, background in zip(sources.items(), centers, backgrounds, strict=True)
    ]
    require_writable(make_folder(out))
    first = next(iter(sources.values()))
    features = LiveFeatures(
        model, cache=out / "cache", positions=None, fps=model.description.fps, sample=lambda count: _sample(first, count)
    )
    return run.gather(
        model,
        [(name, source, features.share(place, fps=fps)) for (name, (source, fps)), place in zip(opened.items(), positions, strict=True)],
    )


def _open_source(text: str, model: OpenedModel) -> tuple[Source, float]:
    """Return a source, and about how many frames a second it gives; VideoError if the model needs another rate."""
    expected, rate = model.description.fps, model.description.sampling_fps
    if rate is None:
        source = find_source(text, fps=expected)
        if source.fps is not None and not have_same_rate(source.fps, expected):
            raise VideoError(
                f"{source.name}: has {source.fps:.4g} frames per second, but the model in {model.folder} was trained on {expected:.4g}; "
                "set the camera to that rate, or annotate the recording afterwards with --resample."
            )
        return source, expected
    source = find_source(text, fps=None)
    fps = source.fps or _measure_rate(source)
    if fps < rate and not have_same_rate(fps, rate):
        warn(f"{source.name}: has {fps:.4g} frames per second, fewer than the {rate:g} that the model looks at; each is looked at once.")
    return source, fps


def _measure_rate(source: Source) -> float:
    """Return about how many frames a second a camera or a stream gives."""
    with closing(source.read()) as pictures:
        times = [picture.time_s for picture in itertools.islice(pictures, _PICTURES_FOR_RATE)]
    return estimate_fps(np.array(times))


def _spread(values: Sequence[Given], count: int, *, option: str) -> list[Given | None]:
    """Return one value for each of `count` sources, None where none are given."""
    if len(values) not in (0, 1, count):
        raise UsageError(f"{option} is given {len(values)} times and --source {count} times; give one for each, or one for all.")
    return list(values) if len(values) == count else [values[0] if values else None] * count


def _find_positions(
    model: OpenedModel,
    source: Source,
    text: str,
    center: tuple[float, float] | None,
    background: Path | None,
    warm_up_s: float | None,
) -> Positions | None:
    """Return where the animal is; None for whole frames."""
    crop = model.crop
    assert crop is not None
    if center is not None and background is not None:
        raise UsageError("--center and --background were both given; choose one of them.")
    if crop.whole_frame:
        if center is not None or background is not None:
            raise UsageError(f"{model.folder}: works on whole frames; leave --center and --background out.")
        return None
    if center is not None:
        return FixedPosition(*center)
    if background is not None and warm_up_s is not None:
        raise UsageError("--background and --warm-up were both given; choose one of them.")
    if background is None and (source.is_live or warm_up_s is not None):
        seconds = WARM_UP_S if warm_up_s is None else warm_up_s
        if seconds < _SHORTEST_WARM_UP_S:
            raise UsageError(f"--warm-up {seconds:g}s: too short to estimate a background; expected at least {_SHORTEST_WARM_UP_S:g}s.")
        announce(f"estimating the background from the first {seconds:g} s of {source.name}, which are recorded and not predicted")
        return EstimatedBackgroundPosition(source.name, warm_up_s=seconds)
    background = background or Path(text)
    announce(f"estimating the background from {background}")
    return EstimatedBackgroundPosition(source.name, given=follow_animal(background))


def _sample(source: Source, count: int) -> list[npt.NDArray[np.uint8]]:
    """Return some of the first pictures of a source."""
    images: list[npt.NDArray[np.uint8]] = []
    with closing(source.read()) as pictures:
        for picture in pictures:
            if picture.image is not None:
                images.append(picture.image)
            if len(images) == count:
                break
    return images
