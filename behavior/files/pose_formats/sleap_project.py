"""SLEAP's projects (.slp): HDF5 with instances of animals, by people or predicted, in frames of videos."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from behavior.errors import InputError, PoseError
from behavior.files.hdf5_arrays import open_hdf5, read_array, read_names
from behavior.files.opening import explain_damage
from behavior.files.pose_table import COORDINATES, PoseInstances, PoseTable
from behavior.frame_times import HIGHEST_RATE

__all__ = ["is_sleap_project", "read_sleap_instances", "read_sleap_project"]

_ARRAYS = {"frames", "instances", "points", "pred_points"}
_FIELDS = {
    "frames": ("video", "frame_idx", "instance_id_start", "instance_id_end"),
    "instances": ("instance_type", "skeleton", "track", "from_predicted", "point_id_start", "point_id_end"),
    "points": ("x", "y", "visible"),
    "pred_points": ("x", "y", "visible", "score"),
}
_PREDICTED = 1
# Before it, the corner of the upper left pixel was (0, 0), its middle since.
_MIDDLE_OF_PIXEL = 1.1
# From it on, files are laid out in another way.
_NEXT_LAYOUT = 3.0
_LONGEST_METADATA = 1 << 24
_MOST_VALUES = 1 << 28
_ADVICE = "export it in SLEAP as Analysis HDF5"


@dataclass(frozen=True)
class _Instances:
    """An animal in a frame each: its frame, track (-1 for none), skeleton, first and last point, and whether it was predicted."""

    frame: npt.NDArray[np.int64]
    track: npt.NDArray[np.int64]
    skeleton: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]
    is_predicted: npt.NDArray[np.bool_]

    def take(self, kept: npt.NDArray) -> _Instances:
        return _Instances(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))


def is_sleap_project(path: Path) -> bool:
    """Tell by content whether `path` is a project of SLEAP; never raises."""
    try:
        with open_hdf5(path) as file:
            return set(file) >= {*_ARRAYS, "metadata"}
    # Any content may be in a file, and h5py raises whatever it leads it to; "no" is the answer then.
    except Exception:  # noqa: BLE001
        return False


def read_sleap_project(path: Path) -> PoseTable:
    """Read the SLEAP project at `path`: a column per track, node and coordinate, a row per frame that has instances.

    What a person placed comes before what was predicted for the same track and frame, and has likelihood 1. Instances without a track
    are the animal where the project has no tracks and one instance a frame, and left out where it has tracks.

    Raises
    ------
    PoseError
        If it is of several videos, its instances are in no track though there are several a frame, a track is in a frame twice, it is
        damaged, or newer than what is known.
    """
    with _open_project(path) as file:
        return _read(path, file)


def read_sleap_instances(path: Path) -> PoseInstances:
    """Read every animal in every frame of the SLEAP project at `path`, in tracks or not.

    What a person placed comes before what was predicted for the same track and frame, and has likelihood 1. Of instances without a point
    nothing is returned.

    Raises
    ------
    PoseError
        If it is of several videos, a track is in a frame twice, it is damaged, or newer than what is known.
    """
    with _open_project(path) as file:
        skeletons, version = _read_metadata(path, file)
        names = _read_track_names(file)
        instances = _choose(path, _list_instances(path, file), names, every=True)
        used = np.unique(instances.skeleton).tolist()
        _require_skeletons(path, used, skeletons)
        body_parts = tuple(dict.fromkeys(node for skeleton in used for node in skeletons[skeleton]))
        if len(instances.frame) * len(body_parts) * 3 > _MOST_VALUES:
            raise PoseError(f"{path}: holds {len(instances.frame):,} instances, too many to be animals; predict again.")
        values = np.full((len(instances.frame), len(body_parts), 3), (np.nan, np.nan, 0.0))
        for skeleton in used:
            places = [body_parts.index(node) for node in skeletons[skeleton]]
            for is_predicted in (False, True):
                rows = np.flatnonzero((instances.skeleton == skeleton) & (instances.is_predicted == is_predicted))
                table = _read_table(file, "pred_points" if is_predicted else "points")
                values[rows[:, None], places] = _read_points(path, instances.take(rows), table, len(places))
        if version < _MIDDLE_OF_PIXEL:
            values[..., :2] -= 0.5
        kept = np.isfinite(values[..., 0]).any(axis=1)
        return PoseInstances(
            instances.frame[kept], instances.track[kept], tuple(names), body_parts, values[kept], stated_frames=_read_length(file)
        )


@contextmanager
def _open_project(path: Path) -> Iterator[h5py.File]:
    """Open a project; whatever is unexpected in it while it is open becomes a PoseError."""
    with explain_damage(path, error=PoseError, expected="a SLEAP project", advice=_ADVICE):
        try:
            with open_hdf5(path) as file:
                yield file
        except InputError as error:
            raise PoseError(f"{path}: {error}; {_ADVICE}.") from error


def _read(path: Path, file: h5py.File) -> PoseTable:
    skeletons, version = _read_metadata(path, file)
    names = _read_track_names(file)
    instances = _choose(path, _list_instances(path, file), names)
    points = {is_predicted: _read_table(file, "pred_points" if is_predicted else "points") for is_predicted in (False, True)}
    frames = np.unique(instances.frame)
    tracks = np.unique(instances.track)
    columns: list[tuple[str, str, str]] = []
    values: list[npt.NDArray[np.float64]] = []
    for track in tracks.tolist():
        name = names[track] if track >= 0 else ""
        for skeleton in np.unique(instances.skeleton[instances.track == track]).tolist():
            _require_skeletons(path, [skeleton], skeletons)
            nodes = skeletons[skeleton]
            if (len(columns) + 3 * len(nodes)) * len(frames) > _MOST_VALUES:
                raise PoseError(f"{path}: holds {len(tracks):,} tracks in {len(frames):,} frames, too many to be animals; track again.")
            block = np.full((len(frames), len(nodes), 3), np.nan)
            block[..., 2] = 0.0
            of_track = instances.take((instances.track == track) & (instances.skeleton == skeleton))
            for is_predicted, table in points.items():
                part = of_track.take(of_track.is_predicted == is_predicted)
                block[np.searchsorted(frames, part.frame)] = _read_points(path, part, table, len(nodes))
            if np.isfinite(block[..., :2]).all(axis=2).any():
                columns += [(name, node, coordinate) for node in nodes for coordinate in COORDINATES]
                values.append(block.reshape(len(frames), -1))
    if not values:
        raise PoseError(f"{path}: is a SLEAP project without a point that was placed, expected predictions; run the tracker first.")
    positions = np.concatenate(values, axis=1)
    if version < _MIDDLE_OF_PIXEL:
        is_position = np.array([coordinate != "likelihood" for _, _, coordinate in columns])
        positions[:, is_position] -= 0.5
    length, rate = _read_length(file), _read_rate(file)
    pose = PoseTable(tuple(columns), frames, positions, may_end_early=True, stated_frames=length, fps=rate, has_peaks=True)
    pose.require_distinct(path)
    return pose


def _require_skeletons(path: Path, used: Sequence[int], skeletons: Sequence[object]) -> None:
    for skeleton in used:
        if not 0 <= skeleton < len(skeletons):
            raise PoseError(f"{path}: has instances of skeleton {skeleton}, and {len(skeletons)} skeletons; {_ADVICE}.")


def _read_track_names(file: h5py.File) -> list[str]:
    return [_name_track(text) for text in read_names(file["tracks_json"])] if "tracks_json" in file else []


def _read_metadata(path: Path, file: h5py.File) -> tuple[list[list[str]], float]:
    """Return the names of the nodes of each skeleton, in their order, and the version of the file's layout."""
    if "video_crops" in file and file["video_crops"].size:
        raise PoseError(f"{path}: holds pose in pixels of a part of the picture, expected pixels of the video; {_ADVICE}.")
    metadata = file["metadata"]
    version = float(metadata.attrs["format_id"])
    if not version < _NEXT_LAYOUT:
        raise PoseError(f"{path}: is a SLEAP project of format {version:g}, expected one below {_NEXT_LAYOUT:g}; {_ADVICE}.")
    text = metadata.attrs["json"]
    if not isinstance(text, bytes | str) or len(text) > _LONGEST_METADATA:
        raise InputError("has metadata that is not a short text")
    content = json.loads(text)
    nodes = [str(node["name"]) for node in content["nodes"]]
    return [[nodes[_find_node(entry)] for entry in _get_graph(skeleton)["nodes"]] for skeleton in content["skeletons"]], version


