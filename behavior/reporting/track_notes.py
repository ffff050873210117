"""What a user should know about a track before using it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from behavior.recording import find_bouts
from behavior.tracking.animals import TrackedAnimals
from behavior.tracking.equipment import Equipment
from behavior.tracking.reflections import Reflection

__all__ = ["describe_track"]

# A smaller share of frames is not worth a sentence.
_OFTEN = 0.02

# More places are counted and not listed.
_MOST_PLACES = 4


def describe_track(
    animals: TrackedAnimals,
    *,
    n_flooded: int,
    n_expected: int | None,
    n_found: npt.NDArray[np.integer] | None = None,
    memory: int | None = None,
    equipment: Sequence[Equipment] = (),
    reflections: Sequence[Reflection] = (),
) -> list[str]:
    """Return a sentence for each thing that is odd about a track.

    Parameters
    ----------
    n_flooded
        In how many frames the whole picture differed from the background.
    n_expected
        How many animals there should be; None where nobody said.
    n_found
        How many things like an animal were found in each frame, shape (T,); None where that is not known.
    memory
        For how many frames an animal that is not found is remembered, where nobody said how many there are; None to tell nothing of it.
    equipment
        What was left out because it never moves.
    reflections
        What moves as the mirror image of an animal.
    """
    n_frames = len(animals.seen)
    counts = animals.seen.sum(axis=1)
    notes = []
    gaps = find_bouts(counts == 0)
    missing = int((counts == 0).sum())
    longest = ""
    if len(gaps):
        start, stop = gaps[np.argmax(gaps[:, 1] - gaps[:, 0])]
        longest = f", for longest in frames {start} to {stop - 1}"
    is_other = missing - n_flooded > _OFTEN * n_frames
    if n_flooded:
        notes.append(
            f"{n_flooded} of {n_frames} frames differ from the background all over (light or camera changed?); nothing is found "
            f"there{'' if is_other else longest}."
        )
    if is_other:
        notes.append(f"no animal is found in {missing} of {n_frames} frames{longest}.")
    is_forgotten = gaps[:, 0] > 0
    is_forgotten &= (gaps[:, 1] < n_frames) & (gaps[:, 1] - gaps[:, 0] > (n_frames if memory is None else memory))
    if n_expected is None and is_forgotten.any():
        start, stop = gaps[np.argmax(is_forgotten)]
        notes.append(
            f"animals are new ones after frame {stop - 1}, for nothing is found in the {stop - start} frames before, and they are "
            f"remembered for {memory}; give --animals with their number to follow them on, or a larger --memory."
        )
    fewer = int(((counts < animals.seen.shape[1]) & (counts > 0)).sum())
    if n_expected is not None and fewer > _OFTEN * n_frames:
        notes.append(f"fewer than {n_expected} animals are found in {fewer} of {n_frames} frames; positions in gaps are predicted.")
    more = 0 if n_found is None or n_expected is None else int((n_found > n_expected).sum())
    if more > _OFTEN * n_frames:
        notes.append(
            f"more than {n_expected} things that look like an animal are found in {more} of {n_frames} frames, and the track follows "
            f"{n_expected}; if there are more animals, give --animals with their number, and if it is equipment or a reflection, a --mask."
        )
    if equipment:
        places = [f"{thing.x:.0f}, {thing.y:.0f} (frames {thing.start_frame} to {thing.stop_frame - 1})" for thing in equipment]
        rest = f" and {len(places) - _MOST_PLACES} more places" if len(places) > _MOST_PLACES else ""
        notes.append(
            f"what is found at {'; '.join(places[:_MOST_PLACES])}{rest} never moves while others do: it is taken for equipment and left "
            "out; if it is an animal, give --animals with the number of all."
        )
    if reflections:
        frames = f"{sum(one.n_frames for one in reflections)} frames or more, the first of them {reflections[0].start_frame}"
        x, y = np.median([(one.x, one.y) for one in reflections], axis=0)
        notes.append(
            f"what is found around {x:.0f}, {y:.0f} moves as an animal would in a mirror, in {frames}; leave the wall out with a "
            "--mask, or mark the image as no animal in the tab Tracks of `behavior review`."
        )
    return notes
