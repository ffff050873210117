"""Whether a model says of recordings unlike its training recordings that they are, and is quiet on others.

    python scripts/evaluate_familiarity.py results --data ../shared/data

Laboratories are rendered: each has a few training recordings, and others that are held out, with another mouse, box, lamp and camera each.
Held-out recordings are altered (light, camera, mirror, scale, blur, another renderer), and videos of other animals come beside them. Two
models are trained in each laboratory, on `appearance` and on `appearance, motion, pose`, and `behavior annotate` judges all recordings.

Printed for each model: the share of held-out recordings that are not called familiar (false alarms), the share of altered and of foreign
ones that are (by kind), and Spearman's correlation of the distance with how much of the average precision is lost by altering.

The laboratories `development` and the alterations there were looked at when the rule was chosen; those of `report` were not.
The folder keeps videos, features and models; what is there is not computed again.

`--tracks N` judges tracks of N further laboratories instead, without rendering or training: how often the growth of the animal along the
picture calls held-out recordings unusual as they are, and seen by cameras of several tilts.

`--splits N` judges what is in the folder again, without training: two to six recordings of each laboratory, drawn N times of all that are
not altered, are the training recordings of references, which judge eight others and the altered ones, but for disagreement, which needs a
model of each split. Printed for each number of training recordings: how many are not called familiar of those of a coat that was drawn, of
those of another coat, and of the altered ones.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import yaml
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score

from behavior.files.ethograms import ETHOGRAM_SUFFIX, read_annotation
from behavior.files.frame_tables import write_frame_table
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.files.model_bundle import BUNDLE_FILE, FamiliarityRecord
from behavior.files.pose import read_pose, write_deeplabcut
from behavior.files.study import open_study
from behavior.files.video_writer import write_video
from behavior.learning.familiarity import TrainingReference, identify_reference, list_streams, measure_medians, summarize_measure
from behavior.learning.familiarity_reference import StreamReference, fit_stream_reference
from behavior.learning.learning_data import load_features, make_study_streams
from behavior.learning.recording_features import RecordingFeatures
from behavior.provenance import Familiarity
from behavior.recording import Annotation, Recording, Track
from behavior.synthetic import RenderedRecording, act_recording, degrade_track
from behavior.vision.size_growth import GROWTHS, measure_growth

Image = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

FPS, N_FRAMES, SIZE = 10.0, 400, 480
N_TRAINING, N_HELD, N_ALTERED = 6, 8, 2
SCORER = "DLC_resnet50_demoshuffle1_100000"
BEHAVIORS = ["grooming", "mid_rearing", "wall_rearing"]


@dataclass(frozen=True)
class Laboratory:
    """Where recordings come from: a seed, the strain (None for all by turns), and whether the rule may be chosen on it."""

    name: str
    seed: int
    coat: str | None
    is_development: bool


LABORATORIES = (
    Laboratory("development_black", 11, "black", True),
    Laboratory("development_mixed", 12, None, True),
    Laboratory("report_black", 21, "black", False),
    Laboratory("report_mixed", 22, None, False),
    Laboratory("report_black2", 23, "black", False),
    Laboratory("report_mixed2", 24, None, False),
)
COATS = ("black", "agouti", "grey", "white")


@dataclass(frozen=True)
class Alteration:
    """What is done to a video: to its pictures, and to where the body parts are in them."""

    name: str
    change: Callable[[Image], Image]
    move: Callable[[Points], Points] | None = None


def light(scale: float, offset: float, gamma: float = 1.0, slope: float = 0.0) -> Callable[[Image], Image]:
    """Return other light: exposure, haze, gamma, and a lamp at the side."""

    def change(image: Image) -> Image:
        side = 1 + slope * (np.linspace(-1, 1, image.shape[1], dtype=np.float32)[None, :, None])
        return np.clip(((image / np.float32(255)) ** np.float32(gamma)) * 255 * scale * side + offset, 0, 255).astype(np.uint8)

    return change


def tilt(amount: float, turn: float) -> Alteration:
    """Return a camera that looks from the side."""
    far = SIZE * amount
    corners = np.array([[0, 0], [SIZE, 0], [SIZE, SIZE], [0, SIZE]], dtype=np.float32)
    seen = np.array([[far, far], [SIZE - far, far], [SIZE, SIZE], [0, SIZE]], dtype=np.float32)
    turning = np.vstack([cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), turn, 1.0), [0, 0, 1]])
    matrix = turning @ cv2.getPerspectiveTransform(corners, seen)

    def move(points: Points) -> Points:
        return cv2.perspectiveTransform(points.reshape(-1, 1, 2), matrix).reshape(points.shape)

    return Alteration("other camera: tilted", lambda image: cv2.warpPerspective(image, matrix, (SIZE, SIZE)), move)


def add_noise(deviation: float) -> Callable[[Image], Image]:
    """Return a camera with a poor sensor."""
    rng = np.random.default_rng(0)
    return lambda image: np.clip(image + rng.normal(0, deviation, image.shape), 0, 255).astype(np.uint8)


def scale(factor: float) -> Alteration:
    """Return a camera that is nearer, or has more pixels."""
    side = round(SIZE * factor)
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return Alteration("rescaled", lambda image: cv2.resize(image, (side, side), interpolation=method), lambda points: points * factor)


def blur(deviation: float) -> Alteration:
    """Return a camera that is out of focus."""
    return Alteration("blurred", lambda image: cv2.GaussianBlur(image, (0, 0), deviation))


MIRROR = Alteration("mirrored", lambda image: image[:, ::-1], lambda points: points * np.array([-1, 1]) + np.array([SIZE - 1, 0]))
ALTERATIONS = {
    True: (
        Alteration("other light: dim", light(0.4, 0)),
        Alteration("other light: haze", light(0.5, 110)),
        tilt(0.22, 0),
        Alteration("other camera: noisy", add_noise(30)),
        MIRROR,
        scale(0.6),
        blur(3.0),
    ),
    False: (
        Alteration("other light: glare", light(1.5, 60, 0.8)),
        Alteration("other light: lamp at the side, dim", light(0.45, 0, 1.3, 0.7)),
        tilt(0.18, 20),
        Alteration("other camera: noisy", add_noise(22)),
        MIRROR,
        scale(1.6),
        blur(2.5),
    ),
}
RENDERER = {True: "another renderer: flat", False: "another renderer: shaded"}


def draw_otherwise(recording: RenderedRecording, *, is_flat: bool, seed: int) -> Iterator[Image]:
    """Yield the same behavior drawn by other means: ellipses between body parts, flat, or shaded on bedding."""
    rng = np.random.default_rng(seed)
    arena = recording.arena
    floor = np.full((SIZE, SIZE, 3), 200, dtype=np.float32)
    if not is_flat:
        floor = 150 + 40 * cv2.GaussianBlur(rng.normal(0, 1, (SIZE, SIZE, 3)).astype(np.float32), (0, 0), 2.0) * 4
    corner = [int(arena.center.real - arena.half_floor), int(arena.center.imag - arena.half_floor)]
    opposite = [int(arena.center.real + arena.half_floor), int(arena.center.imag + arena.half_floor)]
    inside = np.zeros((SIZE, SIZE, 1), dtype=np.float32)
    cv2.rectangle(inside, corner, opposite, 1.0, -1)
    background = floor * inside + 90 * (1 - inside)
    length = recording.build.length
    names = recording.track.body_parts
    for positions in recording.track.positions:
        image = np.clip(background, 0, 255).astype(np.uint8)
        part = {name: tuple(int(value) for value in place) for name, place in zip(names, positions, strict=True)}
        dark = (60, 60, 60) if is_flat else (70, 55, 45)
        for first, second, width in (("tailbase", "midbody", 0.34), ("midbody", "neck", 0.3), ("neck", "nose", 0.16)):
            cv2.line(image, part[first], part[second], dark, max(int(width * length), 1), cv2.LINE_AA)
            if not is_flat:
                cv2.line(image, part[first], part[second], (125, 105, 90), max(int(0.4 * width * length), 1), cv2.LINE_AA)
        for ear in ("leftear", "rightear"):
            cv2.circle(image, part[ear], int(0.07 * length), (150, 120, 120), -1, cv2.LINE_AA)
        yield cv2.GaussianBlur(image, (0, 0), 1.0)


def main() -> None:
    """Make what is not there yet and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("BEHAVIOR_DATA", "../shared/data")))
    parser.add_argument("--only", nargs="*", default=[laboratory.name for laboratory in LABORATORIES], help="names of laboratories")
    parser.add_argument("--tracks", type=int, metavar="N", help="judge growth alone, on tracks of N further laboratories")
    parser.add_argument("--splits", type=int, metavar="N", help="judge splits of the laboratories that are in the folder")
    arguments = parser.parse_args()
    if arguments.tracks is not None:
        judge_tracks(arguments.tracks)
        return
    if arguments.splits is not None:
        chosen = [laboratory for laboratory in LABORATORIES if laboratory.name in arguments.only]
        for n_streams in (1, 3):
            judge_splits(arguments.folder, chosen, n_streams, n_splits=arguments.splits)
        return
    found: list[Judged] = []
    for laboratory in LABORATORIES:
        if laboratory.name in arguments.only:
            folder = arguments.folder / laboratory.name
            make_laboratory(folder, laboratory, arguments.data)
            for n_streams in (1, 3):
                found += judge_laboratory(folder, n_streams)
    for is_development in (True, False):
        for n_streams in (1, 3):
            names = {one.name for one in LABORATORIES if one.is_development == is_development}
            show([one for one in found if one.laboratory in names and one.n_streams == n_streams], n_streams, is_development=is_development)


