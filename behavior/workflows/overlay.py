"""`behavior overlay`: films with what was decided, its probabilities and what people saw drawn on."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

import numpy as np
import numpy.typing as npt

from behavior.config import LabelFiles, Postprocess, parse_section
from behavior.errors import BehaviorError, EthogramError, OutputError, UsageError, VideoError
from behavior.figures.ethogram_raster import RasterRow
from behavior.figures.overlay import OverlayPainter
from behavior.files.atomic import make_folder, require_writable
from behavior.files.ethograms import ETHOGRAM_SUFFIX, Annotation, find_ethograms, read_annotation
from behavior.files.pose import TOLERATED_ROWS
from behavior.files.study import open_study
from behavior.files.video import VideoReader, open_video, summarize_video, write_video
from behavior.files.video_folder import VideoFolder
from behavior.learning.label_reading import read_raters_of
from behavior.postprocess.thresholds import apply_thresholds
from behavior.progress import Advance, complain, show_progress, warn
from behavior.recording import Recording, frame_edges

__all__ = ["OverlayResult", "draw_overlays", "plan_frames"]

OVERLAY_SUFFIX = "_overlay.mp4"
# More frames per second than projectors show.
_HIGHEST_FPS = 60.0
# Bars and letters stay sharp at this quality, and encoding does not take longer than everything else together.
_CRF, _PRESET = 20, "veryfast"


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
    start_s: float = 0.0,
    stop_s: float | None = None,
    speed: float = 1.0,
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
    start_s, stop_s
        What part of each recording is drawn, in its own seconds; to its end where None.
    speed
        How many times as fast as in life the overlay plays; frames are left out where it would have more than 60 in a second.
    with_video
        Draw the film; else probabilities and ethogram alone.
    overwrite
        Replace overlays that are there already.

    Raises
    ------
    UsageError
        If the part or the speed cannot be used, the study cannot be read, or `videos` is no folder.
    EthogramError
        If there is no ethogram at `paths`.
    OutputError
        If an overlay exists and `overwrite` is not set, or `out` cannot be written to.
    """
    if not (math.isfinite(speed) and 0.01 <= speed <= 100):
        raise UsageError(f"--speed {speed:g}: expected a number from 0.01 to 100, such as 2 for twice as fast.")
    if stop_s is not None and stop_s <= start_s:
        raise UsageError(f"--stop {stop_s:g}s: does not come after --start {start_s:g}s; give a later time.")
    settings, recordings = open_study(study) if study else (None, [])
    label_files = settings.labels if settings else LabelFiles()
    by_id = {recording.id: recording for recording in recordings}
    folder = VideoFolder(videos) if videos is not None else None
    found = find_ethograms(paths)
    if not overwrite:
        _refuse_existing([out / f"{path.name.removesuffix(ETHOGRAM_SUFFIX)}{OVERLAY_SUFFIX}" for path in found])
    make_folder(out)
    require_writable(out)

    result = OverlayResult()
    for number, path in enumerate(found, start=1):
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
            video = _find_video(path, annotation, recording, folder) if with_video else None
            frames, fps = _plan(path, annotation, start_s=start_s, stop_s=stop_s, speed=speed)
            row = _make_row(annotation, recording, label_files)
            film = _Film(path, video, row, annotation.behaviors, _find_thresholds(path, annotation), frames, _describe_speed(speed))
            began = time.perf_counter()
            progress = f"drawing {name} ({number} of {len(found)})" if len(found) > 1 else f"drawing {name}"
            with show_progress(progress, total=len(frames), unit="frames") as advance:
                film.write(target, fps=fps, advance=advance)
        except BehaviorError as error:
            result.failures[str(path)] = str(error)
            complain(str(error))
            continue
        result.files[name], result.frames[name], result.fps[name] = target, len(frames), fps
        result.frames_per_second[name] = len(frames) / (time.perf_counter() - began)
    return result