def _read_length(file: h5py.File) -> int | None:
    """Return how many frames the video of the instances has, None if the project does not say."""
    shape = _read_backend(file).get("shape")
    # Of frames, height, width and channels.
    n_frames = shape[0] if isinstance(shape, list) and len(shape) == 4 else None
    return n_frames if isinstance(n_frames, int) and n_frames > 0 else None


def _read_rate(file: h5py.File) -> float | None:
    """Return the frames per second of the video of the instances, None if the project does not say, as older ones do not."""
    fps = _read_backend(file).get("fps")
    return float(fps) if isinstance(fps, int | float) and not isinstance(fps, bool) and 0 < fps <= HIGHEST_RATE else None


def _read_backend(file: h5py.File) -> dict[str, Any]:
    """Return what the project says of the video of the instances; {} if it says nothing, or has instances in several videos."""
    frames = _read_table(file, "frames")
    videos = np.unique(frames["video"][frames["instance_id_end"] > frames["instance_id_start"]])
    texts = read_names(file["videos_json"]) if "videos_json" in file else []
    if len(videos) != 1 or not 0 <= videos[0] < len(texts):
        return {}
    content = json.loads(texts[int(videos[0])])
    backend = content.get("backend") if isinstance(content, dict) else None
    return backend if isinstance(backend, dict) else {}


