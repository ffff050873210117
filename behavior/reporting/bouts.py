"""The part of a report that shows the bouts that a model is least sure of."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

import numpy as np
import numpy.typing as npt

from behavior.config import Crop
from behavior.embedding.crop_reader import CropRow, open_crops
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import BehaviorError
from behavior.figures.frame_strips import compose_frame_strip, render_jpeg
from behavior.figures.rendering import get_color
from behavior.files.view_cells import find_view
from behavior.learning.uncertain_bouts import UncertainBout, find_uncertain_bouts
from behavior.progress import report_progress, warn
from behavior.recording import Annotation, Labels, Recording
from behavior.reporting.html_page import Block, Paragraph, Picture, Section, Table

__all__ = ["make_bouts_section"]

_N_BOUTS = 10
# Pictures in a strip, and how long before and after the bout the first and the last of them are, at least.
_N_PICTURES = 8
_AROUND_S = 0.4
# Pixels of a picture, and between two views.
_SIZE, _BETWEEN = 112, 4


def make_bouts_section(
    annotations: Sequence[Annotation],
    find_recording: Callable[[Annotation], Recording],
    crop: Crop | None,
    *,
    source: str,
    labels: Mapping[str, Labels],
    view_crops: Mapping[str, Crop | None] | None = None,
) -> Section:
    """Return the section with a strip of pictures for each of the least sure bouts.

    Parameters
    ----------
    find_recording
        Tells where an annotation's video and pose are, and those of its other views.
    crop
        What of a frame is shown; all of it where None.
    source
        What the annotations are, in a few words.
    labels
        What people saw, by recording; of some recordings, perhaps.
    view_crops
        What of the frames of other views is shown beneath, by view.
    """
    bouts = find_uncertain_bouts(annotations, count=_N_BOUTS)
    title = "The bouts the model is least sure of"
    if not bouts:
        return Section(title, [Paragraph("No bout was decided.")])
    by_name = {annotation.recording: annotation for annotation in annotations}
    strips: dict[UncertainBout, bytes | str] = {}
    names = list(dict.fromkeys(bout.recording for bout in bouts))
    with report_progress("taking pictures of bouts", total=len(names), unit="recordings") as advance:
        for name in names:
            annotation = by_name[name]
            own = [bout for bout in bouts if bout.recording == name]
            strips |= _take_strips(annotation, own, find_recording(annotation), crop, view_crops or {})
            advance(1)
    words = f"Of all bouts in {source}, these have the smallest mean probability above their threshold. Look at them first."
    if any(isinstance(strip, bytes) for strip in strips.values()):
        words += f" Coloured edges: within the bout; the first and the last picture are {_AROUND_S:g} s before and after it."
        if view_crops:
            words += f" Beneath the first view: {', '.join(view_crops)}, grey where it shows nothing."
    heading = ["", "Behavior", "Recording", "From", "To", "Frames", "Mean probability", "Threshold", "Labelled so by people"]
    rows = [[str(number), *_show_bout(bout, labels.get(bout.recording))] for number, bout in enumerate(bouts, start=1)]
    pictures: list[Block] = []
    for number, bout in enumerate(bouts, start=1):
        strip = strips[bout]
        if isinstance(strip, bytes):
            caption = f"{number}. {bout.behavior}, {bout.recording}, {_format_time(bout.start_s)} to {_format_time(bout.stop_s)}"
            pictures.append(Picture(strip, "jpeg", f"Pictures of {bout.behavior} in {bout.recording}", caption))
    missing: dict[str, list[str]] = {}
    for bout, strip in strips.items():
        if isinstance(strip, str) and bout.recording not in missing.setdefault(strip, []):
            missing[strip].append(bout.recording)
    notes = [Paragraph(f"No pictures of {', '.join(names)}: {reason}", "note") for reason, names in missing.items()]
    return Section(title, [Paragraph(words), Table(heading, rows, n_names=3), *pictures, *notes])


def _show_bout(bout: UncertainBout, labels: Labels | None) -> list[str]:
    """Return the cells of a bout."""
    agreed = ""
    if labels is not None:
        column = labels.values[bout.start_frame : bout.stop_frame, labels.behaviors.index(bout.behavior)]
        agreed = f"{np.mean(column[column >= 0] == 1):.0%}" if (column >= 0).any() else "not labelled"
    return [
        bout.behavior,
        bout.recording,
        _format_time(bout.start_s),
        _format_time(bout.stop_s),
        f"{bout.start_frame} to {bout.stop_frame - 1}",
        f"{bout.mean_probability:.2f}",
        f"{bout.threshold:.2f}",
        agreed,
    ]


def _take_strips(
    annotation: Annotation,
    bouts: Sequence[UncertainBout],
    recording: Recording,
    crop: Crop | None,
    view_crops: Mapping[str, Crop | None],
) -> dict[UncertainBout, bytes | str]:
    """Return a strip for each of the bouts of a recording, or why there is none."""
    if recording.video is None:
        return dict.fromkeys(bouts, "there is no video.")
    chosen = {bout: _choose_frames(annotation, bout) for bout in bouts}
    wanted = sorted({int(frame) for frames in chosen.values() for frame in frames})
    try:
        images = _read_images(recording, crop or Crop(whole_frame=True), wanted)
    except BehaviorError as error:
        warn(str(error))
        return dict.fromkeys(bouts, str(error))
    shown = [images, *_read_views(recording, view_crops, dict(zip(wanted, annotation.time_s[wanted].tolist(), strict=True)))]
    strips: dict[UncertainBout, bytes | str] = {}
    for bout, frames in chosen.items():
        color = get_color(annotation.behaviors.index(bout.behavior))
        inside = [bout.start_frame <= frame < bout.stop_frame for frame in frames]
        of_views = [
            compose_frame_strip([of_view.get(int(frame)) for frame in frames], inside, size=_SIZE, color=color) for of_view in shown
        ]
        between = np.full((_BETWEEN, of_views[0].shape[1], 3), 255, dtype=np.uint8)
        strips[bout] = render_jpeg(np.concatenate([of_views[0], *(part for strip in of_views[1:] for part in (between, strip))]))
    return strips


def _read_views(
    recording: Recording, crops: Mapping[str, Crop | None], times: Mapping[int, float]
) -> list[dict[int, npt.NDArray[np.uint8] | None]]:
    """Return what each other view shows at some frames of the first, whose times in seconds are given in order; none without a video."""
    images = []
    for name, crop in crops.items():
        view = find_view(recording, name)
        if view is None or view.video is None:
            continue
        try:
            images.append(_read_nearest(view, crop or Crop(whole_frame=True), times))
        except BehaviorError as error:
            warn(str(error))
    return images


def _read_nearest(view: Recording, crop: Crop, times: Mapping[int, float]) -> dict[int, npt.NDArray[np.uint8] | None]:
    """Return the picture of a view that is nearest to each of some frames of the first; None where that is farther than a frame."""
    images: dict[int, npt.NDArray[np.uint8] | None] = {}
    waiting = deque((frame, time_s - view.start_s) for frame, time_s in times.items())
    before: CropRow | None = None
    with open_crops(RecordingInputs(view), crop) as crops, closing(crops.rows(input_size=_SIZE)) as rows:
        longest_s = 1.0 / crops.video.nominal_fps
        for row in rows:
            while waiting and row.time_s >= waiting[0][1]:
                frame, time_s = waiting.popleft()
                nearest = row if before is None or row.time_s - time_s <= time_s - before.time_s else before
                images[frame] = nearest.image if abs(nearest.time_s - time_s) <= longest_s else None
            if not waiting:
                break
            before = row
    for frame, time_s in waiting:
        images[frame] = before.image if before is not None and time_s - before.time_s <= longest_s else None
    return images


def _choose_frames(annotation: Annotation, bout: UncertainBout) -> npt.NDArray[np.int64]:
    """Return the frames that are shown: one before the bout, some evenly within it, one after it."""
    around = max(round(_AROUND_S * (annotation.fps or 1.0)), 1)
    last = len(annotation.time_s) - 1
    inside = np.linspace(bout.start_frame, bout.stop_frame - 1, _N_PICTURES - 2).round()
    frames = np.concatenate([[bout.start_frame - around], inside, [bout.stop_frame - 1 + around]])
    return np.unique(np.clip(frames, 0, last).astype(np.int64))


def _read_images(recording: Recording, crop: Crop, wanted: Sequence[int]) -> dict[int, npt.NDArray[np.uint8] | None]:
    images: dict[int, npt.NDArray[np.uint8] | None] = {}
    remaining = set(wanted)
    with open_crops(RecordingInputs(recording), crop) as crops, closing(crops.rows(input_size=_SIZE, first_row=wanted[0])) as rows:
        for row in rows:
            if row.index in remaining:
                images[row.index] = row.image
                remaining.discard(row.index)
            if not remaining:
                break
    return images


def _format_time(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"
