"""Damage the files that this package writes, read them, and count what comes of it.

    python scripts/fuzz_own_files.py DEMO [--damages 2000] [--seed 0]

DEMO is the folder of `behavior demo`, which stays as it is. Each of its files is cut off, has bytes changed, or values edited, and is
read as a command reads it. Every damage has to end in what was there before, in other values, or in one sentence that names the file;
within 20 seconds, and without a gigabyte of memory.
"""

from __future__ import annotations

import argparse
import logging
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from fuzzing import run_trials

from behavior.errors import BehaviorError
from behavior.files.cells import read_table
from behavior.files.ethograms import find_ethograms, read_annotation
from behavior.files.feature_cache import read_features
from behavior.files.finetuned_weights import FITTED, FinetuningRecord, SeenRecording, read_finetuning_record, write_finetuned_weights
from behavior.files.study import open_study
from behavior.learning.crossval_folder import read_crossval
from behavior.learning.fit_store import FitStore

__all__ = ["Target", "add_gallery", "add_track", "damage", "find_targets", "list_trials", "try_damage"]

MOST_SECONDS = 20
MOST_GIB = 1.0
ODD_VALUES = (
    *("", "0", "-1", "nan", "NaN", ".nan", "inf", "-.inf", "1e300", "1e-300", "null", "~", "true", "[]", "{}", "[[]]", '""', "''"),
    *("9" * 5000, "99999999999999999999", "4000000000", "0x7fffffff", "a" * 9000, "[" * 500, "{a: " * 300, "\x00", "\u2028", "\x1b[2J"),
    *("../../x", "/dev/zero", "=1+1", "$x^{", "*a", "&a [*a]", "!!python/object:os.system x", "2026-11-31", "é", "\ud7ff", "1_000", "1,5"),
)
TEXTS = (".yaml", ".csv", ".json", ".jsonl", ".md", ".log")


@dataclass(frozen=True)
class Target:
    """A file, and what reads it; `read` gets nothing and may return anything."""

    kind: str
    path: Path
    read: Callable[[], Any]


def damage(content: bytes, chance: random.Random, *, is_text: bool) -> bytes:
    """Return `content` cut off, with bytes changed, or, of a text, with a value, a line or a mark edited."""
    kinds = ["cut", "flip", "flip", "zeros", "remove", "repeat", *(["value"] * 8 + ["line", "swap", "mark"] if is_text else [])]
    kind, length = chance.choice(kinds), max(len(content), 1)
    start = chance.randrange(length)
    stop = min(length, start + chance.choice((1, 2, 16, 500)))
    if kind == "cut":
        return content[:start]
    if kind == "flip":
        changed = bytearray(content)
        # What tells how to read the rest is at the beginning or at the end.
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.choice((start, chance.randrange(min(length, 400)), length - 1 - chance.randrange(min(length, 400))))
            changed[at : at + 1] = bytes([chance.randrange(256)])
        return bytes(changed)
    if kind == "zeros":
        return content[:start] + bytes(stop - start) + content[stop:]
    if kind == "remove":
        return content[:start] + content[stop:]
    if kind == "repeat":
        return content[:stop] + content[start:]
    if kind == "mark":
        return content[:start] + chance.choice(ODD_VALUES).encode() + content[start:]
    lines = content.split(b"\n")
    at = chance.randrange(len(lines))
    if kind == "line":
        lines[at : at + 1] = chance.choice(([], [lines[at]] * 2, [b""]))
    elif kind == "swap":
        other = chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    else:
        values = list(re.finditer(rb"[^\s,:\[\]{}\"]+", lines[at]))
        if values:
            value = chance.choice(values)
            lines[at] = lines[at][: value.start()] + chance.choice(ODD_VALUES).encode() + lines[at][value.end() :]
    return b"\n".join(lines)


