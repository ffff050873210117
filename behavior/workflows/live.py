"""`behavior live`: from a camera to an ethogram while it happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from behavior.embedding.live_positions import FixedPosition, Positions, follow_animal
from behavior.errors import ModelError, OutputError, UsageError, VideoError
from behavior.files.atomic import make_folder, require_writable
from behavior.files.ethograms import ETHOGRAM_SUFFIX
from behavior.files.live_record import EventLog
from behavior.files.live_sources import Source, find_source
from behavior.frame_times import have_same_rate
from behavior.learning.live_features import LiveFeatures
from behavior.learning.live_prediction import find_obstacle
from behavior.learning.opened_model import OpenedModel, open_model
from behavior.live.capturing import Capture, CaptureSettings
from behavior.live.finishing import recover_recordings
from behavior.live.parts import RecordingParts
from behavior.live.rules import Rules, parse_action, parse_rule
from behavior.live.session import LiveSession, LiveTally, Observer
from behavior.progress import announce, warn
from behavior.recording import is_safe_name

__all__ = ["LiveRequest", "LiveResult", "recover_folder", "run_live"]


@dataclass(frozen=True)
class LiveRequest:
    """What is asked of a live recording.

    Attributes
    ----------
    source
        Number of a camera, address of a stream, or path of a video.
    name
        Of the recording; the time where empty.
    pace
        Whether a video is played at its own pace, or as fast as the model is.
    delay_s
        How much later than its frame a probability may come.
    center
        Where the animal is taken to be, x and y in pixels, for a model of crops.
    background
        A video of the same set-up, before whose background the animal is looked for in every frame.
    roll_s, duration_s
        Seconds after which another recording begins, and after which all ends; None for never.
    keep_free_gib
        Of the drive: recording stops before less is left.
    rules
        Pairs of a rule and an action, as `live.rules` parses them.
    rest_s
        Least seconds between two events of a rule.
    """

    source: str
    name: str = ""
    pace: Literal["real", "fastest"] = "real"
    delay_s: float = 0.0
    center: tuple[float, float] | None = None
    background: Path | None = None
    roll_s: float | None = None
    duration_s: float | None = None
    keep_free_gib: float = 1.0
    rules: tuple[tuple[str, str], ...] = ()
    rest_s: float = 1.0


@dataclass
class LiveResult:
    """What came of a live recording.

    Attributes
    ----------
    tally
        Of frames.
    captured, gaps
        Frames that were recorded, and how often the source broke off and came back.
    reason
        Why it ended, where it was neither over nor stopped.
    """

    tally: LiveTally
    captured: int
    gaps: int
    reason: str

    @property
    def failures(self) -> dict[str, str]:
        """Why a recording has no ethogram, by its name."""
        return {name: outcome for name, outcome in self.tally.recordings.items() if isinstance(outcome, str)}

    def find_latency(self, percentile: float) -> float | None:
        """Return a percentile of the seconds from capture to probability; None where no frame has one."""
        return float(np.percentile(self.tally.latencies_s, percentile)) if self.tally.latencies_s else None


def recover_folder(folder: Path) -> LiveResult:
    """Finish the live recordings in `folder` that were broken off; raises as `live.finishing.recover_recordings`."""
    found = recover_recordings(folder)
    tally = LiveTally(recordings={name: one if isinstance(one, str) else len(one.time_s) for name, one in found.items()})
    tally.answered = sum(count for count in tally.recordings.values() if isinstance(count, int))
    return LiveResult(tally, tally.answered, 0, "")


def run_live(
    folder: Path,
    out: Path,
    request: LiveRequest,
    *,
    observers: Sequence[Observer] = (),
    on_start: Callable[[LiveSession, Capture], None] | None = None,
    say: Callable[[str], None] = announce,
) -> LiveResult:
    """Record a source into `out`, and predict its frames with the model in `folder` while they come.

    Parameters
    ----------
    observers
        Are told of every frame.
    on_start
        Is called once, with what notes can be given to and what can be stopped.
    say
        Prints the events of rules whose action is to print them.

    Raises
    ------
    ModelError
        If the model cannot be used, or not while a recording goes on.
    UsageError
        If the request does not fit the model.
    VideoError
        If the source cannot be read, or has another frame rate.
    OutputError
        If `out` cannot be written to, or holds such a recording.
    """
    model = open_model(folder)
    if obstacle := find_obstacle(model, delay_s=request.delay_s):
        raise ModelError(obstacle)
    fps = model.description.fps
    source = find_source(request.source, fps=fps)
    if source.fps is not None and not have_same_rate(source.fps, fps):
        raise VideoError(
            f"{source.name}: has {source.fps:.4g} frames per second, but the model in {folder} was trained on {fps:.4g}; set the camera to "
            "that rate, or annotate the recording afterwards with --resample."
        )
    positions = _find_positions(model, source, request)
    require_writable(make_folder(out))
    name = request.name or f"live_{datetime.now().astimezone():%Y%m%d_%H%M%S}"
    if not is_safe_name(name):
        raise UsageError(f"--name {name}: cannot be the name of a file; use letters, digits, dots, dashes and underscores.")
    features = LiveFeatures(model, cache=out / "cache", positions=positions, fps=fps, sample=lambda count: _sample(source, count))
    settings = CaptureSettings(
        fps=fps,
        at_own_pace=request.pace == "real",
        roll_s=request.roll_s,
        duration_s=request.duration_s,
        keep_free_bytes=round(request.keep_free_gib * 2**30),
    )
    parts = RecordingParts(model, out, name=name, source=source.name, delay_s=request.delay_s, is_numbered=request.roll_s is not None)
    first = parts.find_video(0)
    if first.exists() or (out / f"{first.stem}{ETHOGRAM_SUFFIX}").exists():
        raise OutputError(f"{out}: holds a recording {first.stem} already; give another --name or --out.")
    capture = Capture(source, settings, name_video=parts.find_video, folder=out)
    behaviors = model.description.behaviors
    watched = [(parse_rule(rule, behaviors), parse_action(action, say=say)) for rule, action in request.rules]
    if watched:
        rules = parts.enter_context(closing(Rules(watched, behaviors=behaviors, log=EventLog(out, first.stem), rest_s=request.rest_s)))
        observers = [*observers, rules]
    session = LiveSession(model, features, folder=out, describe=parts.describe, observers=observers)
    if on_start is not None:
        on_start(session, capture)
    announce(f"recording {source.name} into {first}")
    with parts:
        capture.start()
        tally = session.run(capture)
    if capture.tally.reason:
        warn(f"stopped: {capture.tally.reason}.")
    return LiveResult(tally, capture.tally.captured, capture.tally.gaps, capture.tally.reason)


def _find_positions(model: OpenedModel, source: Source, request: LiveRequest) -> Positions | None:
    """Return where the animal is; None for whole frames."""
    crop = model.crop
    assert crop is not None
    if request.center is not None and request.background is not None:
        raise UsageError("--center and --background were both given; choose one of them.")
    if crop.whole_frame:
        if request.center is not None or request.background is not None:
            raise UsageError(f"{model.folder}: works on whole frames; leave --center and --background out.")
        return None
    if request.center is not None:
        return FixedPosition(*request.center)
    background = request.background
    if background is None and not source.is_live:
        background = Path(request.source)
    if background is None:
        raise UsageError(
            f"{model.folder}: works on crops of {crop.size} pixels around {' and '.join(crop.body_parts)}; name a short video of the same "
            "camera and arena with --background, before which the animal is looked for, or a fixed place with --center X,Y."
        )
    announce(f"learning the background from {background}")
    return follow_animal(background)


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
