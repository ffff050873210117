"""Crops of the animals of a video, by its tracklets: what identities are found from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from behavior.embedding.tracklet_cuts import TrackletCuts
from behavior.identity.preparation import make_window
from behavior.recording import Tracklet
from behavior.vision.crops import take_crop

__all__ = ["TrackletCrops", "list_crop_frames", "measure_animals", "place_window", "take_tracklet_crops"]

# The crop's side in lengths of an animal, and the window's width in widths: a body that bends, or a size measured a bit small, is still in.
_SIDE_LENGTHS, _WINDOW_WIDTHS = 1.5, 1.5


@dataclass(frozen=True)
class TrackletCrops:
    """Crops of N tracklets, M of them, in the order of the video.

    Attributes
    ----------
    images
        RGB with the animal's head up where its direction is known, uint8 of shape (M, S, S, 3).
    owners
        Tracklet of each, int64 of shape (M,).
    frames
        Frame of each, int64 of shape (M,).
    touching
        Whether the animal touches another, bool of shape (M,).
    starts, stops
        Frames [start, stop) of the tracklets, int64 of shape (N,).
    window
        Where an animal is in a crop, bool of shape (S, S).
    """

    images: npt.NDArray[np.uint8]
    owners: npt.NDArray[np.int64]
    frames: npt.NDArray[np.int64]
    touching: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.int64]
    stops: npt.NDArray[np.int64]
    window: npt.NDArray[np.bool_]

    def cut(self, cuts: TrackletCuts) -> TrackletCrops:
        """Return the same crops with the numbers, starts and stops of the parts that tracklets are cut into."""
        starts, stops = cuts.cut_spans(self.starts, self.stops)
        return replace(self, owners=cuts.renumber(self.owners, self.frames), starts=starts, stops=stops)


def list_crop_frames(tracklets: Sequence[Tracklet], *, every: int = 1) -> npt.NDArray[np.int64]:
    """Return the frames, in order, that `take_tracklet_crops` takes crops of: 0, `every` and so on, or the middle of a short tracklet."""
    return np.unique(np.concatenate([one.frames[_choose_rows(one, every)] for one in tracklets] or [np.zeros(0, dtype=np.int64)]))


def take_tracklet_crops(
    pictures: Iterable[tuple[int, npt.NDArray[np.uint8]]],
    tracklets: Sequence[Tracklet],
    *,
    every: int = 1,
    crop_size: int = 48,
    length: float | None = None,
    width: float | None = None,
) -> TrackletCrops:
    """Take a crop of each animal in every so many frames, and in one frame at least of each tracklet.

    All crops are of one scale, so that the size of an animal shows.

    Parameters
    ----------
    pictures
        Frames and their pictures, RGB, uint8 of shape (H, W, 3), in order; read once, one at a time. Frames that `list_crop_frames` does
        not name may be left out.
    tracklets
        The tracklets.
    every
        In which frames: 0, `every`, and so on.
    crop_size
        Side of a crop as it is returned, pixels.
    length, width
        Of an animal in pixels; None for the median of the tracklets' sizes.

    Raises
    ------
    ValueError
        If sizes are not known, or a frame is missing that a crop is to be taken of.
    """
    if length is None or width is None:
        measured = measure_animals(tracklets)
        length = measured[0] if length is None else length
        width = measured[1] if width is None else width
    side = max(8, round(_SIDE_LENGTHS * length))
    wanted: dict[int, list[tuple[int, int]]] = {}
    for number, tracklet in enumerate(tracklets):
        for row in _choose_rows(tracklet, every).tolist():
            wanted.setdefault(int(tracklet.frames[row]), []).append((number, row))
    images: list[npt.NDArray[np.uint8]] = []
    taken: list[tuple[int, int, bool]] = []
    for frame, picture in pictures:
        for number, row in wanted.pop(frame, []):
            tracklet = tracklets[number]
            angle = float(tracklet.angles[row])
            images.append(take_crop(picture, tracklet.positions[row], crop_size=side, input_size=crop_size, angle=angle))
            taken.append((number, frame, bool(tracklet.touching[row])))
        if not wanted:
            break
    if wanted:
        frame = min(wanted)
        raise ValueError(f"frame {frame}, in which tracklet {wanted[frame][0][0]} has an animal, is not among the pictures")
    return TrackletCrops(
        images=np.stack(images) if images else np.zeros((0, crop_size, crop_size, 3), dtype=np.uint8),
        owners=np.array([number for number, _, _ in taken], dtype=np.int64),
        frames=np.array([frame for _, frame, _ in taken], dtype=np.int64),
        touching=np.array([is_touching for _, _, is_touching in taken], dtype=np.bool_),
        starts=np.array([one.start_frame for one in tracklets], dtype=np.int64),
        stops=np.array([one.stop_frame for one in tracklets], dtype=np.int64),
        window=place_window(crop_size, length, width),
    )


def measure_animals(tracklets: Sequence[Tracklet]) -> tuple[float, float]:
    """Return the median length and width of the animals of tracklets, pixels, where they touch no other; ValueError if no size is known."""
    sizes = np.concatenate([one.sizes[~one.touching] for one in tracklets] or [np.zeros((0, 2))])
    known = sizes[np.isfinite(sizes).all(axis=1)]
    if not len(known):
        raise ValueError("no tracklet has a size, expected length and width of the animals; give them")
    return float(np.median(known[:, 0])), float(np.median(known[:, 1]))


def place_window(crop_size: int, length: float, width: float) -> npt.NDArray[np.bool_]:
    """Return where an animal of this size in the video is in a crop, bool of shape (crop_size, crop_size)."""
    scale = crop_size / max(8, round(_SIDE_LENGTHS * length))
    return make_window(crop_size, length * scale, max(3.0, _WINDOW_WIDTHS * width * scale))


def _choose_rows(tracklet: Tracklet, every: int) -> npt.NDArray[np.intp]:
    rows = np.flatnonzero(tracklet.frames % every == 0)
    return rows if len(rows) else np.array([len(tracklet) // 2], dtype=np.intp)
