"""NWB files: the animal, one table of the bouts of all behaviors, and probabilities as time series, for archives such as DANDI.

Where `ndx-ethogram` is installed, the table is one of its `EthogramBouts`; else an interval table of NWB itself with the same columns.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import EthogramError, OutputError
from behavior.files.atomic import replacing
from behavior.files.ethogram_formats.entry import Entry, describe_origin
from behavior.files.ethograms import list_bouts
from behavior.recording import Annotation, Ethogram, Recording

__all__ = ["read_nwb", "write_nwb"]

_MODULE = "behavior"
_PROBABILITIES, _BOUTS, _CATALOGUE = "probabilities", "bouts", "ethogram"
_EXTENSION = "ndx_ethogram"
# Stamps that differ from evenly spaced ones by less are those of a regular clock: no container's clock is finer.
_CLOCK_TOLERANCE_S = 1e-6
_BOUT_COLUMNS = {
    "start_time": "When the bout starts, in seconds of the video.",
    "stop_time": "When it stops.",
    "label": "The behavior.",
    "start_frame": "First frame of the bout, counted from 0.",
    "stop_frame": "First frame after the bout.",
    "mean_prob": "Mean probability of the bout's frames.",
}


def write_nwb(path: Path, entries: Sequence[Entry]) -> None:
    """Write the one recording to `path`: its animal, a table of all bouts, the behaviors' probability in every frame, its video by name.

    Times are those of the video, from its first frame on. The provenance is in the file's notes, as JSON. A recording without bouts has
    no table of them.

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
        experiment_description=f"Which frames of a video show {', '.join(annotation.behaviors)}.",
        keywords=["behavior", "ethogram", *annotation.behaviors],
        notes=json.dumps(described, ensure_ascii=False),
        subject=None if entry.row is None else _make_subject(entry.row),
    )
    clock = _describe_clock(annotation)
    video = None
    if entry.video is not None and len(annotation.time_s):
        video = pynwb.image.ImageSeries(
            name="video",
            description="The video that was annotated.",
            external_file=[_name_video(entry.video, path)],
            format="external",
            starting_frame=[0],
            unit="n.a.",
            num_samples=len(annotation.time_s) if "rate" in clock else None,
            **clock,
        )
        file.add_acquisition(video)
    probabilities = BehavioralTimeSeries(name=_PROBABILITIES)
    for column, name in enumerate(_name_objects(annotation.behaviors)):
        series = pynwb.TimeSeries(
            name=name,
            description=f"Probability of {annotation.behaviors[column]} in each frame.",
            data=annotation.probabilities.values[:, column],
            unit="probability",
            **clock,
        )
        probabilities.add_timeseries(series)
        if "timestamps" in clock:
            # The others share the times of the first.
            clock = {"timestamps": next(iter(probabilities.time_series.values()))}
    module = file.create_processing_module(_MODULE, "What a model says about the behavior of the animal.")
    module.add(probabilities)
    for table in _make_tables(annotation, probabilities, video):
        module.add(table)
    try:
        with replacing(path) as temporary, pynwb.NWBHDF5IO(str(temporary), "w") as io:
            io.write(file)
    # What HDF5 says of a full disk when it closes a file.
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:120]
        raise OutputError(f"{path}: cannot be written ({reason}); choose a folder with space that you may write to.") from error


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
            module = file.processing[_MODULE]
            series = module[_PROBABILITIES].time_series
            time_s = _read_times(series[_name_objects(behaviors)[0]]) if behaviors else np.zeros(0)
            values = np.zeros((len(time_s), len(behaviors)), dtype=np.bool_)
            if _BOUTS in module.data_interfaces:
                bouts = module[_BOUTS]
                for name, start, stop in zip(bouts["label"][:], bouts["start_frame"][:], bouts["stop_frame"][:], strict=True):
                    values[int(start) : int(stop), behaviors.index(name)] = True
    # pynwb raises whatever a file leads it to.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise EthogramError(
            f"{path}: is not an ethogram in NWB ({' '.join(str(error).split())[:120]}), expected what export writes; export it again."
        ) from error
    return Ethogram(values, behaviors, time_s)


def _make_subject(row: Recording) -> Any:
    from pynwb.file import Subject

    return Subject(
        subject_id=row.animal.replace("/", "_"),
        description="The animal, as the manifest of the study names it." if not row.group else f"An animal of the group {row.group}.",
        age=row.age or None,
        sex=row.sex or None,
        species=row.species or None,
    )


def _describe_clock(annotation: Annotation) -> dict[str, Any]:
    """Return what says when frames are: a rate where they come regularly, else all times."""
    time_s = annotation.time_s
    duration = float(time_s[-1] - time_s[0]) if len(time_s) > 1 else 0.0
    rates = [annotation.fps] if annotation.fps else []
    if duration > 0:
        rates.append((len(time_s) - 1) / duration)
    for rate in rates:
        if len(time_s) and np.abs(time_s - time_s[0] - np.arange(len(time_s)) / rate).max() < _CLOCK_TOLERANCE_S:
            return {"starting_time": float(time_s[0]), "rate": float(rate)}
    return {"timestamps": time_s}


def _read_times(series: Any) -> npt.NDArray[np.float64]:
    if series.timestamps is not None:
        return np.asarray(series.timestamps, dtype=np.float64)
    return np.asarray(series.starting_time + np.arange(len(series.data)) / series.rate, dtype=np.float64)


def _make_tables(annotation: Annotation, probabilities: Any, video: Any) -> list[Any]:
    """Return the table of all bouts in order of time, if there are any, and with the extension one of the behaviors looked for."""
    from hdmf.common import VectorData
    from pynwb.epoch import TimeIntervals

    bouts = sorted(list_bouts(annotation), key=lambda bout: (bout.start_frame, bout.stop_frame))
    values: dict[str, Any] = {
        "start_time": np.array([bout.start_s for bout in bouts], dtype=np.float64),
        "stop_time": np.array([bout.stop_s for bout in bouts], dtype=np.float64),
        "label": [bout.behavior for bout in bouts],
        "start_frame": np.array([bout.start_frame for bout in bouts], dtype=np.int64),
        "stop_frame": np.array([bout.stop_frame for bout in bouts], dtype=np.int64),
        "mean_prob": np.array([bout.mean_prob for bout in bouts], dtype=np.float64),
    }
    columns = [VectorData(name=name, description=text, data=values[name]) for name, text in _BOUT_COLUMNS.items()]
    table: dict[str, Any] = {
        "name": _BOUTS,
        "description": f"Bouts of {', '.join(annotation.behaviors)}; those of different behaviors may overlap.",
        "columns": columns,
        "colnames": list(_BOUT_COLUMNS),
    }
    if find_spec(_EXTENSION) is None:
        return [TimeIntervals(**table)] if bouts else []
    from ndx_ethogram import Ethogram as Catalogue
    from ndx_ethogram import EthogramBouts

    catalogue = Catalogue(name=_CATALOGUE, description="The behaviors that were looked for.", exclusive=False)
    for behavior in annotation.behaviors:
        catalogue.add_row(behavior=behavior, definition="as in the labels that the model was trained on", behavior_type="state")
    if not bouts:
        return [catalogue]
    provenance = annotation.provenance
    return [
        catalogue,
        EthogramBouts(
            **table,
            labeling_method="automated",
            source_software=f"behavior {(provenance.versions or {}).get('behavior', '')}".strip(),
            parameters=None if provenance.postprocess is None else json.dumps(provenance.postprocess.as_mapping(), ensure_ascii=False),
            source=probabilities,
            source_video=video,
            ethogram=catalogue,
        ),
    ]


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
