"""Lay out a public benchmark's files as a study of pose alone: CalMS21 (.json or .npy) and MABe22's mouse triplets (.npy).

    python scripts/lay_out_benchmark.py calms21_task1_train.json --test calms21_task1_test.json --out calms21
    python scripts/lay_out_benchmark.py mouse_triplets_train.npy --out mabe22
    behavior embed calms21/study.yaml
    python scripts/compare_baselines.py calms21/study.yaml --out baselines

Each sequence becomes a recording: its pose in DeepLabCut's layout, and its labels as a table of frames. The study describes the first
animal (CalMS21: the resident), and the others from its point of view. Files of --test are kept for testing (`split` is `test`).

Layouts, as their authors describe them: CalMS21 (Sun et al. 2021, https://arxiv.org/abs/2104.02710) has, by annotator and sequence,
`keypoints` of shape (frames, 2 animals, x and y, 7 parts), `scores` (frames, 2, 7), and a class for each frame in `annotations`,
whose names are in `metadata`. MABe22 (Sun et al. 2023, https://arxiv.org/abs/2207.10553) has a `vocabulary` of behaviors and, by
sequence, `keypoints` of shape (frames, 3 animals, 12 parts, x and y), 0 where nothing was found, and `annotations` (behaviors, frames).
Both have 30 frames a second. NumPy files of objects are read as data: nothing in them is run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from behavior.config import Study
from behavior.errors import BehaviorError, InputError
from behavior.files.atomic import make_folder
from behavior.files.frame_tables import write_frame_table
from behavior.files.manifest import write_manifest
from behavior.files.opening import explain_damage
from behavior.files.pose import write_deeplabcut
from behavior.files.stored_arrays import read_stored_arrays
from behavior.files.study import write_study
from behavior.recording import Labels, Recording, Track

FPS = 30.0
BACKGROUND = ("other", "background")
CALMS21_ANIMALS = ("resident", "intruder")
CALMS21_PARTS = ("nose", "left_ear", "right_ear", "neck", "left_hip", "right_hip", "tail_base")
MABE22_ANIMALS = ("mouse1", "mouse2", "mouse3")
MABE22_PARTS = (
    *("nose", "left_ear", "right_ear", "neck", "left_forepaw", "right_forepaw"),
    *("center_back", "left_hindpaw", "right_hindpaw", "tail_base", "tail_middle", "tail_tip"),
)


class LayoutError(ValueError):
    """A file that is not laid out as its benchmark's authors describe."""


@dataclass(frozen=True)
class BenchmarkSequence:
    """One recording of a benchmark: pose (T, P) of each animal by its name, and labels."""

    name: str
    tracks: Mapping[str, Track]
    labels: Labels