@dataclass(frozen=True)
class Judged:
    """What was found about one recording, and how much average precision its alteration cost; None where that is not known."""

    laboratory: str
    n_streams: int
    recording: str
    familiarity: Familiarity
    loss: float | None

    @property
    def kind(self) -> str:
        """What was done to it."""
        return self.recording.split(".")[0] if "." in self.recording else "held out"


def judge_laboratory(folder: Path, n_streams: int) -> list[Judged]:
    """Train a model where there is none, annotate all recordings but those that it was trained on, and return what came of it."""
    from behavior.workflows.annotate import AnnotateOptions, annotate_study
    from behavior.workflows.train import train_model

    model, out = folder / f"model_{n_streams}", folder / f"ethograms_{n_streams}"
    if not (model / BUNDLE_FILE).is_file():
        train_model(folder / f"recordings_{n_streams}.yaml", model)
    found: list[Judged] = []
    precisions: dict[str, float] = {}
    for name in ("recordings", "altered", "others"):
        study = folder / f"{name}_{n_streams}.yaml"
        if not study.is_file():
            continue
        annotate_study(model, study, out, AnnotateOptions(overwrite=True))
        for recording in open_study(study)[1]:
            if recording.split != "test":
                continue
            annotation = read_annotation(out / f"{recording.id}{ETHOGRAM_SUFFIX}")
            assert annotation.provenance.familiarity is not None
            loss = None
            if recording.labels:
                precisions[recording.id] = score(recording, annotation)
                loss = precisions[recording.id.rpartition(".")[2]] - precisions[recording.id]
            found.append(Judged(folder.name, n_streams, recording.id, annotation.provenance.familiarity, loss))
    return found


