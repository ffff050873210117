"""`behavior overlay`: videos with decisions, probabilities and labels, or with tracks drawn on."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from behavior.compute.units import Work, run_units
from behavior.compute.where import HERE, Where
from behavior.config import LabelFiles
from behavior.errors import BehaviorError, OutputError, UsageError
from behavior.figures.overlay_plan import Clip
from behavior.files.atomic import make_folder, require_writable
from behavior.files.ethograms import ETHOGRAM_SUFFIX, find_ethograms
from behavior.files.folder_contents import list_files
from behavior.files.pose import is_pose
from behavior.files.study import open_study
from behavior.files.tracklets import TRACK_SUFFIX
from behavior.files.video_folder import VideoFolder
from behavior.progress import complain, report_progress, warn
from behavior.recording import Recording
from behavior.reporting.overlay_video import OverlayVideo, find_video, plan_overlay, read_drawn
from behavior.reporting.track_overlay import TrackOverlay, find_tracked_video, name_tracked, plan_track_overlay

__all__ = ["OverlayResult", "draw_overlays"]

OVERLAY_SUFFIX, TRACK_OVERLAY_SUFFIX = "_overlay.mp4", "_track_overlay.mp4"


@dataclass
class OverlayResult:
    """What was drawn.

    Attributes
    ----------
    files
        The overlay of each recording; that of a track is called RECORDING_track.
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

    def add(self, other: OverlayResult) -> None:
        """Take in what came of other ethograms and tracks."""
        for name in ("files", "frames", "fps", "frames_per_second", "failures"):
            getattr(self, name).update(getattr(other, name))


def draw_overlays(
    paths: Sequence[Path],
    out: Path,
    *,
    study: Path | None = None,
    videos: Path | None = None,
    clip: Clip | None = None,
    with_video: bool = True,
    overwrite: bool = False,
    where: Where = HERE,
) -> OverlayResult:
    """Write `RECORDING_overlay.mp4` into `out` for each ethogram at `paths`, and `RECORDING_track_overlay.mp4` for each track.

    One that cannot be drawn never stops the rest.

    Parameters
    ----------
    paths
        `*_ethogram.csv` files or folders of them; pose files, such as `*_track.csv`, or folders of tracks without ethograms.
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
    where
        Where work runs; a unit is an overlay.

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
    request = _Request(out, study, videos, clip, with_video, overwrite)
    sources = request.open()
    tracks = _find_tracks(paths)
    others = [path for path in paths if path not in tracks and not any(track.parent == path for track in tracks)]
    ethograms = find_ethograms(others) if others or not tracks else []
    if not overwrite:
        _refuse_existing([out / f"{path.name.removesuffix(ETHOGRAM_SUFFIX)}{OVERLAY_SUFFIX}" for path in ethograms])
        _refuse_existing([out / f"{name_tracked(path)}{TRACK_OVERLAY_SUFFIX}" for path in tracks])
    make_folder(out)
    require_writable(out)

    units, result = _plan(ethograms, tracks, out)
    if where.is_here:
        for unit in units:
            result.add(_draw(sources, request, unit))
        return result
    work = Work(partial(_draw_elsewhere, request), units, [unit[0].name for unit in units], out, title="drawing", noun="overlays")
    for unit, outcome in zip(units, run_units(work, where), strict=True):
        result.add(OverlayResult(failures={str(unit[0]): str(outcome)}) if isinstance(outcome, BehaviorError) else outcome)
    return result


@dataclass(frozen=True)
class _Sources:
    """What overlays are drawn from besides ethograms and tracks."""

    label_files: LabelFiles
    recordings: Mapping[str, Recording]
    folder: VideoFolder | None


@dataclass(frozen=True)
class _Request:
    """How overlays are drawn: the arguments of `draw_overlays`."""

    out: Path
    study: Path | None
    videos: Path | None
    clip: Clip
    with_video: bool
    overwrite: bool

    def open(self) -> _Sources:
        settings, recordings = open_study(self.study) if self.study else (None, [])
        folder = VideoFolder(self.videos) if self.videos is not None else None
        return _Sources(settings.labels if settings else LabelFiles(), {recording.id: recording for recording in recordings}, folder)


# An ethogram, or a track, whether it is a track, and what its progress is called.
_Unit = tuple[Path, bool, str]


def _plan(ethograms: Sequence[Path], tracks: Sequence[Path], out: Path) -> tuple[list[_Unit], OverlayResult]:
    """Return the overlays to draw, and those of them that cannot be: no two are the same file."""
    result, units = OverlayResult(), []
    targets: set[str] = set()
    n_all = len(ethograms) + len(tracks)
    for number, path in enumerate([*ethograms, *tracks], start=1):
        is_track = number > len(ethograms)
        name = name_tracked(path) if is_track else path.name.removesuffix(ETHOGRAM_SUFFIX)
        if (key := f"{name}{TRACK_OVERLAY_SUFFIX if is_track else OVERLAY_SUFFIX}") in targets:
            error = f"{path}: is a second ethogram of {name!r}, expected one of each; draw it into another folder."
            result.failures[str(path)] = error
            complain(error)
            continue
        targets.add(key)
        units.append((path, is_track, f"drawing {name} ({number} of {n_all})" if n_all > 1 else f"drawing {name}"))
    return units, result


def _draw_elsewhere(request: _Request, unit: _Unit) -> OverlayResult:
    return _draw(_open_once(request), request, unit)


@functools.lru_cache(maxsize=1)
def _open_once(request: _Request) -> _Sources:
    """Open what a worker's process draws from, which lives as long as a run."""
    return request.open()


