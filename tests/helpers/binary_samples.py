"""Label files that are not text, made by the libraries that others write them with."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io

Bouts = Mapping[str, Sequence[tuple[int, int]]]


def _cells(values: Sequence[Any]) -> np.ndarray:
    cells = np.empty((1, len(values)), dtype=object)
    for number, value in enumerate(values):
        cells[0, number] = value
    return cells


def make_jaaba(
    animals: Sequence[Sequence[tuple[int, int]]], n_frames: int, *, name: str | None = "Grooming", compressed: bool = False, **changes: Any
) -> bytes:
    """Return scores of animals with bouts in frames counted from 0, the stop not included."""
    starts = [np.array([[start + 1 for start, _ in bouts]], dtype=float).reshape(1, -1) for bouts in animals]
    stops = [np.array([[stop + 1 for _, stop in bouts]], dtype=float).reshape(1, -1) for bouts in animals]
    kept = []
    for bouts in animals:
        values = np.zeros((1, n_frames))
        for start, stop in bouts:
            values[0, start:stop] = 1
        kept.append(values)
    scores = {
        "t0s": _cells(starts),
        "t1s": _cells(stops),
        "tStart": np.ones((1, len(animals))),
        "tEnd": np.full((1, len(animals)), float(n_frames)),
        "postprocessed": _cells(kept),
        **changes,
    }
    content = io.BytesIO()
    variables = {"allScores": scores, "timestamp": 7.0, **({} if name is None else {"behaviorName": name})}
    scipy.io.savemat(content, variables, do_compression=compressed, oned_as="row")
    return content.getvalue()


def make_behaviordepot(bouts: Bouts, n_frames: int, *, fps: float | None = None, video: str | None = None, **changes: Any) -> bytes:
    """Return annotations with bouts in frames counted from 0, the stop not included."""
    struct: dict[str, Any] = {"TotalFrames": n_frames}
    if fps is not None:
        struct["FrameRate"] = fps
    if video is not None:
        struct["VideoName"] = video
    for name, spans in bouts.items():
        vector = np.zeros((1, n_frames), dtype=np.uint8)
        for start, stop in spans:
            vector[0, start:stop] = 1
        edges = np.array([[start + 1, stop] for start, stop in spans], dtype=np.uint16).reshape(-1, 2)
        struct[name] = {"Bouts": edges, "Count": len(spans), "Vector": vector, **changes}
    content = io.BytesIO()
    scipy.io.savemat(content, {"hBehavior": struct})
    return content.getvalue()


def make_ethogram(
    bouts: Bouts,
    fps: float,
    *,
    tables: Sequence[str] = ("anna",),
    method: str = "manual",
    start_s: float | None = None,
    catalogue: Sequence[str] = (),
    observed: Sequence[tuple[float, float]] = (),
) -> bytes:
    """Return an NWB file with a table of bouts for each annotator; the video starts `start_s` seconds into the session."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["nwb_version"] = "2.9.0"
        module = file.create_group("processing/behavior")
        if start_s is not None:
            video = file.create_group("acquisition/video")
            video.attrs["neurodata_type"] = "ImageSeries"
            video.create_dataset("external_file", data=["videos/mouse_1.mp4"], dtype=h5py.string_dtype())
            video["starting_time"] = start_s
        if catalogue:
            listed = module.create_group("ethogram")
            listed.attrs["neurodata_type"] = "Ethogram"
            listed.create_dataset("behavior", data=list(catalogue), dtype=h5py.string_dtype())
        if observed:
            spans = module.create_group("observed")
            spans.attrs["neurodata_type"] = "TimeIntervals"
            spans["start_time"], spans["stop_time"] = np.array(observed, dtype=float).T
        rows = sorted((start, stop, name) for name, of_name in bouts.items() for start, stop in of_name)
        for number, annotator in enumerate(tables):
            table = module.create_group(f"bouts_{number}")
            table.attrs.update({"neurodata_type": "EthogramBouts", "annotator": annotator, "labeling_method": method})
            offset = start_s or 0.0
            table["start_time"] = np.array([start / fps + offset for start, _, _ in rows])
            table["stop_time"] = np.array([stop / fps + offset for _, stop, _ in rows])
            table.create_dataset("label", data=[name for _, _, name in rows], dtype=h5py.string_dtype())
            if catalogue:
                table["ethogram"] = h5py.SoftLink("/processing/behavior/ethogram")
            if observed:
                table["observation_intervals"] = h5py.SoftLink("/processing/behavior/observed")
    return content.getvalue()


def write_bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