def judge_tracks(n_laboratories: int) -> None:
    """Print how many held-out tracks growth calls unusual, as they are and tilted, by the number of training recordings."""
    tilts = {f"tilt {amount} turned by {turn}": tilt(amount, turn).move for amount in (0.1, 0.14, 0.18, 0.22) for turn in (0, 20, 110)}
    moves: dict[str, Callable[[Points], Points] | None] = {"as they are": None, **tilts}
    growths = np.full((n_laboratories, N_TRAINING + N_HELD, len(moves), len(GROWTHS)), np.nan)
    for laboratory, index in np.ndindex(growths.shape[:2]):
        seed = (101 + laboratory, index)
        recording = act_recording(n_frames=N_FRAMES, fps=FPS, size=SIZE, seed=np.random.SeedSequence(seed), coat="black")
        track = degrade_track(recording.track, np.random.default_rng(seed))
        for number, move in enumerate(moves.values()):
            positions = track.positions if move is None else move(track.positions)
            growths[laboratory, index, number] = measure_growth(positions, track.likelihoods, min_likelihood=0.6)
    for n_training in (2, 3, 4, N_TRAINING):
        is_odd = np.zeros((n_laboratories, N_HELD, len(moves)), dtype=bool)
        for laboratory, column in np.ndindex(n_laboratories, len(GROWTHS)):
            known = growths[laboratory, :n_training, 0, column]
            if np.isfinite(known).all():
                limits = summarize_measure(GROWTHS[column], known.tolist())
                held = growths[laboratory, N_TRAINING:, :, column]
                is_odd[laboratory] |= (held < limits.low_limit) | (held > limits.high_limit)
        said = ", ".join(f"{name} {count}" for name, count in zip(moves, is_odd.sum(axis=(0, 1)), strict=True))
        print(f"{n_training} training recordings, called unusual by growth of {n_laboratories * N_HELD}: {said}")