def _draw(sources: _Sources, request: _Request, unit: _Unit) -> OverlayResult:
    """Draw one overlay and return what came of it."""
    path, is_track, progress = unit
    result = OverlayResult()
    try:
        overlay: OverlayVideo | TrackOverlay
        if is_track:
            name, suffix = name_tracked(path), TRACK_OVERLAY_SUFFIX
            overlay = plan_track_overlay(path, find_tracked_video(path, sources.folder), clip=request.clip)
        else:
            part = read_drawn(path, sources.recordings, request.clip)
            name, suffix = part.annotation.recording, OVERLAY_SUFFIX
        target = request.out / f"{name}{suffix}"
        if not request.overwrite:
            _refuse_existing([target])
        if not is_track:
            recording = sources.recordings.get(name, Recording(name))
            if request.study is not None and name not in sources.recordings:
                warn(f"{name} is not in the manifest; its overlay shows no labels.")
            video = find_video(path, part.annotation, recording, sources.folder) if request.with_video else None
            overlay = plan_overlay(path, part, recording, video, clip=request.clip, settings=sources.label_files)
        began = time.perf_counter()
        with report_progress(progress, total=len(overlay.frames), unit="frames") as advance:
            overlay.write(target, advance=advance)
    except BehaviorError as error:
        complain(str(error))
        return OverlayResult(failures={str(path): str(error)})
    key = target.name.removesuffix(OVERLAY_SUFFIX)
    result.files[key], result.frames[key], result.fps[key] = target, len(overlay.frames), overlay.fps
    result.frames_per_second[key] = len(overlay.frames) / (time.perf_counter() - began)
    return result


def _find_tracks(paths: Sequence[Path]) -> list[Path]:
    """Return the pose files among paths, and the tracks in folders among them that have no ethogram."""
    found = []
    for path in paths:
        if path.is_dir() and not any(path.glob(f"*{ETHOGRAM_SUFFIX}")):
            found += [file for file in list_files(path, recursive=False) if file.name.endswith(TRACK_SUFFIX)]
        elif path.is_file() and not path.name.endswith(ETHOGRAM_SUFFIX) and is_pose(path):
            found.append(path)
    return list(dict.fromkeys(found))


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
