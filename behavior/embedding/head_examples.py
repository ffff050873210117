"""Heads by examples: from a pose file of some frames to what a head looks like, and from that to the heads of a whole video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from behavior.embedding.animal_detection import choose_detection, detect_animals
from behavior.embedding.crop_batches import read_ahead
from behavior.embedding.given_detections import read_given_detections
from behavior.errors import PoseError
from behavior.files.folder_contents import list_files, separate_drawn
from behavior.files.name_matching import find_owners
from behavior.files.video import open_video
from behavior.files.video_samples import sample_grey
from behavior.progress import announce, report_progress, warn
from behavior.tracking.background_detector import BackgroundDetector
from behavior.tracking.detections import Detections, FrameDetections
from behavior.tracking.head_looks import CROP_SIZE, FEWEST_EXAMPLES, HeadLooks, train_head_looks
from behavior.vision.crops import take_crop

__all__ = ["estimate_head_looks", "find_heads"]

# Side of a crop in lengths of an animal.
_SIDE_LENGTHS = 1.3
# How far a detection may be from the animal of an example, in lengths.
_NEAR = 0.6
# More examples, or crops at once, say no more.
_MOST_EXAMPLES = 4000
# Below this share of right heads in frames left out, examples say little.
_LEAST_ACCURACY = 0.7


def estimate_head_looks(video: Path, found: Sequence[Detections], examples: Path) -> HeadLooks:
    """Return what heads look like, by the pose of some frames of this or another video.

    The pose is of the video that lies beside it and is named alike, else of this one. What the detector finds in those frames is compared
    with it, so that heads are looked for as these were found.

    Parameters
    ----------
    found
        Detections of each frame of this video.
    examples
        A pose file with parts at both ends, named so that the head's is known (nose, snout, head; tail base, abdomen), in some frames or
        all.

    Raises
    ------
    PoseError
        If the file cannot be read, is of another video, its body parts do not tell the head, or hardly any detection is near.
    VideoError
        If the examples' video cannot be read.
    """
    beside, _ = separate_drawn(list_files(examples.parent, recursive=False)) if examples.parent.is_dir() else ([], [])
    owners = find_owners(examples, beside)
    source = owners[0] if len(owners) == 1 else video
    given = read_given_detections(source, examples)
    if not any(np.isfinite(one.heads).any() for one in given.frames):
        raise PoseError(
            f"{examples}: has no frame with a nose and a tail base, expected body parts named so (or snout, head, abdomen) at both ends of "
            "an animal; rename them, or leave --heads out."
        )
    if source.resolve() != video.resolve():
        samples, _ = sample_grey(source)
        n_animals = max(len(one) for one in given.frames)
        found, _ = detect_animals(source, BackgroundDetector(samples, choose_detection(source, samples, None, n_animals=n_animals)))
    rows = _match_examples(found, given.frames)
    if len(rows) > _MOST_EXAMPLES:
        rows = [rows[number] for number in np.linspace(0, len(rows) - 1, _MOST_EXAMPLES).astype(int).tolist()]
    if len(rows) < FEWEST_EXAMPLES:
        raise PoseError(
            f"{examples}: gives {len(rows)} examples of heads of animals that are alone, expected {FEWEST_EXAMPLES} or more; add frames, "
            "or leave --heads out."
        )
    wanted: dict[int, list[int]] = {}
    for frame, detection, _ in rows:
        wanted.setdefault(frame, []).append(detection)
    # Each animal from both ends, so that nothing counts that does not turn with it, such as the light.
    both = [list(_take_crops(source, found, wanted, "reading heads of", turn=turn)) for turn in (0.0, np.pi)]
    crops = np.stack([np.concatenate([crops for _, crops in taken]) for taken in both], axis=1)
    n_read = len(crops)
    is_up = np.array([is_up for frame, _, is_up in rows if frame in {frame for frame, _ in both[0]}])
    looks = train_head_looks(crops.reshape(2 * n_read, *crops.shape[2:]), np.column_stack((is_up, ~is_up)).ravel())
    announce(f"{examples.name}: {len(rows)} examples of heads; {looks.accuracy:.0%} of those left out in turn are found by looks")
    if looks.accuracy < _LEAST_ACCURACY:
        warn(f"{examples}: heads and tails of these examples look much alike, so that they hardly help; movement decides.")
    return looks


def find_heads(video: Path, found: Sequence[Detections], looks: HeadLooks) -> FrameDetections:
    """Return the detections of each frame with what their looks say of their heads; raises VideoError if the video cannot be read."""
    table = found if isinstance(found, FrameDetections) else FrameDetections.gather(found)
    wanted = {frame: rows for frame, one in enumerate(table) if (rows := np.flatnonzero(_is_usable(one)).tolist())}
    starts = np.cumsum(table.counts) - table.counts
    heads = np.full(int(table.counts.sum()), np.nan)
    for frame, crops in _take_crops(video, table, wanted, "looking for heads in"):
        heads[starts[frame] + np.array(wanted[frame])] = looks.rate(crops)
    return table.set_heads(heads)


def _is_usable(found: Detections) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isfinite(found.angles) & np.isfinite(found.lengths) & ~found.touching, dtype=np.bool_)


def _match_examples(found: Sequence[Detections], examples: Sequence[Detections]) -> list[tuple[int, int, bool]]:
    """Return frame, detection, and whether the head is towards its angle, of each detection that is near an example and no other's."""
    rows = []
    for frame, (own, given) in enumerate(zip(found, examples, strict=False)):
        usable = np.flatnonzero(_is_usable(own))
        known = np.flatnonzero(np.isfinite(given.heads) & ~given.touching)
        if not len(usable) or not len(known):
            continue
        distances = np.hypot(*(own.positions[usable, None] - given.positions[None, known]).transpose(2, 0, 1))
        for row, example in enumerate(distances.argmin(axis=1).tolist()):
            if distances[:, example].argmin() == row and distances[row, example] < _NEAR * own.lengths[usable[row]]:
                head = given.angles[known[example]] + (0.0 if given.heads[known[example]] > 0 else np.pi)
                rows.append((frame, int(usable[row]), bool(np.cos(head - own.angles[usable[row]]) > 0)))
    return rows


def _take_crops(
    video: Path, found: Sequence[Detections], wanted: dict[int, list[int]], task: str, *, turn: float = 0.0
) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Yield grey crops (N, S, S) of detections with their angle, turned by `turn`, up, by frame; not those that are not decoded."""
    lengths = np.concatenate([found[frame].lengths[rows] for frame, rows in wanted.items()] or [np.full(1, 8.0)])
    side = max(8, round(_SIDE_LENGTHS * float(np.median(lengths))))
    with (
        open_video(video) as opened,
        closing(opened.frames()) as frames,
        report_progress(f"{task} {video.name}", total=max(wanted, default=-1) + 1, unit="frames") as advance,
    ):
        for frame in read_ahead(frames):
            rows = wanted.get(frame.index, [])
            if rows and frame.image is not None:
                own = found[frame.index]
                # The middle of the first pixel is 0 for a detector, and a half for crops.
                places = zip(own.positions[rows] + 0.5, (own.angles[rows] + turn).tolist(), strict=True)
                crops = [take_crop(frame.image, at, crop_size=side, input_size=CROP_SIZE, angle=angle) for at, angle in places]
                yield frame.index, np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in crops]).astype(np.uint8)
            advance(1)
            if frame.index >= max(wanted, default=-1):
                break
