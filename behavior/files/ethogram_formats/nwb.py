"""NWB files: bouts as intervals, one table for each behavior, and probabilities as time series, for archives such as DANDI."""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import EthogramError
from behavior.files.atomic import replacing
from behavior.files.ethogram_formats.entry import Entry, describe_origin
from behavior.files.ethograms import BoutRow, list_bouts
from behavior.recording import Annotation, Ethogram

__all__ = ["read_nwb", "write_nwb"]

_MODULE = "behavior"
_PROBABILITIES = "probabilities"
_BOUT_COLUMNS = (
    ("start_frame", np.int64, "First frame of the bout, counted from 0."),
    ("stop_frame", np.int64, "First frame after the bout."),
    ("mean_prob", np.float64, "Mean probability of the bout's frames."),
)


def write_nwb(path: Path, entries: Sequence[Entry]) -> None:
    """Write the one recording to `path`: a table of bouts for each behavior, its probability in every frame, and its video by name.

    Times are those of the video, from its first frame on. The provenance is in the file's notes, as JSON.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import pynwb
    from pynwb.behavior import BehavioralTimeSeries

    (entry,) = entries
    annotation = entry.annotation
    described = {
        **annotation.provenance.as_mapping(),
        "recording": annotation.recording,
        "behaviors": list(annotation.behaviors),
        "fps": annotation.fps,
    }
    file = pynwb.NWBFile(
        session_description=f"{describe_origin(entry)}; the session's start is not known, the time given is that of the annotation",
        identifier=_identify(annotation),
        session_start_time=entry.written,
        session_id=annotation.recording,
        notes=json.dumps(described, ensure_ascii=False),
    )
    if entry.video is not None and len(annotation.time_s):
        file.add_acquisition(
            pynwb.image.ImageSeries(
                name="video",
                description="The video that was annotated.",
                external_file=[_name_video(entry.video, path)],
                format="external",
                starting_frame=[0],
                timestamps=annotation.time_s,
                unit="n.a.",
            )
        )
    names = _name_objects(annotation.behaviors)
    bouts = list_bouts(annotation)
    probabilities = BehavioralTimeSeries(name=_PROBABILITIES)
    times: Any = annotation.time_s
    for column, behavior in enumerate(annotation.behaviors):
        file.add_time_intervals(_make_intervals(names[column], behavior, [bout for bout in bouts if bout.behavior == behavior]))
        series = pynwb.TimeSeries(
            name=names[column],
            description=f"Probability of {behavior} in each frame.",
            data=annotation.probabilities.values[:, column],
            unit="probability",
            timestamps=times,
        )
        probabilities.add_timeseries(series)
        # The others share the times of the first.
        times = series if column == 0 else times
    module = file.create_processing_module(_MODULE, "What a model says about the behavior of the animal.")
    module.add(probabilities)
    with replacing(path) as temporary, pynwb.NWBHDF5IO(str(temporary), "w") as io:
        io.write(file)


def read_nwb(path: Path) -> Ethogram:
    """Read the bouts in what `write_nwb` wrote.

    Raises
    ------
    EthogramError
        If the file is missing, or is not what `write_nwb` writes.
    """
    import pynwb

    try:
        with warnings.catch_warnings(), pynwb.NWBHDF5IO(str(path), "r") as io:
            # Versions of namespaces that differ from the installed ones read the same way.
            warnings.simplefilter("ignore")
            file = io.read()
            behaviors = tuple(json.loads(file.notes)["behaviors"])
            names = _name_objects(behaviors)
            series = file.processing[_MODULE][_PROBABILITIES].time_series
            time_s = np.asarray(series[names[0]].timestamps, dtype=np.float64) if names else np.zeros(0)
            values = np.zeros((len(time_s), len(behaviors)), dtype=np.bool_)
            for column, name in enumerate(names):
                intervals = file.intervals[name]
                for start, stop in zip(intervals["start_frame"][:], intervals["stop_frame"][:], strict=True):
                    values[int(start) : int(stop), column] = True
    # pynwb raises whatever a file leads it to.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise EthogramError(
            f"{path}: is not an ethogram in NWB ({' '.join(str(error).split())[:120]}), expected what export writes; export it again."
        ) from error
    return Ethogram(values, behaviors, time_s)


def _make_intervals(name: str, behavior: str, bouts: Sequence[BoutRow]) -> Any:
    from hdmf.common import VectorData
    from pynwb.epoch import TimeIntervals

    def make_column(column: str, dtype: type, description: str, field: str = "") -> Any:
        values: npt.NDArray = np.array([getattr(bout, field or column) for bout in bouts], dtype=dtype)
        return VectorData(name=column, description=description, data=values)

    columns = [
        make_column("start_time", np.float64, "When the bout starts, in seconds of the video.", "start_s"),
        make_column("stop_time", np.float64, "When it stops.", "stop_s"),
        *(make_column(column, dtype, description) for column, dtype, description in _BOUT_COLUMNS),
    ]
    colnames = [column.name for column in columns]
    return TimeIntervals(name=name, description=f"Bouts of {behavior}.", columns=columns, colnames=colnames)


def _name_objects(behaviors: Sequence[str]) -> list[str]:
    """Return names under which HDF5 can keep behaviors: slashes and colons mean something there."""
    names: list[str] = []
    for behavior in behaviors:
        base = re.sub(r"[/:\x00-\x1f]", "_", behavior).strip(" .") or "behavior"
        name, number = base, 2
        while name in names:
            name, number = f"{base}_{number}", number + 1
        names.append(name)
    return names


def _name_video(video: Path, path: Path) -> str:
    """Return where the video is from the NWB file's folder, so that the two can move together; from the root on another drive."""
    try:
        return Path(os.path.relpath(video, path.parent)).as_posix()
    except ValueError:
        return video.as_posix()


def _identify(annotation: Annotation) -> str:
    """Return an identifier that no other content has, and this one always."""
    digest = hashlib.blake2b(annotation.recording.encode("utf-8"), digest_size=16)
    for array in (annotation.time_s, annotation.probabilities.values, annotation.ethogram.values):
        digest.update(np.ascontiguousarray(array).tobytes())
    return str(uuid.UUID(bytes=digest.digest()))