def judge_splits(folder: Path, laboratories: Sequence[Laboratory], n_streams: int, *, n_splits: int) -> None:
    """Print how many recordings are not called familiar by references of some of the others."""
    alarms: dict[tuple[int, str], list[bool]] = {}
    for laboratory in laboratories:
        plain, altered = (load_known(folder / laboratory.name, name, n_streams) for name in ("recordings", "altered"))
        names = list(plain)
        coats = [laboratory.coat or COATS[index % len(COATS)] for index in range(len(names))]
        for n_training, split in product((2, 3, 4, N_TRAINING), range(n_splits)):
            order = np.random.default_rng(split).permutation(len(names))
            drawn, held = sorted(order[:n_training]), order[N_TRAINING:]
            reference = fit_reference([plain[names[index]] for index in drawn])
            groups = {
                "of a coat that was drawn": [plain[names[index]] for index in held if coats[index] in {coats[one] for one in drawn}],
                "of another coat": [plain[names[index]] for index in held if coats[index] not in {coats[one] for one in drawn}],
                "altered": [one for name, one in altered.items() if name.rpartition(".")[2] not in {names[index] for index in drawn}],
            }
            for group, features in groups.items():
                said = [reference.judge([one], np.zeros((len(one.time_s), 1))).familiarity.verdict for one in features]
                alarms.setdefault((n_training, group), []).extend(verdict != "familiar" for verdict in said)
    used = "appearance" if n_streams == 1 else "appearance, motion, pose"
    print(f"\n{', '.join(one.name for one in laboratories)}, references of {used}")
    for (n_training, group), found in sorted((key, own) for key, own in alarms.items() if own):
        print(f"  {n_training} training recordings, {group}: {sum(found)} of {len(found)} not familiar")


def load_known(folder: Path, name: str, n_streams: int) -> dict[str, RecordingFeatures]:
    """Return the features of the recordings of one study of a laboratory, by name."""
    study, recordings = open_study(folder / f"{name}_{n_streams}.yaml")
    streams = make_study_streams(study)
    return {one.id: load_features(study, one, streams) for one in recordings}


def fit_reference(training: Sequence[RecordingFeatures]) -> TrainingReference:
    """Return what `train` keeps of some training recordings, without a plain model."""
    references: dict[tuple[str, str], StreamReference] = {}
    for stream, columns, _ in list_streams(training[:1]):
        known = fit_stream_reference([one.values[:, columns] for one in training], [str(index) for index in range(len(training))])
        assert known is not None
        references[identify_reference(stream)] = known
    medians = [measure_medians([one]) for one in training]
    shared = [name for name in medians[0] if all(name in one for one in medians)]
    measures = {name: summarize_measure(name, [one[name] for one in medians]) for name in shared}
    return TrainingReference(FamiliarityRecord(recordings=len(training), streams=[], measures=measures), references)


def score(recording: Recording, annotation: Annotation) -> float:
    """Return the mean of the average precisions of the behaviors."""
    labels, _ = read_labels(recording.labels[""], LabelRequest(annotation.behaviors, annotation.frames))
    columns = zip(labels.values.T, annotation.probabilities.values.T, strict=True)
    return float(np.mean([average_precision_score(truth, predicted) for truth, predicted in columns if (truth == 1).any()]))


