"""How well behaviors are told from what `openfield` sees, in videos of the renderers that it was and was not trained on.

    python scripts/evaluate_renderers.py results
    python scripts/evaluate_renderers.py results --weights packaged other=other.weights.h5 --renderers solid

Studies of the same recordings are rendered: `painted` as the demo is, one of the ways that the packaged weights were trained on; `solid`,
bodies in space along the rays of a camera; and `flat`, as in `evaluate_familiarity.py`. The last two were never used in training. Each
study is cross-validated with the demo's settings, on `appearance` alone and on `appearance, motion, pose`: heads are trained on the study's
own recordings, the backbone is not. Printed is the average precision of each behavior over all recordings, out of fold.

The folder keeps videos, features and cross-validations; what is there is not computed again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import pandas as pd
import yaml
from evaluate_familiarity import FPS, SCORER, SIZE, draw_otherwise

from behavior.compute.where import Where
from behavior.files.frame_tables import write_frame_table
from behavior.files.pose import write_deeplabcut
from behavior.files.video_writer import write_video
from behavior.learning.crossval_files import DIGEST_FILE
from behavior.metrics.tables import MetricIndex
from behavior.synthetic import degrade_track, write_study_files
from behavior.synthetic.acting import Renderer
from behavior.synthetic.study import act_study_recording

BEHAVIORS = ("grooming", "mid_rearing", "wall_rearing")
STREAMS = (("appearance",), ("appearance", "motion", "pose"))
FLAT = "flat"
RENDERERS = (*get_args(Renderer), FLAT)


def main() -> None:
    """Make what is not there yet and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", nargs="+", default=["packaged"], help="packaged, or NAME=FILE.weights.h5 (default: packaged)")
    parser.add_argument("--renderers", nargs="+", choices=RENDERERS, default=list(RENDERERS))
    parser.add_argument(
        "--streams", nargs="+", type=int, choices=[1, 3], default=[1, 3], help="1: appearance alone; 3: with motion and pose"
    )
    parser.add_argument("--recordings", type=int, default=6, help="in each study (default: 6, so that heads are trained on 5)")
    parser.add_argument("--frames", type=int, default=1500, help="of each recording, at 10 frames per second (default: 1500)")
    parser.add_argument("--seed", type=int, default=70)
    arguments = parser.parse_args()
    for renderer in arguments.renderers:
        render(arguments.folder / renderer, renderer, arguments.recordings, arguments.frames, arguments.seed)
    print(f"{'renderer':10s}{'weights':14s}{'streams':28s}" + "".join(f"{name:>14s}" for name in (*BEHAVIORS, "mean")))
    for renderer in arguments.renderers:
        for streams in (streams for streams in STREAMS if len(streams) in arguments.streams):
            for given in arguments.weights:
                name, _, path = given.rpartition("=")
                weights = str(Path(path).resolve()) if name else path
                values = score(arguments.folder / renderer, streams, name or path, weights)
                cells = "".join(f"{value:14.3f}" for value in (*values, np.mean(values)))
                print(f"{renderer:10s}{name or path:14s}{', '.join(streams):28s}{cells}", flush=True)


def render(folder: Path, renderer: str, n_recordings: int, n_frames: int, seed: int) -> None:
    """Render a study that is not there yet."""
    if (folder / "recordings.csv").is_file():
        return
    videos = folder / "videos"
    if renderer == FLAT:
        videos.mkdir(parents=True, exist_ok=True)
        for index in range(n_recordings):
            recording = act_study_recording(index, n_frames=n_frames, seed=seed, size=SIZE)
            name = f"mouse_{index + 1:02d}"
            write_video(videos / f"{name}.mp4", draw_otherwise(recording, is_flat=True, seed=index), fps=FPS, crf=23, preset="veryfast")
            track = degrade_track(recording.track, np.random.default_rng((seed, index)))
            write_deeplabcut(videos / f"{name}{SCORER}.csv", track, scorer=SCORER)
            write_frame_table(videos / f"{name}_labels.csv", recording.labels)
    else:
        sizes: dict[str, Any] = {"n_recordings": n_recordings, "n_frames": n_frames, "seed": seed, "size": SIZE, "fps": FPS}
        write_study_files(videos, **sizes, renderer=cast(Renderer, renderer), where=Where(workers=2))
    names = sorted(path.stem for path in videos.glob("*.mp4"))
    rows = [f"{name},videos/{name}.mp4,videos/{name}{SCORER}.csv,videos/{name}_labels.csv,{name},train" for name in names]
    (folder / "recordings.csv").write_text("\n".join(["recording,video,pose,labels,animal,split", *rows]) + "\n")


def score(folder: Path, streams: Sequence[str], name: str, weights: str) -> list[float]:
    """Return the average precision of each behavior out of fold; embed and cross-validate where that is not done yet."""
    from behavior.workflows.crossval import cross_validate
    from behavior.workflows.embed import embed_study

    study: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "configs" / "demo.yaml").read_text())
    study["streams"] = list(streams)
    study["backbone"]["weights"] = weights
    if len(streams) > 1:
        study["crop"] |= {"body_axis": ["tailbase", "neck"]}
        study["features"] = {"standardize": True}
    path, out = folder / f"{name}_{len(streams)}.yaml", folder / f"crossval_{name}_{len(streams)}"
    path.write_text(yaml.safe_dump(study))
    if not (out / DIGEST_FILE).is_file():
        failures = embed_study(path).failures
        if failures:
            raise SystemExit("\n".join(failures.values()))
        cross_validate(path, out)
    metrics = MetricIndex(pd.read_csv(out / "metrics.csv"))
    return [metrics.find(behavior, "average_precision").value for behavior in BEHAVIORS]


if __name__ == "__main__":
    main()
