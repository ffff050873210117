"""`behavior overlay`: videos with decisions, probabilities and labels drawn on."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.config import LabelFiles
from behavior.errors import BehaviorError, EthogramError, OutputError, UsageError
from behavior.figures.overlay_plan import Clip
from behavior.files.atomic import make_folder, require_writable
from behavior.files.ethograms import ETHOGRAM_SUFFIX, find_ethograms, read_annotation
from behavior.files.study import open_study
from behavior.files.video_folder import VideoFolder
from behavior.progress import complain, report_progress, warn
from behavior.recording import Recording
from behavior.reporting.overlay_video import find_video, plan_overlay

__all__ = ["OverlayResult", "draw_overlays"]

OVERLAY_SUFFIX = "_overlay.mp4"


@dataclass
class OverlayResult:
    """What was drawn.

    Attributes
    ----------
    files
        The overlay of each recording.
    frames, fps
        How many frames it has, and how many of them in a second.
    frames_per_second
        How fast they were made.
    failures
        A sentence for each ethogram that has none.
    """

    files: dict[str, Path] = field(default_factory=dict)
    frames: dict[str, int] = field(default_factory=dict)
    fps: dict[str, float] = field(default_factory=dict)
    frames_per_second: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def draw_overlays(
    paths: Sequence[Path],
    out: Path,
    *,
    study: Path | None = None,
    videos: Path | None = None,
    clip: Clip | None = None,
    with_video: bool = True,
    overwrite: bool = False,
) -> OverlayResult:
    """Write `RECORDING_overlay.mp4` into `out` for each ethogram at `paths`; one that cannot be drawn never stops the rest.

    Parameters
    ----------
    paths
        `*_ethogram.csv` files or folders of them.
    study
        A study file; the labels of all raters that its manifest names are drawn too.
    videos
        Folder that has the videos, in it or below, where they are no longer where they were annotated.
    clip
        What part of each recording is drawn, and how fast it plays; all of it at its own speed where None. Frames are left out where the
        overlay would have more than 60 in a second.
    with_video
        Draw the video; else probabilities and ethogram alone.
    overwrite
        Replace overlays that are there already.

    Raises
    ------
    UsageError
        If the clip cannot be used, the study cannot be read, or `videos` is not a folder.
    EthogramError
        If there is no ethogram at `paths`.
    OutputError
        If an overlay exists and `overwrite` is not set, or `out` cannot be written to.
    """
    clip = clip or Clip()
    _require_usable(clip)
    settings, recordings = open_study(study) if study else (None, [])
    label_files = settings.labels if settings else LabelFiles()
    by_id = {recording.id: recording for recording in recordings}
    folder = VideoFolder(videos) if videos is not None else None
    ethograms = find_ethograms(paths)
    if not overwrite:
        _refuse_existing([out / f"{path.name.removesuffix(ETHOGRAM_SUFFIX)}{OVERLAY_SUFFIX}" for path in ethograms])
    make_folder(out)
    require_writable(out)

    result = OverlayResult()
    for number, path in enumerate(ethograms, start=1):
        try:
            annotation = read_annotation(path)
            name = annotation.recording
            if name in result.files:
                raise EthogramError(f"{path}: is a second ethogram of {name!r}, expected one of each; draw it into another folder.")
            target = out / f"{name}{OVERLAY_SUFFIX}"
            if not overwrite:
                _refuse_existing([target])
            recording = by_id.get(name, Recording(name))
            if study is not None and name not in by_id:
                warn(f"{name} is not in the manifest; its overlay shows no labels.")
            video = find_video(path, annotation, recording, folder) if with_video else None
            overlay = plan_overlay(path, annotation, recording, video, clip=clip, settings=label_files)
            began = time.perf_counter()
            progress = f"drawing {name} ({number} of {len(ethograms)})" if len(ethograms) > 1 else f"drawing {name}"
            with report_progress(progress, total=len(overlay.frames), unit="frames") as advance:
                overlay.write(target, advance=advance)
        except BehaviorError as error:
            result.failures[str(path)] = str(error)
            complain(str(error))
            continue
        result.files[name], result.frames[name], result.fps[name] = target, len(overlay.frames), overlay.fps
        result.frames_per_second[name] = len(overlay.frames) / (time.perf_counter() - began)
    return result


def _require_usable(clip: Clip) -> None:
    if not (math.isfinite(clip.speed) and 0.01 <= clip.speed <= 100):
        raise UsageError(f"--speed {clip.speed:g}: expected a number from 0.01 to 100, such as 2 for twice as fast.")
    if clip.stop_s is not None and clip.stop_s <= clip.start_s:
        raise UsageError(f"--stop {clip.stop_s:g}s: does not come after --start {clip.start_s:g}s; give a later time.")


def _refuse_existing(targets: Sequence[Path]) -> None:
    existing = [path for path in targets if path.exists()]
    if existing:
        others = f" and {len(existing) - 1} more overlays" if len(existing) > 1 else ""
        raise OutputError(f"{existing[0]}{others} exist{'' if others else 's'} already; give another --out, or --overwrite to replace.")