def _get_graph(skeleton: dict[str, Any]) -> dict[str, Any]:
    graph: dict[str, Any] = skeleton.get("nx_graph", skeleton)
    return graph


def _find_node(entry: dict[str, Any]) -> int:
    number = entry["id"]
    if not isinstance(number, int) or number < 0:
        raise InputError("has a skeleton whose nodes are not numbered")
    return number


def _name_track(text: str) -> str:
    """Return the name in a list of the first frame of a track and its name, written as JSON."""
    content = json.loads(text)
    if not (isinstance(content, list) and len(content) == 2 and isinstance(content[1], str)):
        raise InputError("has a track whose entry is not a frame and a name")
    return content[1]


def _read_table(file: h5py.File, name: str) -> npt.NDArray:
    """Return one of the arrays of records, all of whose fields that are used are numbers."""
    dataset = file[name]
    fields = dataset.dtype.fields or {}
    wrong = [field for field in _FIELDS[name] if field not in fields or fields[field][0].kind not in "iufb"]
    if wrong or dataset.ndim != 1:
        raise InputError(f"has {name} without {wrong[0]} as a number" if wrong else f"has {name} that is not a list")
    return read_array(dataset)


# A value that is not a number becomes one that is refused.
@np.errstate(invalid="ignore")
def _list_instances(path: Path, file: h5py.File) -> _Instances:
    """Return the instances of the only video, without those that a person has corrected."""
    frames, instances = _read_table(file, "frames"), _read_table(file, "instances")
    start, stop = (frames[name].astype(np.int64) for name in ("instance_id_start", "instance_id_end"))
    counts = stop - start
    if len(frames) and (start.min() < 0 or counts.min() < 0 or stop.max() > len(instances) or counts.sum() > len(instances)):
        raise InputError("has frames whose instances are not there")
    with_instances = np.unique(frames["video"][counts > 0])
    if len(with_instances) > 1:
        raise PoseError(
            f"{path}: is a SLEAP project of {len(with_instances)} videos, expected one; export the pose of each as Analysis HDF5."
        )
    number = np.repeat(start - np.concatenate(([0], np.cumsum(counts)[:-1])), counts) + np.arange(counts.sum()) if len(frames) else start
    chosen = instances[number]
    frame = np.repeat(frames["frame_idx"].astype(np.int64), counts)
    source, track = chosen["from_predicted"].astype(np.int64), chosen["track"].astype(np.int64)
    is_predicted = chosen["instance_type"] == _PREDICTED
    # A prediction that a person has corrected gives the correction its track, if that has none, and is not used any more.
    corrected = ~is_predicted & (source >= 0) & (source < len(instances))
    tracks = instances["track"].astype(np.int64)
    track = np.where(corrected & (track < 0), tracks[np.where(corrected, source, 0)] if len(tracks) else track, track)
    is_used = ~np.isin(number, source[corrected])
    listed = _Instances(
        frame,
        track,
        chosen["skeleton"].astype(np.int64),
        chosen["point_id_start"].astype(np.int64),
        chosen["point_id_end"].astype(np.int64),
        is_predicted,
    )
    return listed.take(is_used)


