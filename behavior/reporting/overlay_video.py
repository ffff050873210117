"""One overlay video: the recording's video, its labels and thresholds, and writing them as pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath

import numpy as np
import numpy.typing as npt

from behavior.config import LabelFiles
from behavior.embedding.upright_pose import read_upright_track
from behavior.errors import BehaviorError, EthogramError, UsageError, VideoError
from behavior.figures.ethogram_raster import RasterRow
from behavior.figures.overlay import OverlayPainter
from behavior.figures.overlay_panel import WINDOW_S
from behavior.figures.overlay_plan import Clip, plan_frames
from behavior.files.ethogram_parts import AnnotationPart, read_annotation_part
from behavior.files.ethograms import read_annotation
from behavior.files.opening import locate
from behavior.files.pose import find_body_parts, match_pose_to_frames
from behavior.files.pose_times import TOLERATED_ROWS
from behavior.files.video import VideoReader, open_video, summarize_video
from behavior.files.video_folder import VideoFolder
from behavior.files.video_writer import write_video
from behavior.frame_times import frame_edges
from behavior.learning.decisions import read_postprocess
from behavior.learning.label_reading import read_raters_of
from behavior.postprocess.thresholds import apply_thresholds
from behavior.progress import Advance, warn
from behavior.recording import Annotation, Recording
from behavior.vision.crops import find_centers

__all__ = ["OverlayVideo", "find_thresholds", "find_video", "plan_overlay", "read_drawn"]

# Bars and letters stay sharp at this quality, and encoding does not take longer than everything else together.
_CRF, _PRESET = 20, "veryfast"
# Below it nobody knows where the animal is.
_MIN_LIKELIHOOD = 0.6


@dataclass(frozen=True)
class OverlayVideo:
    """An overlay that can be written.

    Attributes
    ----------
    ethogram, video
        Paths; no video where the panel is drawn alone.
    row
        The recording's decisions, probabilities and labels, or a part of them.
    behaviors
        B names.
    thresholds
        Where ticks are drawn, shape (B,), NaN for none; None without any.
    frames
        Which frame of the row each frame shows, int64 of shape (N,), ascending.
    n_frames
        How many frames the recording has.
    fps
        Frames per second of the overlay.
    note
        Shown beside the time.
    places
        Where the individual is that it is about, shape (T, 2) in pixels, NaN where unknown; None where no individual is named.
    individual
        Its name.
    """

    ethogram: Path
    video: Path | None
    row: RasterRow
    behaviors: tuple[str, ...]
    thresholds: npt.NDArray[np.floating] | None
    frames: npt.NDArray[np.int64]
    n_frames: int
    fps: float
    note: str
    places: npt.NDArray[np.float64] | None = None
    individual: str = ""

    def write(self, target: Path, *, advance: Advance) -> None:
        """Write it to `target`, whole or not at all.

        Parameters
        ----------
        advance
            Called with 1 after each picture.

        Raises
        ------
        VideoError
            If the video cannot be read, or is as long as another recording.
        OutputError
            If `target` cannot be written.
        """
        if self.video is None:
            painter = self._open_painter(None)
            self._encode(target, map(painter.paint, self.frames.tolist()), advance)
            return
        with open_video(self.video) as reader:
            self._check_declared(reader)
            painter = self._open_painter((reader.width, reader.height))
            self._encode(target, self._paint(reader, painter), advance)

    def _encode(self, target: Path, pictures: Iterator[npt.NDArray[np.uint8]], advance: Advance) -> None:
        def count() -> Iterator[npt.NDArray[np.uint8]]:
            for picture in pictures:
                yield picture
                advance(1)

        write_video(target, count(), fps=self.fps, crf=_CRF, preset=_PRESET)

    @property
    def _reaches_end(self) -> bool:
        """Whether the video is read to its end."""
        return bool(self.row.first_frame + self.frames[-1] >= self.n_frames - 1 - TOLERATED_ROWS)

    def _open_painter(self, picture_size: tuple[int, int] | None) -> OverlayPainter:
        return OverlayPainter(
            self.row,
            self.behaviors,
            picture_size=picture_size,
            places=self.places,
            animal=self.individual,
            thresholds=self.thresholds,
            note=self.note,
        )

    def _paint(self, reader: VideoReader, painter: OverlayPainter) -> Iterator[npt.NDArray[np.uint8]]:
        wanted, n_painted = self.frames.tolist(), 0
        for frame in reader.frames(first_frame=self.row.first_frame + wanted[0]):
            index = frame.index - self.row.first_frame
            while n_painted < len(wanted) and wanted[n_painted] == index:
                yield painter.paint(index, frame.image)
                n_painted += 1
            if n_painted == len(wanted) and not self._reaches_end:
                return
        self._check_length(reader.n_frames)
        for index in wanted[n_painted:]:
            yield painter.paint(index, None)

    def _check_declared(self, reader: VideoReader) -> None:
        """Refuse a video that is as long as another recording before anything is drawn; headers may be wrong, so that frames count."""
        declared = reader.declared_frames
        if declared is None and self._reaches_end:
            return
        if declared is None or abs(declared - self.n_frames) > TOLERATED_ROWS:
            self._check_length(summarize_video(reader.path).n_frames)

    def _check_length(self, n_frames: int) -> None:
        if abs(n_frames - self.n_frames) > TOLERATED_ROWS:
            raise VideoError(
                f"{self.video}: has {n_frames} frames, but {self.ethogram} has {self.n_frames}, so it is another video; name the folder "
                "of the right one with --videos."
            )


def read_drawn(path: Path, recordings: Mapping[str, Recording], clip: Clip) -> AnnotationPart:
    """Return what an overlay of a clip draws of the ethogram at `path`: all of it where labels or a pose are laid beside it.

    Parameters
    ----------
    recordings
        By id, those of the manifest.

    Raises
    ------
    EthogramError
        If the ethogram cannot be used.
    """
    stop_s = math.inf if clip.stop_s is None else clip.stop_s
    part = read_annotation_part(path, clip.start_s - WINDOW_S, stop_s + WINDOW_S)
    annotation = part.annotation
    recording = recordings.get(annotation.recording)
    if annotation.provenance.individual or (recording is not None and (recording.labels or recording.individual)):
        # Labels and poses are laid beside all frames of a recording.
        return part if part.is_all else AnnotationPart.of_all(read_annotation(path))
    return part


def plan_overlay(
    ethogram: Path, part: AnnotationPart, recording: Recording, video: Path | None, *, clip: Clip, settings: LabelFiles
) -> OverlayVideo:
    """Return the overlay of an annotation, with what each rater of the recording saw.

    Parameters
    ----------
    ethogram
        Where the annotation was read.
    part
        What of it was read (`read_drawn`).
    recording
        Its row of the manifest, or one with nothing but its name.
    video
        Its video; the panel is drawn alone where None.
    clip
        What part is drawn, and how fast it plays.
    settings
        The study's section `labels`.

    Raises
    ------
    EthogramError
        If the annotation has no frames, no behaviors or no usable frame rate.
    UsageError
        If it ends before the clip starts.
    LabelError
        If a label file cannot be used.
    """
    annotation = part.annotation
    if not len(annotation.time_s) or not annotation.behaviors:
        raise EthogramError(
            f"{ethogram}: holds {len(annotation.time_s)} frames of {len(annotation.behaviors)} behaviors, so nothing to draw."
        )
    fps = _require_fps(ethogram, annotation)
    frames, shown_fps = plan_frames(annotation.time_s, fps, clip)
    if not len(frames):
        end_s = frame_edges(annotation.time_s, fps)[-1]
        if end_s > clip.start_s:
            raise UsageError(f"{ethogram}: has no frame from --start {clip.start_s:g}s to --stop {clip.stop_s:g}s; give other times.")
        raise UsageError(f"{ethogram}: ends at {end_s:g} s, before --start {clip.start_s:g}s; give an earlier time.")
    labels = {rater: by_rater.values for rater, by_rater in read_raters_of(annotation, recording, settings=settings).items()}
    return OverlayVideo(
        ethogram=ethogram,
        video=video,
        row=RasterRow(
            annotation.recording,
            annotation.time_s,
            annotation.ethogram.values,
            annotation.probabilities.values,
            labels,
            first_frame=part.first_frame,
        ),
        behaviors=annotation.behaviors,
        thresholds=find_thresholds(ethogram, annotation),
        frames=frames,
        n_frames=part.n_frames,
        fps=shown_fps,
        places=None if video is None else _find_places(annotation, recording, video),
        individual=recording.individual or annotation.provenance.individual or "",
        note="" if clip.speed == 1 else f"(speed {clip.speed:g}\N{MULTIPLICATION SIGN})",
    )


def _find_places(annotation: Annotation, recording: Recording, video: Path) -> npt.NDArray[np.float64] | None:
    """Return where an individual is in each frame, (T, 2), NaN where unknown; None where none is named, or its pose cannot be read."""
    known = annotation.provenance
    individual = recording.individual or known.individual
    pose = recording.pose or (None if known.pose is None else Path(known.pose))
    if not individual or pose is None or not known.body_parts:
        return None
    try:
        track, _ = read_upright_track(replace(recording, video=video, pose=pose, individual=individual))
        columns = find_body_parts(track, known.body_parts, path=pose)
        track, _ = match_pose_to_frames(track, annotation.frames, path=pose)
    except BehaviorError as error:
        warn(f"{str(error).rstrip('.')}; the overlay does not show where {individual} is.")
        return None
    places, measured = find_centers(track.positions[:, columns], track.likelihoods[:, columns], min_likelihood=_MIN_LIKELIHOOD)
    places[~measured] = np.nan
    return places


def find_video(ethogram: Path, annotation: Annotation, recording: Recording, folder: VideoFolder | None) -> Path:
    """Return the video of a recording: in the folder given, else where it was annotated, else where the manifest says.

    Parameters
    ----------
    ethogram
        Where the annotation was read, for the errors.
    folder
        A folder that may have it; None to look in the other places alone.

    Raises
    ------
    VideoError
        If there is none, or several in `folder` may be it.
    """
    annotated = annotation.provenance.video
    if folder is not None:
        # The ethogram may come from another system.
        candidates = folder.find(annotation.recording, PureWindowsPath(annotated).name if annotated else None)
        if len(candidates) > 1:
            listed = ", ".join(one.relative_to(folder.path).as_posix() for one in candidates)
            raise VideoError(f"{ethogram}: several videos in {folder.path} may be its own ({listed}); name a folder that has one of them.")
        if candidates:
            return locate(candidates[0])
    paths = [path for path in (Path(annotated) if annotated else None, recording.video) if path is not None]
    present = [path for path in paths if path.is_file()]
    if present:
        return present[0]
    missing = f"its video {paths[0]} is not there" if paths else "it names no video"
    raise VideoError(f"{ethogram}: {missing}; name the folder that has it with --videos, or draw without it with --no-video.")


def find_thresholds(ethogram: Path, annotation: Annotation) -> npt.NDArray[np.float32] | None:
    """Return the thresholds that explain the decisions of an annotation, float32 of shape (B,), NaN for behaviors that they do not explain.

    None where the annotation does not say how it was decided.
    """
    settings = read_postprocess(annotation.provenance, source=ethogram.with_suffix(".json"))
    if settings is None:
        return None
    thresholds = settings.thresholds(annotation.behaviors)
    follows = (apply_thresholds(annotation.probabilities.values, thresholds) == annotation.raw.values).all(axis=0)
    return np.where(follows, thresholds, np.float32(np.nan))


def _require_fps(ethogram: Path, annotation: Annotation) -> float:
    try:
        fps = annotation.fps
    except ValueError:
        fps = None
    if fps is None:
        raise EthogramError(f"{ethogram.with_suffix('.json')}: has no usable 'fps'; annotate the recording again.")
    return fps
