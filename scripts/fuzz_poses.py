"""Feed readers of pose files damaged ones, and count what comes of it.

    python scripts/fuzz_poses.py [--per-format 2000] [--seed 0] [--only slp] [--seeds-from ../shared/data/formats]

Every input has to end in a track of finite sizes with one row per frame, or in a PoseError that names the file.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import openpyxl
from fuzz_importers import vary
from fuzzing import run_trials

from behavior.errors import PoseError
from behavior.files.pose import is_pose, match_pose_to_frames, read_pose
from behavior.recording import Frames

__all__ = ["make_seeds", "try_pose", "vary_hdf5"]

N_FRAMES = 20
FPS = 10.0
HDF5_MAGIC = b"\x89HDF"
# Real files above it take too long.
LARGEST_SEED = 1 << 20


def make_seeds() -> dict[str, bytes]:
    """Return a small file of each format, by the name that it has on disk."""
    rng = np.random.default_rng(0)
    positions = rng.uniform(1, 99, (N_FRAMES, 2, 2, 2))
    frames = np.arange(N_FRAMES)
    table = ["bodyparts,nose,nose,nose", "coords,x,y,likelihood"]
    table += [f"{frame},{x:.3f},{y:.3f},0.9" for frame, (x, y) in zip(frames, positions[:, 0, 0], strict=True)]
    analysis = ["track,frame_idx,instance.score,nose.x,nose.y,nose.score"]
    analysis += [
        f"{track},{frame},0.5,{x:.3f},{y:.3f},0.9" for frame in frames for track, (x, y) in zip("ab", positions[frame, :, 0], strict=True)
    ]
    return {
        "deeplabcut.csv": "\n".join([*table, ""]).encode(),
        "sleap_analysis.csv": "\n".join([*analysis, ""]).encode(),
        "sleap.analysis.h5": _pack(
            tracks=positions.transpose(1, 3, 2, 0),
            node_names=[b"nose", b"tail"],
            track_names=[b"a", b"b"],
            track_occupancy=np.ones((2, N_FRAMES)),
        ),
        "project.slp": _make_project(positions),
        "one_pose_est_v2.h5": _pack(
            **{"poseest/points": np.ones((N_FRAMES, 12, 2), "u2"), "poseest/confidence": np.ones((N_FRAMES, 12), "f4")}
        ),
        "many_pose_est_v4.h5": _pack(
            **{
                "poseest/points": np.ones((N_FRAMES, 2, 12, 2), "u2"),
                "poseest/confidence": np.ones((N_FRAMES, 2, 12), "f4"),
                "poseest/instance_embed_id": np.tile(np.array([1, 2], "u4"), (N_FRAMES, 1)),
                "poseest/id_mask": np.zeros((N_FRAMES, 2), bool),
            }
        ),
        "pose.nwb": _make_nwb(positions),
        "ethovision.txt": "\n".join(";".join(f'"{cell}"' for cell in row) for row in _make_track(positions)).encode("utf-8"),
        "ethovision.xlsx": _make_sheet(_make_track(positions)),
    }


def _pack(**arrays: object) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    return content.getvalue()


def _make_project(positions: np.ndarray) -> bytes:
    n_instances = N_FRAMES * 2
    number = np.arange(n_instances)
    frames = np.zeros(N_FRAMES, [(name, "u8") for name in ("frame_id", "video", "frame_idx", "instance_id_start", "instance_id_end")])
    frames["frame_idx"], frames["instance_id_start"] = np.arange(N_FRAMES), np.arange(0, n_instances, 2)
    frames["instance_id_end"] = frames["instance_id_start"] + 2
    names = ("instance_type", "skeleton", "track", "from_predicted", "point_id_start", "point_id_end")
    instances = np.zeros(n_instances, [(name, "i8") for name in names])
    instances["instance_type"], instances["track"], instances["from_predicted"] = 1, number % 2, -1
    instances["point_id_start"], instances["point_id_end"] = 2 * number, 2 * number + 2
    points = np.zeros(2 * n_instances, [("x", "f8"), ("y", "f8"), ("visible", "?"), ("score", "f8")])
    points["x"], points["y"] = positions.reshape(-1, 2).T
    points["visible"], points["score"] = True, 0.9
    content = io.BytesIO(
        _pack(frames=frames, instances=instances, points=points[:0], pred_points=points, tracks_json=[b'[0,"a"]', b'[0,"b"]'])
    )
    with h5py.File(content, "a") as file:
        group = file.create_group("metadata")
        group.attrs["format_id"] = 1.2
        nodes = [{"name": "nose"}, {"name": "tail"}]
        group.attrs["json"] = json.dumps({"nodes": nodes, "skeletons": [{"nodes": [{"id": 0}, {"id": 1}]}]}).encode()
    return content.getvalue()


def _make_track(positions: np.ndarray) -> list[list[object]]:
    """Return the cells of EthoVision's raw data."""
    rows: list[list[object]] = [[frame / FPS, frame / FPS, *point] for frame, point in enumerate(positions[:, 0, 0].tolist())]
    preamble: list[list[object]] = [["Number of header lines:", 6], ["Video file", "m.mp4"], ["Subject name", "a"], [""]]
    return [*preamble, ["Trial time", "Recording time", "X center", "Y center"], ["s", "s", "cm", "cm"], *rows, [2.0, 2.0, "-", "-"]]


def _make_sheet(rows: list[list[object]]) -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(content)
    return content.getvalue()


def _make_nwb(positions: np.ndarray) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["nwb_version"] = "2.7.0"
        group = file.create_group("processing/behavior/mouse")
        group.attrs["neurodata_type"] = "PoseEstimation"
        for number, name in enumerate(("nose", "tail")):
            series = group.create_group(name)
            series.attrs["neurodata_type"] = "PoseEstimationSeries"
            series["data"], series["confidence"] = positions[:, 0, number], np.ones(N_FRAMES)
            series["timestamps"] = np.arange(N_FRAMES) / FPS
    return content.getvalue()