def _choose(path: Path, instances: _Instances, names: list[str], *, every: bool = False) -> _Instances:
    """Return one instance for each frame and track, and where `every` is set all that are in no track, too."""
    if len(instances.track) and instances.track.max() >= len(names):
        raise InputError("has instances of a track that is not there")
    if (instances.track >= 0).any() and not every:
        instances = instances.take(instances.track >= 0)
    # What a person placed comes first.
    order = np.lexsort((instances.is_predicted, instances.track, instances.frame))
    instances = instances.take(order)
    if not len(instances.frame):
        raise PoseError(f"{path}: is a SLEAP project without instances, expected predictions; run the tracker first.")
    if instances.frame[0] < 0:
        raise InputError("has instances in frames before the first")
    same = (np.diff(instances.frame) == 0) & (np.diff(instances.track) == 0) & ~(every & (instances.track[1:] < 0))
    twice = np.flatnonzero(same & (instances.is_predicted[1:] == instances.is_predicted[:-1]))
    if len(twice):
        frame, track = int(instances.frame[twice[0]]), int(instances.track[twice[0]])
        if track < 0:
            raise PoseError(
                f"{path}: frame {frame} has several instances, and the project no tracks that tell animals apart; run SLEAP's tracking."
            )
        raise PoseError(f"{path}: frame {frame} has several instances of {names[track]!r}, expected one; correct the tracks in SLEAP.")
    return instances.take(np.concatenate(([True], ~same)))


def _read_points(path: Path, instances: _Instances, table: npt.NDArray, n_nodes: int) -> npt.NDArray[np.float64]:
    """Return x, y and likelihood of the nodes of each instance, shape (N, nodes, 3); NaN and 0 for one that is not visible."""
    wrong = np.flatnonzero((instances.stop - instances.start != n_nodes) | (instances.start < 0) | (instances.stop > len(table)))
    if len(wrong):
        found = int(instances.stop[wrong[0]] - instances.start[wrong[0]])
        raise PoseError(f"{path}: frame {int(instances.frame[wrong[0]])} has an instance of {found} points, expected {n_nodes}; {_ADVICE}.")
    chosen = table[instances.start[:, np.newaxis] + np.arange(n_nodes)]
    values = np.stack(
        [chosen["x"], chosen["y"], chosen["score"] if "score" in (table.dtype.names or ()) else np.ones(chosen.shape)], axis=2
    )
    values = values.astype(np.float64)
    values[np.isnan(values[..., 2]), 2] = 1.0
    is_placed = chosen["visible"].astype(bool) & np.isfinite(values[..., :2]).all(axis=2)
    values[~is_placed] = (np.nan, np.nan, 0.0)
    return values