def main() -> None:
    """Read the files and write the study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", help="Files to train on.")
    parser.add_argument("--test", type=Path, nargs="+", default=[], help="Files that are kept for testing.")
    parser.add_argument("--out", type=Path, required=True, help="Folder of the study; empty, or not there yet.")
    arguments = parser.parse_args()
    if arguments.out.is_dir() and any(arguments.out.iterdir()):
        parser.error(f"{arguments.out} is not empty; choose another folder")
    try:
        recordings = lay_out(arguments.files, arguments.test, arguments.out)
    except (LayoutError, BehaviorError) as error:
        parser.exit(2, f"error: {error}\n")
    print(f"{arguments.out / 'study.yaml'}: {len(recordings)} recordings; next: behavior embed {arguments.out / 'study.yaml'}")


def lay_out(files: Sequence[Path], tested: Sequence[Path], out: Path) -> list[Recording]:
    """Write pose, labels, manifest and study of all sequences to `out`; return the recordings."""
    recordings: dict[str, Recording] = {}
    last: BenchmarkSequence | None = None
    make_folder(out / "pose")
    make_folder(out / "labels")
    splits: list[tuple[Literal["train", "test"], Sequence[Path]]] = [("train", files), ("test", tested)]
    for split, paths in splits:
        for path in paths:
            for one in read_benchmark(path):
                if one.name in recordings:
                    raise LayoutError(f"{path}: the sequence {one.name!r} is there twice; give each file once")
                if last is not None and (one.labels.behaviors, tuple(one.tracks)) != (last.labels.behaviors, tuple(last.tracks)):
                    raise LayoutError(f"{path}: {one.name!r} has other behaviors or animals than {last.name!r}; lay them out apart")
                pose, labels = out / "pose" / f"{one.name}.h5", out / "labels" / f"{one.name}.csv"
                write_deeplabcut(pose, one.tracks, scorer="benchmark")
                write_frame_table(labels, one.labels)
                animal = next(iter(one.tracks))
                recordings[one.name] = Recording(one.name, None, pose, {"": labels}, split=split, individual=animal, fps=FPS)
                last = one
    if last is None:
        raise LayoutError(f"{', '.join(map(str, files))}: no sequence is there, expected some")
    write_manifest(out / "recordings.csv", recordings.values())
    write_study(out / "study.yaml", describe_study(last))
    return list(recordings.values())


def describe_study(sequence: BenchmarkSequence) -> Study:
    """Return a study of pose alone: the first animal, and the others as it sees them."""
    _, *others = sequence.tracks
    content: dict[str, Any] = {
        "behaviors": list(sequence.labels.behaviors),
        "streams": ["pose"],
        "crop": {"body_part": ["neck"], "body_axis": ["tail_base", "nose"]},
        "pose": {"fps": FPS, "others": others},
        "sampling": {"fps": 10},
        "features": {"standardize": "quantiles"},
        "head": {"kind": "boosting"},
    }
    return Study.model_validate(content)


def read_benchmark(path: Path) -> Iterator[BenchmarkSequence]:
    """Yield the sequences of a file of either benchmark.

    Raises
    ------
    LayoutError
        If the file is laid out in another way.
    InputError
        If a NumPy file is damaged, or holds more than data.
    """
    if path.suffix.casefold() == ".npy":
        document = read_stored_arrays(path)
    else:
        with explain_damage(path, error=InputError, expected="CalMS21's .json, or a .npy of either benchmark", advice="download it again"):
            document = json.loads(path.read_bytes())
    if not isinstance(document, dict):
        raise LayoutError(f"{path}: holds a {type(document).__name__}, expected what CalMS21 or MABe22 are published as")
    try:
        yield from _list_mabe22(document) if "sequences" in document else _list_calms21(document)
    except LayoutError as error:
        raise LayoutError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LayoutError(f"{path}: is laid out in another way than CalMS21 or MABe22 ({type(error).__name__}: {error})") from error


def _list_calms21(document: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[BenchmarkSequence]:
    for group in document.values():
        for name, sequence in group.items():
            keypoints = np.asarray(sequence["keypoints"], dtype=np.float64)
            scores = np.asarray(sequence["scores"], dtype=np.float64)
            _require_shape(name, keypoints, ("frames", len(CALMS21_ANIMALS), 2, len(CALMS21_PARTS)))
            _require_shape(name, scores, (len(keypoints), len(CALMS21_ANIMALS), len(CALMS21_PARTS)))
            classes = np.asarray(sequence["annotations"])
            _require_shape(name, classes, (len(keypoints),))
            vocabulary = {label: int(number) for label, number in dict(sequence["metadata"]["vocab"]).items() if label not in BACKGROUND}
            values = np.column_stack([classes == number for number in vocabulary.values()]).astype(np.int8)
            positions = keypoints.transpose(0, 1, 3, 2)
            yield _make_sequence(name, positions, scores, CALMS21_ANIMALS, CALMS21_PARTS, Labels(values, tuple(vocabulary)))


def _list_mabe22(document: Mapping[str, Any]) -> Iterator[BenchmarkSequence]:
    vocabulary = tuple(str(name) for name in document["vocabulary"])
    for name, sequence in document["sequences"].items():
        positions = np.asarray(sequence["keypoints"], dtype=np.float64)
        _require_shape(name, positions, ("frames", len(MABE22_ANIMALS), len(MABE22_PARTS), 2))
        annotations = np.asarray(sequence["annotations"], dtype=np.float64)
        _require_shape(name, annotations, (len(vocabulary), len(positions)))
        positions = np.where((positions == 0).all(axis=3, keepdims=True), np.nan, positions)
        values = np.where(np.isnan(annotations), -1, annotations > 0).astype(np.int8).T
        found = np.asarray(np.isfinite(positions).all(axis=3), dtype=np.float64)
        yield _make_sequence(name, positions, found, MABE22_ANIMALS, MABE22_PARTS, Labels(np.ascontiguousarray(values), vocabulary))


def _make_sequence(
    name: str,
    positions: npt.NDArray[np.float64],
    likelihoods: npt.NDArray[np.float64],
    animals: Sequence[str],
    parts: tuple[str, ...],
    labels: Labels,
) -> BenchmarkSequence:
    """Return a sequence whose name is that of a file: CalMS21's are paths."""
    short = name.replace("\\", "/").rpartition("/")[2]
    if not short or short.startswith("."):
        raise LayoutError(f"{name!r} cannot be the name of a file")
    tracks = {animal: Track(positions[:, number], np.clip(likelihoods[:, number], 0, 1), parts) for number, animal in enumerate(animals)}
    return BenchmarkSequence(short, tracks, labels)


def _require_shape(name: str, values: npt.NDArray[Any], shape: tuple[int | str, ...]) -> None:
    if len(values.shape) != len(shape) or any(isinstance(side, int) and side != has for side, has in zip(shape, values.shape, strict=True)):
        raise LayoutError(f"{name!r} has an array of shape {values.shape}, expected ({', '.join(map(str, shape))})")


if __name__ == "__main__":
    main()
