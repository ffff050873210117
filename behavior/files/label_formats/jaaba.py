"""JAABA's scores (``scores_NAME.mat``): when a classifier saw a behavior, for each animal and frame.

By JAABA's own code: starts and stops (``t0s``, ``t1s``) are frames counted from 1, the stop not included; an animal is scored from
``tStart`` to ``tEnd``. They are what a classifier says, not labels by people.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import LabelError
from behavior.files.label_formats.choosing import choose_subjects
from behavior.files.label_formats.label_format import FrameLabels, LabelFormat
from behavior.files.label_formats.missing_behaviors import choose_behaviors
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource

__all__ = ["JAABA"]

_SCORES = "allScores"
_NEEDED = ("t0s", "t1s", "tStart", "tEnd")
_MOST_FRAMES = 1 << 25


def _recognises(source: LabelSource) -> bool:
    scores = source.document.get(_SCORES)
    return isinstance(scores, dict) and set(_NEEDED) <= set(scores)


def _list_names(source: LabelSource) -> tuple[str, ...]:
    """Return the behavior; the file is named after it where it does not name it itself."""
    name = source.document.get("behaviorName")
    if isinstance(name, list) and len(name) == 1:
        name = name[0]
    if isinstance(name, str) and name.strip():
        return (name.strip(),)
    stem = source.path.stem
    return (stem[len("scores_") :] if stem.casefold().startswith("scores_") else stem,)


def _list_cells(source: LabelSource, field: str) -> list[npt.NDArray[np.float64]]:
    value = source.document[_SCORES][field]
    return [_flatten(source, cell, field) for cell in (value if isinstance(value, list) else [value])]


def _flatten(source: LabelSource, value: Any, field: str) -> npt.NDArray[np.float64]:
    if not isinstance(value, np.ndarray):
        raise LabelError(f"{source.path}: {field!r} holds something else than numbers; export the scores again in JAABA.")
    return np.asarray(value, dtype=np.float64).ravel()


def _read(source: LabelSource, request: LabelRequest) -> FrameLabels:
    path = source.path
    names = _list_names(source)
    chosen, missing_notes = choose_behaviors(path, names, request)
    starts, stops = _list_cells(source, "t0s"), _list_cells(source, "t1s")
    firsts, lasts = (np.concatenate(_list_cells(source, field)) for field in ("tStart", "tEnd"))
    n_animals = len(firsts)
    if not n_animals or {len(lasts), len(starts), len(stops)} != {n_animals}:
        raise LabelError(
            f"{path}: has tStart of {n_animals} animals, t0s of {len(starts)} and t1s of {len(stops)}; export the scores again."
        )
    animals = choose_subjects(path, [str(number) for number in range(1, n_animals + 1)], request)
    painted = [
        _paint(source, animal, starts[animal], stops[animal], (float(firsts[animal]), float(lasts[animal])))
        for animal in (int(number) - 1 for number in animals)
    ]
    values = np.full((max(map(len, painted)), len(painted)), -1, dtype=np.int8)
    for column, of_animal in enumerate(painted):
        values[: len(of_animal), column] = of_animal
    # Of several animals, any may show it; it is absent if it is of all of them.
    together = np.where((values == 1).any(axis=1), 1, np.where((values == -1).any(axis=1), -1, 0)).astype(np.int8)
    note = f"{path}: holds the scores of a JAABA classifier, not labels by people."
    return FrameLabels(
        tuple(chosen),
        np.repeat(together[:, np.newaxis], len(chosen), axis=1),
        notes=(*missing_notes, note),
        is_open_ended=True,
        names_animals=True,
    )


def _paint(
    source: LabelSource,
    animal: int,
    starts: npt.NDArray[np.float64],
    stops: npt.NDArray[np.float64],
    scored: tuple[float, float],
) -> npt.NDArray[np.int8]:
    """Return the labels of an animal up to its last scored frame, -1 before the first; LabelError if the file contradicts itself."""
    path, where = source.path, f"animal {animal + 1}"
    first, last = scored
    edges = np.array([first, last, *starts, *stops])
    if not (np.isfinite(edges).all() and (edges == np.round(edges)).all() and 1 <= first <= last + 1 and last <= _MOST_FRAMES):
        raise LabelError(f"{path}: {where} has frames that are not whole numbers from 1; export the scores again in JAABA.")
    if len(starts) != len(stops) or (stops <= starts).any() or (len(starts) and (starts.min() < first or stops.max() > last + 1)):
        raise LabelError(
            f"{path}: {where} has bouts that are not spans within frames {first:g} to {last:g}; export the scores again in JAABA."
        )
    values = np.full(int(last), -1, dtype=np.int8)
    values[int(first) - 1 :] = 0
    for start, stop in zip(starts.astype(int).tolist(), stops.astype(int).tolist(), strict=True):
        values[start - 1 : stop - 1] = 1
    if "postprocessed" in source.document[_SCORES]:
        cells = _list_cells(source, "postprocessed")
        kept = cells[animal] if animal < len(cells) else np.zeros(0)
        scored_part = kept[int(first) - 1 : int(last)]
        known = np.isfinite(scored_part)
        if len(kept) and (
            len(scored_part) != len(values) - int(first) + 1
            or (scored_part[known] > 0).tolist() != (values[int(first) - 1 :][known] == 1).tolist()
        ):
            raise LabelError(
                f"{path}: t0s and t1s of {where} differ from what 'postprocessed' says of its frames; export the scores again."
            )
    return values


JAABA = LabelFormat(
    name="JAABA scores",
    recognises=_recognises,
    list_names=_list_names,
    read=_read,
    has_columns=True,
    container="matlab",
    suffixes=(".mat",),
)