def plan_frames(
    time_s: npt.NDArray[np.float64], fps: float, *, start_s: float = 0.0, stop_s: float | None = None, speed: float = 1.0
) -> tuple[npt.NDArray[np.int64], float]:
    """Return which frame of a recording each frame of its overlay shows, and how many of those there are in a second.

    The overlay's frames are equally far apart; where the recording's are not, some are repeated and others left out, so that everything
    happens when it happened.

    Parameters
    ----------
    time_s
        Times of the recording's frames in seconds, shape (T,).
    fps
        Its frames per second.
    start_s, stop_s
        The part shown, half-open, in seconds; to the end where None.
    speed
        How many times as fast as in life it plays. Above 60 frames per second only every second frame is kept, or every third, and so on.

    Returns
    -------
    Int64 of shape (N,), ascending; empty where the recording ends before `start_s`. Frames per second.
    """
    rate = fps * speed
    # 59.94 and 60.02 are 60.
    rate /= max(math.ceil(rate / _HIGHEST_FPS - 0.01), 1)
    end_s = float(frame_edges(time_s, fps)[-1])
    stop_s = end_s if stop_s is None else min(stop_s, end_s)
    if stop_s <= start_s:
        return np.zeros(0, dtype=np.int64), rate
    n_shown = max(round((stop_s - start_s) * rate / speed), 1)
    times = start_s + np.arange(n_shown) * speed / rate
    # Stamps in whole milliseconds are a little early or late.
    frames = np.searchsorted(time_s, times + 0.5 / fps, side="right") - 1
    return np.clip(frames, 0, len(time_s) - 1).astype(np.int64), rate


@dataclass(frozen=True)
class _Film:
    """An overlay to be made.

    Attributes
    ----------
    ethogram, video
        Where they are; no video where the panel is drawn alone.
    frames
        Which frame of the recording each frame shows, shape (N,).
    """

    ethogram: Path
    video: Path | None
    row: RasterRow
    behaviors: tuple[str, ...]
    thresholds: npt.NDArray[np.floating] | None
    frames: npt.NDArray[np.int64]
    note: str

    @property
    def reaches_end(self) -> bool:
        """Whether the video is read to its end."""
        return bool(self.frames[-1] >= len(self.row.time_s) - 1 - TOLERATED_ROWS)

    def write(self, target: Path, *, fps: float, advance: Advance) -> None:
        """Write it to `target`, whole or not at all."""
        if self.video is None:
            painter = self._open_painter(None)
            write_video(target, self._count(map(painter.paint, self.frames.tolist()), advance), fps=fps, crf=_CRF, preset=_PRESET)
            return
        with open_video(self.video) as reader:
            self._check_declared(reader)
            painter = self._open_painter((reader.width, reader.height))
            write_video(target, self._count(self._paint(reader, painter), advance), fps=fps, crf=_CRF, preset=_PRESET)

    def _open_painter(self, picture_size: tuple[int, int] | None) -> OverlayPainter:
        return OverlayPainter(self.row, self.behaviors, picture_size=picture_size, thresholds=self.thresholds, note=self.note)

    @staticmethod
    def _count(pictures: Iterator[npt.NDArray[np.uint8]], advance: Advance) -> Iterator[npt.NDArray[np.uint8]]:
        for picture in pictures:
            yield picture
            advance(1)

    def _paint(self, reader: VideoReader, painter: OverlayPainter) -> Iterator[npt.NDArray[np.uint8]]:
        wanted = self.frames.tolist()
        place = 0
        for frame in reader.frames(first_frame=wanted[0]):
            while place < len(wanted) and wanted[place] == frame.index:
                yield painter.paint(frame.index, frame.image)
                place += 1
            if place == len(wanted) and not self.reaches_end:
                return
        self._check_length(reader.n_frames)
        for index in wanted[place:]:
            yield painter.paint(index, None)

    def _check_declared(self, reader: VideoReader) -> None:
        """Refuse a video that is as long as another recording before anything is drawn; headers may be wrong, so that frames count."""
        declared = reader.declared_frames
        if declared is None and self.reaches_end:
            return
        if declared is None or abs(declared - len(self.row.time_s)) > TOLERATED_ROWS:
            self._check_length(summarize_video(reader.path).n_frames)

    def _check_length(self, n_frames: int) -> None:
        n_rows = len(self.row.time_s)
        if abs(n_frames - n_rows) > TOLERATED_ROWS:
            raise VideoError(
                f"{self.video}: has {n_frames} frames, but {self.ethogram} has {n_rows}, so it is another video; name the folder of the "
                "right one with --videos."
            )