def show(found: Sequence[Judged], n_streams: int, *, is_development: bool) -> None:
    """Print the table of one model."""
    if not found:
        return
    used = "appearance" if n_streams == 1 else "appearance, motion, pose"
    print(f"\n{'development' if is_development else 'report'}, model on {used}")
    for kind in dict.fromkeys(one.kind for one in found):
        own = [one for one in found if one.kind == kind]
        alarms = sum(one.familiarity.verdict != "familiar" for one in own)
        foreign = sum(one.familiarity.verdict == "foreign" for one in own)
        losses = [one.loss for one in own if one.loss is not None]
        lost = f", average precision lost {np.mean(losses):+.2f}" if losses and kind != "held out" else ""
        distances = " ".join(f"{one.familiarity.distance:.2f}" for one in own)
        print(f"  {kind:32s} {alarms:2d} of {len(own):2d} not familiar, {foreign} of them foreign; distances {distances}{lost}")
    others = [one for one in found if one.kind != "held out"]
    quiet = [one for one in found if one.kind == "held out"]
    known = [one for one in others if one.loss is not None]
    correlation = spearmanr([one.familiarity.distance for one in known], [one.loss for one in known])
    n_alarms, n_false = (sum(one.familiarity.verdict != "familiar" for one in some) for some in (others, quiet))
    print(f"  false alarms: {n_false} of {len(quiet)} ({n_false / len(quiet):.1%})")
    print(f"  alarms on altered and other recordings: {n_alarms} of {len(others)} ({n_alarms / len(others):.0%})")
    print(f"  Spearman of distance and loss over {len(known)} altered recordings: {correlation.statistic:.2f} (p {correlation.pvalue:.2g})")
    for one in found:
        if (one.familiarity.verdict == "familiar") != (one.kind == "held out"):
            print(f"    {one.laboratory} {one.recording}: {one.familiarity.verdict}. {' '.join(one.familiarity.reasons)}")


def make_laboratory(folder: Path, laboratory: Laboratory, data: Path) -> None:
    """Render a laboratory's recordings, write its studies, and embed them."""
    videos = folder / "videos"
    videos.mkdir(parents=True, exist_ok=True)
    rows: list[list[Any]] = []
    altered: list[list[Any]] = []
    for index in range(N_TRAINING + N_HELD):
        split, name = ("train", f"train_{index}") if index < N_TRAINING else ("test", f"held_{index - N_TRAINING}")
        coat = laboratory.coat or COATS[index % len(COATS)]
        recording = act_recording(n_frames=N_FRAMES, fps=FPS, size=SIZE, seed=np.random.SeedSequence((laboratory.seed, index)), coat=coat)
        track = degrade_track(recording.track, np.random.default_rng((laboratory.seed, index)))
        rows.append(write_recording(videos, name, recording.frames, track, recording, split))
        number = index - N_TRAINING
        if not 0 <= number < N_ALTERED * 2:
            continue
        # Neighbours in the order of coats, so that each alteration is of two strains where there are several.
        for alteration in ALTERATIONS[laboratory.is_development][number // N_ALTERED :: 2]:
            moved = track
            if alteration.move is not None:
                moved = Track(alteration.move(track.positions), track.likelihoods, track.body_parts)
            pictures = partial(change_pictures, alteration.change, videos / f"{name}.mp4")
            altered.append(write_recording(videos, f"{name_file(alteration.name)}.{name}", pictures, moved, recording, "test"))
        if number < N_ALTERED:
            pictures = partial(draw_otherwise, recording, is_flat=laboratory.is_development, seed=number)
            label = f"{name_file(RENDERER[laboratory.is_development])}.{name}"
            altered.append(write_recording(videos, label, pictures, track, recording, "test"))
    others = write_others(videos, data, is_development=laboratory.is_development)
    header = ["recording", "video", "pose", "labels", "animal", "split"]
    for name, content in (("recordings", rows), ("altered", altered), ("others", others)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *content])
    for streams in (["appearance"], ["appearance", "motion", "pose"]):
        for name in ("recordings", "altered", "others"):
            if name == "others" and "pose" in streams:
                continue
            study: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "configs" / "demo.yaml").read_text())
            study |= {"recordings": f"{name}.csv", "streams": streams}
            study["crop"] |= {"body_axis": ["tailbase", "neck"]} if "pose" in streams else {}
            if "pose" in streams:
                study["features"] = {"standardize": True}
            path = folder / f"{name}_{len(streams)}.yaml"
            path.write_text(yaml.safe_dump(study))
            embed(path)


