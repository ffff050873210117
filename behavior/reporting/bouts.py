"""The part of a report that shows the bouts that a model is least sure of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

import numpy as np
import numpy.typing as npt

from behavior.config import Crop
from behavior.embedding.crop_reader import open_crops
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import BehaviorError
from behavior.figures.frame_strips import compose_frame_strip, render_jpeg
from behavior.figures.rendering import get_color
from behavior.learning.uncertain_bouts import UncertainBout, find_uncertain_bouts
from behavior.progress import report_progress, warn
from behavior.recording import Annotation, Labels, Recording
from behavior.reporting.html_page import Block, Paragraph, Picture, Section, Table

__all__ = ["make_bouts_section"]

_N_BOUTS = 10
# Pictures in a strip, and how long before and after the bout the first and the last of them are, at least.
_N_PICTURES = 8
_AROUND_S = 0.4
# Pixels of a picture.
_SIZE = 112


def make_bouts_section(
    annotations: Sequence[Annotation],
    find_recording: Callable[[Annotation], Recording],
    crop: Crop | None,
    *,
    source: str,
    labels: Mapping[str, Labels],
) -> Section:
    """Return the section with a strip of pictures for each of the least sure bouts.

    Parameters
    ----------
    find_recording
        Tells where an annotation's video and pose are.
    crop
        What of a frame is shown; all of it where None.
    source
        What the annotations are, in a few words.
    labels
        What people saw, by recording; of some recordings, perhaps.
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
            strips |= _take_strips(annotation, [bout for bout in bouts if bout.recording == name], find_recording(annotation), crop)
            advance(1)
    words = f"Of all bouts in {source}, these have the smallest mean probability above their threshold. Look at them first."
    if any(isinstance(strip, bytes) for strip in strips.values()):
        words += f" Coloured edges: within the bout; the first and the last picture are {_AROUND_S:g} s before and after it."
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
    annotation: Annotation, bouts: Sequence[UncertainBout], recording: Recording, crop: Crop | None
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
    strips: dict[UncertainBout, bytes | str] = {}
    for bout, frames in chosen.items():
        color = get_color(annotation.behaviors.index(bout.behavior))
        inside = [bout.start_frame <= frame < bout.stop_frame for frame in frames]
        strip = compose_frame_strip([images.get(int(frame)) for frame in frames], inside, size=_SIZE, color=color)
        strips[bout] = render_jpeg(strip)
    return strips


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