def damage_member(path: Path, content: bytes, chance: random.Random) -> bytes:
    """Return an archive with one of its files damaged, and a check sum that says it is as it should be."""
    path.write_bytes(content)
    with zipfile.ZipFile(path) as archive:
        members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    chosen = chance.choice(sorted(members))
    members[chosen] = damage(members[chosen], chance, is_text=chosen.endswith(".json"))
    with zipfile.ZipFile(path, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return path.read_bytes()


def try_damage(target: Target, content: bytes) -> str:
    """Return what came of reading a file with `content`: "read", "said", "not named", or "slow", "large" or "raw" with what was raised."""
    target.path.write_bytes(content)
    memory, began = _read_peak(), time.monotonic()
    try:
        with _limit_seconds():
            target.read()
        outcome = "read"
    except BehaviorError as error:
        message = str(error)
        is_named = target.path.name in message or str(target.path.parent) in message or target.path.stem in message
        outcome = "said" if is_named and "\n" not in message and len(message) < 2000 else f"not named: {message[:300]}"
    except TimeoutError:
        outcome = "slow"
    except Exception:  # noqa: BLE001
        outcome = f"raw: {traceback.format_exc(limit=-4)}"
    if _read_peak() - memory > MOST_GIB:
        return f"large: {_read_peak() - memory:.1f} GiB"
    return f"slow: {time.monotonic() - began:.0f} s" if time.monotonic() - began > MOST_SECONDS else outcome


@contextmanager
def _limit_seconds() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(MOST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _read_peak() -> float:
    """Return the largest memory of this process so far in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


def find_targets(folder: Path) -> list[Target]:
    """Return the files in a demo's folder, or as many of them as are there."""
    study, targets = folder / "study.yaml", []
    if study.is_file():
        targets += [Target("study.yaml", study, lambda: open_study(study))]
        targets += [Target("recordings.csv", folder / "recordings.csv", lambda: open_study(study))]
    for path in find_ethograms([folder / "ethograms"])[:1] if (folder / "ethograms").is_dir() else []:
        for file in (path, path.with_suffix(".json")):
            targets.append(Target(f"ethogram{file.suffix}", file, partial(read_annotation, path)))
    for path in sorted((folder / "cache").glob("*.h5"))[:1]:
        targets.append(Target("feature cache", path, partial(read_features, path)))
    if (folder / "crossval").is_dir():
        targets += [
            Target(f"crossval/{name}", folder / "crossval" / name, lambda: _read_whole_crossval(folder / "crossval"))
            for name in ("crossval.json", "folds.csv", "metrics.csv", "out_of_fold.npz", "study.yaml")
            if (folder / "crossval" / name).is_file()
        ]
    if (folder / "model").is_dir():
        targets += _list_model(folder / "model")
    if (folder / "search.log").is_file():
        targets.append(Target("search journal", folder / "search.log", lambda: _open_journal(folder / "search.log")))
    return targets


def _list_model(model: Path) -> list[Target]:
    from behavior.learning.opened_model import open_model
    from behavior.learning.prediction import predict_probabilities
    from behavior.learning.recording_features import RecordingFeatures

    networks = sorted(path.name for path in model.glob("*.keras"))[:1]
    scores = model / "metrics.csv"
    columns = ("recording", "behavior", "metric")

    def predict() -> None:
        opened = open_model(model)
        rng = np.random.default_rng(0)
        own = []
        for member in opened.members:
            n_features = sum(stream.n_features for stream in member.description.streams)
            values = rng.random((90, min(n_features, 10_000)), dtype=np.float32)
            own.append(RecordingFeatures(values, np.arange(90) / 30, 30.0, tuple(member.description.streams), False))
        if all(one.values.shape[1] == sum(stream.n_features for stream in one.streams) for one in own):
            predict_probabilities(opened, own)

    targets = [Target("bundle.yaml", model / "bundle.yaml", predict), *(Target("network", model / name, predict) for name in networks)]
    if scores.is_file():
        read = lambda: read_table(scores, text=columns, error=BehaviorError, expected="scores", advice="copy them again")  # noqa: E731
        targets.append(Target("metrics.csv", scores, read))
    return targets


def _read_whole_crossval(folder: Path) -> None:
    results = read_crossval(folder)
    assert results.epochs is not None
    assert len(results.annotations) == len(results.out_of_fold)


def _open_journal(path: Path) -> None:
    from behavior.search.storage import open_search

    open_search(f"journal:{path}", "search", folder=path.parent).list_trials()


def _add_others(folder: Path) -> list[Target]:
    """Write what a finished demo has no more, or never had, and return it: weights, a checkpoint, a journal, a track and a gallery."""
    import keras

    from behavior.search.storage import open_search

    search = open_search(f"journal:{folder / 'search.log'}", "search", folder=folder)
    search.bind({"settings": "a"})
    for score in (0.5, 0.7):
        trial = search.claim(5, distributions={})
        assert trial is not None
        search.finish(trial, score)
    image = keras.Input((8, 8, 3))
    network = keras.Model(image, keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3)(image)))
    record = FinetuningRecord(
        (SeenRecording("m1", FITTED, "a" * 32, 5),), ("a",), "keras_file", "random", "x", {"epochs": 1}, {"before": {"a": None}}, {}
    )
    weights = folder / "weights.keras"
    write_finetuned_weights(weights, lambda path: network.save(path), record)
    own = [Target("fine-tuned weights", weights, lambda: _read_weights(weights)), _add_checkpoint(folder)]
    return [*own, *add_track(folder), *add_gallery(folder / "gallery")]


