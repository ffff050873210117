"""`behavior demo`: renders a small study with known labels and takes it through every stage."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from behavior.compute.where import Where
from behavior.config import Backbone, Crop, LstmHead, OtherView, Postprocess, Study, Training, Views, Windows
from behavior.errors import BehaviorError, OutputError, count_noun
from behavior.figures.ethograms import draw_ethogram
from behavior.figures.rendering import render_png
from behavior.files.atomic import make_folder, write_bytes
from behavior.files.ethograms import read_annotation
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.files.manifest import write_manifest
from behavior.files.study import write_study
from behavior.files.view_cells import name_view
from behavior.metrics.tables import MetricIndex
from behavior.progress import announce
from behavior.recording import Recording
from behavior.synthetic.acting import Renderer
from behavior.synthetic.study import RecordingFiles, write_study_files
from behavior.workflows.annotate import AnnotateOptions, annotate_study
from behavior.workflows.check import check_study
from behavior.workflows.crossval import cross_validate
from behavior.workflows.embed import embed_study
from behavior.workflows.report import write_report
from behavior.workflows.train import train_model

__all__ = ["DEMO_STUDY", "DemoResult", "run_demo"]

N_TRAINING, N_TEST = 6, 2
N_FRAMES = 1500
# What the second camera is called.
SIDE = "side"
# What configs/demo.yaml says.
DEMO_STUDY = Study(
    recordings=Path("recordings.csv"),
    behaviors=["grooming", "mid_rearing", "wall_rearing"],
    crop=Crop(body_part="midbody", size=160, min_likelihood=0.6),
    backbone=Backbone(name="openfield", weights="packaged"),
    windows=Windows(length=150),
    head=LstmHead(layers=1, units=32, dropout=0.5),
    training=Training(learning_rate=0.005, batch_size=4, epochs=15, patience=5),
    postprocess=Postprocess(threshold=0.5, closing_frames=5, min_bout_frames=4),
)


@dataclass
class DemoResult:
    """Where the demo wrote its files, and how good its model is.

    Attributes
    ----------
    study, crossval, model, ethograms, report, pictures
        Paths.
    average_precision
        On the test recordings, by behavior.
    seconds
        Of each stage.
    """

    study: Path
    crossval: Path
    model: Path
    ethograms: Path
    report: Path
    pictures: list[Path]
    average_precision: dict[str, float]
    seconds: dict[str, float] = field(default_factory=dict)


def run_demo(
    out: Path,
    *,
    seed: int = 0,
    n_training: int = N_TRAINING,
    n_test: int = N_TEST,
    n_frames: int = N_FRAMES,
    study: Study = DEMO_STUDY,
    side: Literal["features", "predictions"] | None = None,
    renderer: Renderer = "painted",
) -> DemoResult:
    """Render a study of `n_training` and `n_test` recordings into `out` and run check, embed, crossval, train, annotate and report on it.

    Parameters
    ----------
    out
        A folder that is empty or not there yet.
    seed
        Of the rendered study; the same seed gives the same study.
    n_frames
        Frames of a recording, at 10 frames per second.
    study
        What is done with the recordings.
    side
        How a second camera, which records the same mice from the side, goes together with the first (`views.combine`); None for one camera.
    renderer
        How the recordings are drawn: `painted` as the packaged backbone was trained on, or `solid` as it was not.

    Raises
    ------
    OutputError
        If `out` is not empty or cannot be written to.
    BehaviorError
        If a stage fails.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out}: is not empty; give a new folder to the demo, or delete that one.")
    make_folder(out)
    if side is not None:
        views = Views(combine=side, others={SIDE: OtherView()})
        study = study.model_copy(update={"streams": [*study.streams, *(f"{name}@{SIDE}" for name in study.streams)], "views": views})
    result = DemoResult(out / "study.yaml", out / "crossval", out / "model", out / "ethograms", out / "report.html", [], {})

    @contextmanager
    def stage(name: str, description: str) -> Iterator[None]:
        announce(f"\n{name}: {description}")
        began = time.perf_counter()
        yield
        result.seconds[name] = time.perf_counter() - began
        announce(f"{name}: {result.seconds[name]:.1f} s")

    with stage("render", f"rendering {count_noun(n_training + n_test, 'recording')} of {count_noun(n_frames, 'frame')}"):
        recordings = _render(out, study, seed=seed, n_training=n_training, n_test=n_test, n_frames=n_frames, renderer=renderer)
    with stage("check", "checking videos, pose and labels"):
        report = check_study(result.study)
        if report.has_errors:
            raise BehaviorError("; ".join(problem.message for problem in report.problems if problem.is_error))
    with stage("embed", "embedding every frame"):
        _require_none(embed_study(result.study).failures)
    with stage("crossval", "cross-validating: each training recording is predicted by models that never saw it"):
        cross_validate(result.study, result.crossval)
    with stage("train", "training on all training recordings"):
        trained = train_model(result.study, result.model, crossval=result.crossval)
        _require_none(trained.skipped)
    with stage("annotate", "annotating every recording"):
        _require_none(annotate_study(result.model, result.study, result.ethograms, AnnotateOptions()).failures)
    with stage("report", "writing it all down"):
        _require_none(write_report([result.study], result.report).failures)
    assert trained.metrics is not None
    metrics = MetricIndex(trained.metrics)
    result.average_precision = {name: metrics.find(name, "average_precision").value for name in study.behaviors}
    result.pictures = [_draw(recording, result.ethograms, study) for recording in recordings if recording.split == "test"]
    return result


def _render(out: Path, study: Study, *, seed: int, n_training: int, n_test: int, n_frames: int, renderer: Renderer) -> list[Recording]:
    """Render the recordings, write the study and return its manifest."""
    where = Where(workers=os.cpu_count())
    sizes = {"n_recordings": n_training + n_test, "n_frames": n_frames, "seed": seed}
    files = write_study_files(out / "videos", **sizes, with_side=study.views is not None, renderer=renderer, where=where)
    recordings = [
        Recording(
            rendered.name,
            video=rendered.video.resolve(),
            pose=rendered.pose.resolve(),
            labels={"": rendered.labels.resolve()},
            animal=rendered.name,
            split="train" if number < n_training else "test",
            views=_list_views(rendered),
        )
        for number, rendered in enumerate(files)
    ]
    write_manifest(out / "recordings.csv", recordings)
    write_study(out / "study.yaml", study)
    return recordings


def _list_views(rendered: RecordingFiles) -> dict[str, Recording]:
    if rendered.side_video is None or rendered.side_pose is None:
        return {}
    return {SIDE: Recording(name_view(rendered.name, SIDE), video=rendered.side_video.resolve(), pose=rendered.side_pose.resolve())}


def _draw(recording: Recording, ethograms: Path, study: Study) -> Path:
    """Draw what the model predicts of one recording beneath the labels."""
    annotation = read_annotation(ethograms / f"{recording.id}_ethogram.csv")
    labels, _ = read_labels(recording.labels[""], LabelRequest(tuple(study.behaviors), annotation.frames))
    path = ethograms / f"{recording.id}_ethogram.png"
    figure = draw_ethogram(
        annotation.time_s,
        annotation.probabilities.values,
        annotation.ethogram.values,
        annotation.behaviors,
        labels=labels.values,
        title=f"{recording.id}: known behavior above, decided below",
    )
    write_bytes(path, render_png(figure))
    return path


def _require_none(failures: Mapping[str, str]) -> None:
    if failures:
        raise BehaviorError("; ".join(failures.values()))