def vary_hdf5(seed: bytes, rng: random.Random) -> bytes:
    """Return an HDF5 file that is whole, with an array or an attribute of another kind, size or content, or one less."""
    content = io.BytesIO(seed)
    with h5py.File(content, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        name = rng.choice(names)
        node = file[name]
        if node.attrs and rng.random() < 0.3:
            key = rng.choice(list(node.attrs))
            values = (b"x" * rng.randrange(2000), 0, -1, 1e300, float("nan"), "\ud7ff", b"{}", b"[" * 500, np.zeros(3), h5py.Empty("f8"))
            node.attrs[key] = values[rng.randrange(len(values))]
        elif isinstance(node, h5py.Dataset):
            _vary_array(file, name, rng)
        elif rng.random() < 0.5:
            del file[name]
    return content.getvalue()


def _vary_array(file: h5py.File, name: str, rng: random.Random) -> None:
    old = file[name][()]
    attributes = dict(file[name].attrs)
    del file[name]
    array = np.array(old)
    match rng.randrange(9):
        case 0:
            return
        case 1:
            file[name] = array[..., : rng.randrange(array.shape[-1] + 1)] if array.ndim else array
        case 2:
            file[name] = np.repeat(array, 2, axis=rng.randrange(array.ndim)) if array.ndim else array
        case 3:
            file.create_dataset(name, shape=array.shape, dtype=rng.choice((h5py.string_dtype(), h5py.ref_dtype, "S4", "u1", "i1", "f2")))
        case 4:
            file.create_dataset(name, shape=(1 << rng.randrange(27, 45),), maxshape=(None,), dtype=array.dtype, chunks=(1024,))
        case 5:
            file.create_dataset(name, shape=(*array.shape[:-1], 1 << rng.randrange(20, 30)), dtype=array.dtype, chunks=True)
        case 6:
            file[name] = array.ravel()
        case 7:
            file[name] = np.array(1.5)
        case _:
            changed = bytearray(array.tobytes())
            for _ in range(rng.randrange(1, 9)):
                if changed:
                    start = rng.randrange(len(changed))
                    changed[start : start + 8] = rng.randbytes(len(changed[start : start + 8]))
            file[name] = np.frombuffer(bytes(changed), dtype=array.dtype).reshape(array.shape) if array.dtype.kind != "O" else array
    if name in file:
        file[name].attrs.update(attributes)


def try_pose(path: Path, content: bytes) -> str:
    """Read `content` as pose, from a file at `path`, and return what came of it.

    Raises
    ------
    AssertionError
        If a track is not what it should be, or an error does not name the file.
    Exception
        Whatever a reader lets through that is no PoseError.
    """
    path.write_bytes(content)
    is_pose(path)
    outcome = "PoseError"
    for individual in (None, "a", "0"):
        try:
            track = read_pose(path, individual=individual, scale=(50.0, 50.0, 2.0))
            matched, _ = match_pose_to_frames(track, Frames.from_times(np.arange(N_FRAMES) / FPS), path=path)
        except PoseError as error:
            assert str(path) in str(error), f"names no file: {error}"
            assert len(str(error)) < 1500, f"is not a sentence: {str(error)[:200]}"
        else:
            outcome = "track"
            assert len(matched) == N_FRAMES
            assert ((matched.likelihoods >= 0) & (matched.likelihoods <= 1)).all()
            assert not np.isinf(matched.positions).any()
    return outcome


def generate(seeds: dict[str, bytes], name: str, rng: random.Random) -> Iterator[bytes]:
    """Yield variations of the seed `name` without end: of HDF5, a half with whole structures."""
    seed = seeds[name]
    others = list(seeds.values())
    while True:
        if seed.startswith(HDF5_MAGIC) and rng.random() < 0.5:
            yield vary_hdf5(seed, rng)
        elif seed.startswith((HDF5_MAGIC, b"PK")):
            yield vary(seed, rng, others)[0] if seed.startswith(b"PK") else _flip(seed, rng)
        else:
            yield vary(seed, rng, others)[0]


def _flip(seed: bytes, rng: random.Random) -> bytes:
    content = bytearray(seed)
    if rng.random() < 0.2:
        return bytes(content[: rng.randrange(len(content))])
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        start = rng.randrange(len(content))
        content[start : start + rng.choice((1, 4, 8))] = rng.randbytes(1) * rng.choice((1, 4, 8))
    return bytes(content)


def main() -> int:
    """Try as many inputs as asked for, and print a table; exit status 1 if anything came through."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-format", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="Vary the seeds whose names hold this.", default="")
    parser.add_argument("--seeds-from", type=Path, help="Folder of real pose files that are varied, too.")
    options = parser.parse_args()
    seeds = make_seeds()
    if options.seeds_from is not None:
        paths = [path for path in sorted(options.seeds_from.rglob("*")) if path.is_file() and path.stat().st_size < LARGEST_SEED]
        seeds |= {path.name: path.read_bytes() for path in paths if is_pose(path)}
    seeds = {name: content for name, content in seeds.items() if options.only.casefold() in name.casefold()}
    with tempfile.TemporaryDirectory() as folder:
        trials = {
            name: (
                partial(try_pose, Path(folder) / name, content)
                for content in generate(seeds, name, random.Random(f"{options.seed} {name}"))
            )
            for name in seeds
        }
        return run_trials(trials, options.per_format, fine=("PoseError", "track"))


if __name__ == "__main__":
    sys.exit(main())