def add_track(folder: Path) -> list[Target]:
    """Write tracklets of two animals that cross, corrections of them, and a part of an unfinished video's detections."""
    from behavior.files.detection_parts import DetectionPart, DetectionParts
    from behavior.files.feature_writer import parts_folder
    from behavior.files.track_corrections import CORRECTIONS_SUFFIX, CorrectedVideo, write_corrections
    from behavior.files.tracklets import TRACKLETS_SUFFIX, GapFilling, StoredTracklets, read_tracklets, write_tracklets
    from behavior.recording import Spot, TrackCorrection, Tracklet
    from behavior.reporting.corrected_tracks import correct_track, list_corrections

    frames = [np.arange(start, start + 30) for start in (0, 0, 30, 30)]
    places = [np.column_stack((8.0 + one, np.full(30, 20.0 + 30 * (number % 2)))) for number, one in enumerate(frames)]
    sizes, nobody = np.tile([12.0, 4.0], (30, 1)), np.zeros(30, dtype=np.bool_)
    tracklets = tuple(Tracklet(*each, np.zeros(30), sizes, nobody) for each in zip(frames, places, strict=True))
    origin = {"video": "pair.mp4", "bytes": 900}
    gaps = GapFilling("velocity", 1.0, 0.2, 5)
    stored = StoredTracklets(tracklets, np.array([0, 1, 0, 1]), origin, (np.ones(30),) * 4, np.full(4, 0.9), 60, 2, gaps)
    stem = folder / "pair"
    own, corrections, track = (folder / f"pair{suffix}" for suffix in (TRACKLETS_SUFFIX, CORRECTIONS_SUFFIX, "_parts"))
    write_tracklets(own, stored)
    made = [TrackCorrection("swap", Spot(20, 28, 20), Spot(30, 38, 50), 30), TrackCorrection("name", Spot(4, 12, 20), name="Bella")]
    write_corrections(corrections, CorrectedVideo("pair.mp4", 900, 60), made)

    def read_track() -> None:
        found = read_tracklets(own)
        correct_track(found, list_corrections(stem, found))

    part = DetectionPart(np.ones(1000, dtype=np.int64), np.ones((1000, 9)), np.arange(1000) / 30)
    DetectionParts(track, {"video": "pair.mp4"}).add(part, {"before": np.ones((2, 2))})

    def read_parts() -> None:
        parts = DetectionParts(track, {"video": "pair.mp4"})
        parts.read_state()
        list(parts.read())

    return [
        *(Target("tracklets", own, read_track), Target("corrections", corrections, read_track)),
        Target("part of detections", next(parts_folder(track).glob("*0.npz")), read_parts),
    ]


