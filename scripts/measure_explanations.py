"""Measure whether maps of `behavior explain` lie on the animal, on a study that `behavior demo` rendered.

    behavior demo --out demo
    python scripts/measure_explanations.py demo --out maps

The renderer knows which pixels show the mouse's body and ears. For frames in the middle of bouts of the test recordings, the table gives
the share of a map's positive mass on them, next to the share of the crop that they take: for each behavior and pooled, for the study's
model and for one trained on shuffled labels (each training recording gets the labels of the next one). `even` is the share of the same
map with each patch's change shared out evenly among its pixels, `mass` the positive change of the log-odds per patch, `scene` the log-odds
with the whole crop covered. The settings of the maps were chosen on a demo of seed 11; give another seed here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.compute.loading import load_keras
from behavior.errors import BehaviorError
from behavior.figures.rendering import render_png
from behavior.files.atomic import make_folder, write_bytes
from behavior.files.manifest import write_manifest
from behavior.files.markdown import format_markdown_table
from behavior.files.model_bundle import BUNDLE_FILE
from behavior.files.study import open_study, write_study
from behavior.recording import find_bouts
from behavior.synthetic.study import act_study_recording

# Shorter bouts are left out.
_SHORTEST = 5


@dataclass(frozen=True)
class Measured:
    """A map's positive mass: on the animal, in all, and the same with changes shared out evenly; what else the table has."""

    model: str
    behavior: str
    on_animal: float
    total: float
    even_on_animal: float
    even_total: float
    area: float
    mass: float
    log_odds: float
    scene: float


def main() -> int:
    """Print the table and write the maps; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demo", type=Path, help="Folder that `behavior demo` wrote.")
    parser.add_argument("--seed", type=int, default=0, help="Seed that the demo was rendered with.")
    parser.add_argument("--bouts", type=int, default=5, help="Bouts of each behavior in each test recording.")
    parser.add_argument("--out", type=Path, default=Path("maps"), help="Folder for the maps and the model of shuffled labels.")
    arguments = parser.parse_args()
    load_keras()
    try:
        shuffled = train_on_shuffled(arguments.demo, arguments.out / "shuffled")
        measured = [
            one
            for name, model in (("trained", arguments.demo / "model"), ("shuffled labels", shuffled))
            for one in measure(name, model, arguments.demo, seed=arguments.seed, n_bouts=arguments.bouts, out=arguments.out)
        ]
    except BehaviorError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    header = ["model", "behavior", "frames", "share on animal", "even", "animal's share of crop", "mass", "log-odds", "scene"]
    sys.stdout.write(format_markdown_table(header, list(tabulate(measured))) + "\n")
    return 0


def train_on_shuffled(demo: Path, out: Path) -> Path:
    """Train the demo's model on labels of other recordings, and return its folder; one that is there is used."""
    from behavior.workflows.train import train_model

    if not (out / "model" / BUNDLE_FILE).is_file():
        study, recordings = open_study(demo / "study.yaml")
        training = [recording for recording in recordings if recording.split == "train"]
        labels = [recording.labels for recording in training]
        make_folder(out)
        shuffled = [replace(one, labels=other) for one, other in zip(training, labels[1:] + labels[:1], strict=True)]
        write_manifest(out / "recordings.csv", shuffled)
        write_study(out / "study.yaml", study.model_copy(update={"recordings": Path("recordings.csv"), "cache": study.cache.resolve()}))
        train_model(out / "study.yaml", out / "model")
    return out / "model"


def measure(name: str, model: Path, demo: Path, *, seed: int, n_bouts: int, out: Path) -> Iterator[Measured]:
    """Explain frames in the middle of bouts, draw them into `out`, and yield what was measured of each map."""
    from behavior.learning.explainer import GRID, Explainer
    from behavior.learning.model_features import ModelFeatures
    from behavior.learning.opened_model import open_model
    from behavior.reporting.explained_frame import draw_explained_frame
    from behavior.vision.crops import take_crop
    from behavior.vision.occlusion import lay_out_map

    study, recordings = open_study(demo / "study.yaml")
    opened = open_model(model)
    sources = ModelFeatures(opened, cache=study.cache)
    make_folder(out)
    for index, recording in enumerate(recordings):
        if recording.split != "test":
            continue
        with Explainer(opened, sources, recording) as explainer:
            truth = act_study_recording(index, n_frames=explainer.features.frames.n_frames, seed=seed)
            for column, behavior in enumerate(truth.labels.behaviors):
                bouts = [bout for bout in find_bouts(truth.labels.values[:, column] == 1).tolist() if bout[1] - bout[0] >= _SHORTEST]
                for start, stop in (bouts[place] for place in np.unique(np.linspace(0, len(bouts) - 1, n_bouts).round().astype(int))):
                    frame = (start + stop) // 2
                    explanation = explainer.explain(behavior, [frame])
                    picture = explanation.picture
                    assert picture is not None
                    file = out / f"{recording.id}_{frame}_{behavior}_{name.replace(' ', '_')}.png"
                    write_bytes(file, render_png(draw_explained_frame(explanation), dpi=80))
                    size, side = len(picture.values), round(float(np.linalg.norm(picture.corners[1] - picture.corners[0])))
                    shown = np.repeat(truth.find_animal(frame)[..., None], 3, axis=2).astype(np.uint8) * 255
                    animal = take_crop(shown, picture.corners.mean(axis=0), crop_size=side, input_size=size)[..., 0] / 255
                    even = lay_out_map(picture.by_patch, GRID, np.ones((size, size)))
                    on_animal, total = weigh(picture.values, animal)
                    even_on_animal, even_total = weigh(even, animal)
                    mass = float(np.maximum(picture.by_patch, 0).mean())
                    numbers = on_animal, total, even_on_animal, even_total, float(animal.mean()), mass
                    yield Measured(name, behavior, *numbers, explanation.log_odds, picture.scene_log_odds)


def weigh(values: npt.NDArray[np.floating], animal: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Return how much of a map's positive mass lies on the animal, and how much there is."""
    positive = np.maximum(values, 0)
    return float((positive * animal).sum()), float(positive.sum())


def tabulate(measured: Sequence[Measured]) -> Iterator[list[str]]:
    """Yield the rows of the table: shares of all the mass of a behavior's maps, and of those of all behaviors."""
    for model in dict.fromkeys(one.model for one in measured):
        of_model = [one for one in measured if one.model == model]
        for behavior in [*dict.fromkeys(one.behavior for one in of_model), "pooled"]:
            some = [one for one in of_model if behavior in (one.behavior, "pooled")]
            share = sum(one.on_animal for one in some) / sum(one.total for one in some)
            even = sum(one.even_on_animal for one in some) / sum(one.even_total for one in some)
            means = [float(np.mean([getattr(one, name) for one in some])) for name in ("area", "mass", "log_odds", "scene")]
            yield [model, behavior, str(len(some)), f"{share:.2f}", f"{even:.2f}", *(f"{mean:.2f}" for mean in means)]


if __name__ == "__main__":
    raise SystemExit(main())