def name_file(kind: str) -> str:
    """Return the name of an alteration as it is in names of recordings."""
    return kind.replace(": ", "_").replace(", ", "_").replace(" ", "_")


def change_pictures(change: Callable[[Image], Image], source: Path) -> Iterator[Image]:
    """Yield the pictures of a video, altered."""
    return map(np.ascontiguousarray, map(change, read_pictures(source, N_FRAMES)))


def write_recording(
    folder: Path, name: str, pictures: Callable[[], Iterator[Image]], track: Track, recording: RenderedRecording, split: str
) -> list[Any]:
    """Write the files of one recording that are not there yet and return its row of the manifest."""
    video, pose, labels = folder / f"{name}.mp4", folder / f"{name}{SCORER}.csv", folder / f"{name}_labels.csv"
    if not labels.is_file():
        write_video(video, pictures(), fps=FPS, crf=23, preset="veryfast")
        write_deeplabcut(pose, track, scorer=SCORER)
        write_frame_table(labels, recording.labels)
    files = [path.relative_to(folder.parent) for path in (video, pose, labels)]
    return [name, *files, name.rpartition(".")[2], split]


def write_others(folder: Path, data: Path, *, is_development: bool) -> list[list[Any]]:
    """Write videos of other animals, real ones, that are not there yet, and return their rows of the manifest."""
    tracking = data / "tracking"
    flies = [("three_flies/three_flies.mp4", "three_flies/three_flies_truth.csv", animal) for animal in (0, 1)]
    fish = [("larvae14/zfish14.mp4", "larvae14/truth.csv", animal) for animal in (0, 1)]
    mice = [("two_mice/video.mp4", "two_mice/truth.csv", animal) for animal in (0, 1)]
    rows = []
    for video, truth, animal in flies if is_development else [*fish, *mice]:
        track = read_truth(tracking / truth, animal)
        name = f"{'real mice' if 'mice' in video else 'another species'}".replace(" ", "_") + f".{Path(video).parent}_{animal}"
        rows.append(write_other(folder, name, tracking / video, track))
    if not is_development:
        path = next((data / "openfield_video").glob("*.h5"))
        known = read_pose(path)
        middle = np.nanmean(known.positions, axis=1, keepdims=True)
        rows.append(write_other(folder, "real_mice.openfield", next((data / "openfield_video").glob("*.mp4")), middle[:, 0]))
    return rows


def read_truth(path: Path, animal: int) -> Points:
    """Return where one animal of a table of true tracks is, shape (T, 2), NaN where it is not told."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = list(dict.fromkeys(row["animal"] for row in rows))
    places = np.full((max(int(row["frame"]) for row in rows) + 1, 2), np.nan)
    for row in rows:
        if row["animal"] == names[animal] and row["x"]:
            places[int(row["frame"])] = float(row["x"]), float(row["y"])
    return places


def write_other(folder: Path, name: str, source: Path, places: Points) -> list[Any]:
    """Write the first frames of a real video at the rate of the others, with a pose of one body part."""
    video, pose = folder / f"{name}.mp4", folder / f"{name}{SCORER}.csv"
    n_frames = min(len(places), N_FRAMES)
    if not pose.is_file():
        write_video(video, read_pictures(source, n_frames), fps=FPS, crf=18, preset="veryfast")
        known = np.isfinite(places[:n_frames, 0])
        write_deeplabcut(pose, Track(places[:n_frames, None], known[:, None].astype(float), ("midbody",)), scorer=SCORER)
    return [name, video.relative_to(folder.parent), pose.relative_to(folder.parent), "", name, "test"]


def read_pictures(path: Path, n_frames: int) -> Iterator[Image]:
    """Yield the first frames of a video, RGB."""
    capture = cv2.VideoCapture(str(path))
    for _ in range(n_frames):
        is_read, image = capture.read()
        if not is_read:
            break
        yield np.ascontiguousarray(image[:, :, ::-1])
    capture.release()


def embed(study: Path) -> None:
    """Embed a study's recordings that the cache lacks."""
    from behavior.workflows.embed import embed_study

    failures = embed_study(study).failures
    if failures:
        raise SystemExit("\n".join(failures.values()))


if __name__ == "__main__":
    main()