def add_gallery(folder: Path) -> list[Target]:
    """Write a gallery of three individuals on two days."""
    from behavior.embedding.individual_gallery import fit_gallery, open_side
    from behavior.files.gallery_folder import GALLERY_FILE, EnrolledImage, StoredGallery, hash_image, read_gallery, write_gallery

    crops = np.random.default_rng(0).integers(0, 255, (12, 16, 16, 3), dtype=np.uint8)
    crops[:, 4:12, 4:12] = (np.arange(12) % 3 * 80)[:, None, None, None]
    images = tuple(
        EnrolledImage(f"mouse{number % 3}", "", f"day{number % 2}", f"{number}.png", hash_image(crop)) for number, crop in enumerate(crops)
    )
    settings = {"fingerprint": "correlogram", "weights": "", "seed": 0}
    write_gallery(folder, fit_gallery(StoredGallery("photos", settings, 0.0, 0.0, images, crops)))

    def read() -> None:
        gallery = read_gallery(folder)
        for side in gallery.sides:
            open_side(gallery, side)

    archives = {path.name.split("-")[0]: path for path in folder.glob("*.npz")}
    return [Target("gallery", folder / GALLERY_FILE, read), *(Target(f"gallery's {kind}", path, read) for kind, path in archives.items())]


def _read_weights(path: Path) -> None:
    from behavior.vision.backbones import build_backbone, find_backbone

    read_finetuning_record(path)
    build_backbone(find_backbone("file", weights=str(path)), str(path))


def _add_checkpoint(folder: Path) -> Target:
    from behavior.sequence.plans import FitReport, ModelPlan, TrainedModel

    report = FitReport(1, 3, (0.75, 0.5, 0.25), (3.0, 2.0, 1.0))
    group = FitStore(folder / ".fits", "digest").open_group(0, [ModelPlan((0,), (1,), (2,), (0,), 5, 11)], [40])
    group.write_models([TrainedModel(report, (), {0: np.full((40, 1), 0.5, dtype=np.float32)})])
    (path,) = (folder / ".fits").rglob("*.npz")
    return Target("checkpoint", path, group.read_models)


def _damage_any(target: Target, content: bytes, chance: random.Random) -> bytes:
    if target.path.suffix in (".npz", ".keras") and chance.random() < 0.7:
        return damage_member(target.path, content, chance)
    return damage(content, chance, is_text=target.path.suffix in TEXTS)


def list_trials(target: Target, seed: int) -> Iterator[Callable[[], str]]:
    """Yield without end what damages the file, reads it, and puts it back."""
    content = target.path.read_bytes()

    def read(number: int) -> str:
        try:
            return try_damage(target, _damage_any(target, content, random.Random(f"{seed} {target.kind} {number}")))
        finally:
            target.path.unlink(missing_ok=True)
            target.path.write_bytes(content)

    return (partial(read, number) for number in count())


def main() -> int:
    """Damage files and print what came of it; 1 if a damage was not said as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("demo", type=Path, help="Folder of `behavior demo`.")
    parser.add_argument("--damages", type=int, default=2000, help="How many in all, as many of each kind of file.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", default="", help="Only kinds of files whose name holds this.")
    arguments = parser.parse_args()
    logging.getLogger("behavior").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "demo"
        shutil.copytree(arguments.demo, folder, ignore=shutil.ignore_patterns("*.mp4", "models", "*.html"))
        others = _add_others(folder)
        targets = [target for target in (*find_targets(folder), *others) if arguments.kind in target.kind]
        if not targets:
            parser.error(f"no file of a kind with {arguments.kind!r} in its name is in {arguments.demo}")
        for target in targets:
            # What is refused as it is would hide what damage does.
            target.read()
        trials = {target.kind: list_trials(target, arguments.seed) for target in targets}
        return run_trials(trials, -(-arguments.damages // len(trials)), fine=("read", "said"), subject="file")


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main())
