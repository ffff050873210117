"""Which animal each tracklet of a video was taken for: a table, and a picture in which an exchange is seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.embedding.tracklet_identities import SURE, TrackletIdentities
from behavior.figures.identity_strips import ShownTracklet, draw_identity_strips, encode_png
from behavior.files.atomic import write_bytes, write_text
from behavior.files.cells import format_table
from behavior.recording import Tracklet

__all__ = ["IDENTITY_PICTURE", "IDENTITY_TABLE", "write_identities"]

IDENTITY_TABLE, IDENTITY_PICTURE = "_identity.csv", "_identity.png"

# Tracklets of an animal in the picture: those with most frames, so that a page holds several animals. Shorter ones, of animals that touch
# from frame to frame, would fill it.
_MOST_SHOWN, _SHORTEST = 40, 3
_N_CROPS = 2


def write_identities(
    stem: Path, identities: TrackletIdentities, tracklets: Sequence[Tracklet], names: Sequence[str], time_s: npt.NDArray[np.float64]
) -> None:
    """Write `NAME_identity.csv` and `NAME_identity.png` for a video `stem`.

    The table has a row for each tracklet, in the order of `NAME_tracklets.npz`: `tracklet, start_frame, stop_frame, start_s, stop_s,
    animal, probability`.

    Parameters
    ----------
    identities
        Of the tracklets.
    names
        Of the animals.
    time_s
        Of each frame, and of the video's end, seconds, of shape (T + 1,).

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    table, picture = (stem.with_name(stem.name + suffix) for suffix in (IDENTITY_TABLE, IDENTITY_PICTURE))
    rows = [
        (
            number,
            one.start_frame,
            one.stop_frame,
            f"{time_s[one.start_frame]:.6g}",
            f"{time_s[one.stop_frame]:.6g}",
            names[animal],
            f"{probability:.4f}",
        )
        for number, (one, animal, probability) in enumerate(
            zip(tracklets, identities.animals.tolist(), identities.probabilities.tolist(), strict=True)
        )
    ]
    header = ("tracklet", "start_frame", "stop_frame", "start_s", "stop_s", "animal", "probability")
    write_text(table, format_table(header, rows))
    strips = [_choose_shown(animal, identities, tracklets) for animal in range(len(names))]
    counts = [int((identities.animals == animal).sum()) for animal in range(len(names))]
    write_bytes(picture, encode_png(draw_identity_strips(strips, names, counts, n_crops=_N_CROPS)))


def _choose_shown(animal: int, identities: TrackletIdentities, tracklets: Sequence[Tracklet]) -> list[ShownTracklet]:
    own = np.flatnonzero(identities.animals == animal)
    lengths = np.array([len(tracklets[number]) for number in own.tolist()])
    if (lengths >= _SHORTEST).any():
        own, lengths = own[lengths >= _SHORTEST], lengths[lengths >= _SHORTEST]
    shown = own[np.argsort(-lengths, kind="stable")[:_MOST_SHOWN]]
    shown = shown[np.argsort([tracklets[number].start_frame for number in shown.tolist()], kind="stable")]
    return [_show(number, identities, tracklets[number]) for number in shown.tolist()]


def _show(number: int, identities: TrackletIdentities, tracklet: Tracklet) -> ShownTracklet:
    crops = np.flatnonzero(identities.crops.owners == number)
    # Better ones if there are any: which animal it is shows badly where two touch.
    good = crops[identities.usable[crops]]
    crops = good if len(good) else crops
    places = np.unique(np.linspace(0, len(crops) - 1, _N_CROPS + 2).round().astype(np.intp)[1:-1])
    probability = float(identities.probabilities[number])
    return ShownTracklet([identities.crops.images[row] for row in crops[places]], tracklet.start_frame, probability, probability >= SURE)