def _refuse_existing(targets: Sequence[Path]) -> None:
    there = [path for path in targets if path.exists()]
    if there:
        others = f" and {len(there) - 1} more overlays" if len(there) > 1 else ""
        raise OutputError(f"{there[0]}{others} exist{'' if others else 's'} already; give another --out, or --overwrite to replace.")


def _find_video(path: Path, annotation: Annotation, recording: Recording, folder: VideoFolder | None) -> Path:
    """Return where the video of a recording is: in the folder given, else where it was annotated, else where the manifest says."""
    said = annotation.provenance.get("video")
    said = said if isinstance(said, str) and said else None
    if folder is not None:
        # The ethogram may come from another system.
        found = folder.find(annotation.recording, PureWindowsPath(said).name if said else None)
        if len(found) > 1:
            listed = ", ".join(one.relative_to(folder.path).as_posix() for one in found)
            raise VideoError(f"{path}: several videos in {folder.path} may be its own ({listed}); name a folder that has one of them.")
        if found:
            return found[0].resolve()
    places = [place for place in (Path(said) if said else None, recording.video) if place is not None]
    present = [place for place in places if place.is_file()]
    if present:
        return present[0]
    missing = f"its video {places[0]} is not there" if places else "it names no video"
    raise VideoError(f"{path}: {missing}; name the folder that has it with --videos, or draw without it with --no-video.")


def _plan(path: Path, annotation: Annotation, *, start_s: float, stop_s: float | None, speed: float) -> tuple[npt.NDArray[np.int64], float]:
    if not len(annotation.time_s) or not annotation.behaviors:
        raise EthogramError(f"{path}: holds {len(annotation.time_s)} frames of {len(annotation.behaviors)} behaviors, so nothing to draw.")
    try:
        fps = annotation.fps
    except (TypeError, ValueError):
        fps = None
    if fps is None or not (math.isfinite(fps) and fps > 0):
        raise EthogramError(f"{path.with_suffix('.json')}: says no usable 'fps'; annotate the recording again.")
    frames, rate = plan_frames(annotation.time_s, fps, start_s=start_s, stop_s=stop_s, speed=speed)
    if not len(frames):
        end_s = frame_edges(annotation.time_s, fps)[-1]
        raise UsageError(f"{path}: ends at {end_s:g} s, before --start {start_s:g}s; give an earlier time.")
    return frames, rate


def _make_row(annotation: Annotation, recording: Recording, settings: LabelFiles) -> RasterRow:
    """Return what is drawn of a recording, with what each of its raters saw."""
    labels = {rater: seen.values for rater, seen in read_raters_of(annotation, recording, settings=settings).items()}
    return RasterRow(annotation.recording, annotation.time_s, annotation.ethogram.values, annotation.probabilities.values, labels)


def _find_thresholds(path: Path, annotation: Annotation) -> npt.NDArray[np.float32] | None:
    """Return the thresholds that an ethogram says it was decided with, NaN for behaviors that were not; None where it says nothing."""
    if "postprocess" not in annotation.provenance:
        return None
    settings = parse_section(Postprocess, annotation.provenance["postprocess"], source=path.with_suffix(".json"))
    thresholds = settings.thresholds(annotation.behaviors)
    follows = (apply_thresholds(annotation.probabilities.values, thresholds) == annotation.raw.values).all(axis=0)
    return np.where(follows, thresholds, np.float32(np.nan))


def _describe_speed(speed: float) -> str:
    return "" if speed == 1 else f"(speed {speed:g}\N{MULTIPLICATION SIGN})"
