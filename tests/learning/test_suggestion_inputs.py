"""What suggestions follow from: labels, features or pose, and ethograms; recordings that cannot be used are named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from behavior.files.ethograms import write_annotation
from behavior.files.feature_cache import cache_path
from behavior.files.feature_sources import Signature
from behavior.files.feature_writer import write_imported
from behavior.learning.suggestion_inputs import SuggestedBatch, SuggestionRequest, suggest_for_study
from behavior.recording import Annotation, Ethogram, Probabilities

FPS, N_FRAMES = 10, 300
BEHAVIORS = ("groom", "rear")
NAMES = ("m1", "m2", "m3")


def make_annotation(name: str, values: np.ndarray) -> Annotation:
    times = np.arange(len(values)) / FPS
    decided = Ethogram(values > 0.5, BEHAVIORS, times)
    return Annotation(name, Probabilities(values.astype(np.float32), BEHAVIORS, times), decided, decided)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three recordings of which nothing is known but imported features; the last one is held out for tests."""
    signature = Signature("motifs", {})
    for number, name in enumerate(NAMES):
        features = np.random.default_rng(number).normal(size=(N_FRAMES, 4)).astype(np.float32)
        path = cache_path(tmp_path / "cache", name, signature)
        path.parent.mkdir(exist_ok=True)
        write_imported(path, [features], n_frames=N_FRAMES, fps=FPS, is_wide=False, signature=signature, attributes={})
    path = tmp_path / "study.yaml"
    path.write_text("behaviors: [groom, rear]\nstreams: [motifs]\n")
    (tmp_path / "recordings.csv").write_text("recording,labels,labels_anna,split\nm1,m1.csv,,\nm2,,m2.csv,\nm3,,,test\n")
    return path


@pytest.fixture
def suggest(study: Path) -> Callable[..., SuggestedBatch]:
    def ask(**changes: object) -> SuggestedBatch:
        return suggest_for_study(SuggestionRequest(study, **{"count": 6, "random_share": 0.5, "clip_s": 1.0, **changes}))

    return ask


def test_held_out_and_labelled_frames_are_never_suggested(study: Path, suggest: Callable[..., SuggestedBatch]) -> None:
    # The first recording is labelled but for its last 100 frames; those that are observed are of both behaviors.
    (study.parent / "m1.csv").write_text("behavior,start_frame,stop_frame\ngroom,20,40\nobserved,0,200\n")
    batch = suggest()
    new = [one for one in batch.suggestions if not one.is_looked_at]
    assert len(new) == 6
    assert {one.recording for one in batch.suggestions} <= {"m1", "m2"}
    assert all(one.start_frame >= 200 for one in new if one.recording == "m1")
    assert batch.notes == ("There is no model yet, so the clips are chosen to cover what the videos show.",)
    assert suggest() == batch
    # Of another rater's labels, nothing is known in the first recording.
    assert any(one.start_frame < 200 for one in suggest(rater="anna", count=40).suggestions if one.recording == "m1")
    asked = {one.recording: ((one.start_frame, one.stop_frame),) for one in new}
    again = {(one.recording, one.start_frame) for one in suggest(asked=asked).suggestions}
    assert not again & {(name, span[0][0]) for name, span in asked.items()}


def test_ethograms_tell_where_the_model_is_unsure(study: Path, suggest: Callable[..., SuggestedBatch]) -> None:
    paths = {}
    for name in ("m1", "m2"):
        values = np.full((N_FRAMES, 2), 0.01)
        values[100:110, 1] = 0.45
        paths[name] = next(
            path for path in write_annotation(study.parent / "ethograms", make_annotation(name, values)) if path.suffix == ".csv"
        )
    batch = suggest(count=2, random_share=0, ethograms=paths)
    assert sorted((one.recording, one.start_frame, one.reason) for one in batch.suggestions) == [
        (name, 100, "the model is unsure about rear (0.45)") for name in ("m1", "m2")
    ]
    assert batch.notes == ()


def test_what_cannot_be_used_is_left_out_and_named(study: Path, suggest: Callable[..., SuggestedBatch]) -> None:
    (study.parent / "m1.csv").write_text("behavior,start_frame,stop_frame\ngroom,20,4000\n")
    short = make_annotation("m2", np.full((N_FRAMES - 5, 2), 0.5))
    path = next(path for path in write_annotation(study.parent / "ethograms", short) if path.suffix == ".csv")
    batch = suggest(ethograms={"m2": path})
    assert {one.recording for one in batch.suggestions} == {"m2"}
    assert any(note.startswith("m1 is left out: ") for note in batch.notes)
    assert any("what the model predicts of m2 is left out: it has other frames" in note for note in batch.notes)


def test_nothing_is_suggested_where_there_is_nothing(study: Path, suggest: Callable[..., SuggestedBatch]) -> None:
    for path in (study.parent / "cache").rglob("*.h5"):
        path.unlink()
    batch = suggest()
    assert batch.suggestions == ()
    assert sum("is left out: recording" in note for note in batch.notes) == 2


def test_clips_of_a_sampled_study_are_cut_from_frames(study: Path, suggest: Callable[..., SuggestedBatch]) -> None:
    (study.parent / "m1.csv").write_text("behavior,start_frame,stop_frame\ngroom,20,40\nobserved,0,200\n")
    study.write_text(study.read_text() + "sampling: {fps: 3}\n")
    batch = suggest(count=12)
    assert batch.notes == ("There is no model yet, so the clips are chosen to cover what the videos show.",)
    new = [one for one in batch.suggestions if not one.is_looked_at]
    # A second has 10 frames, and 3 rows of features.
    assert {one.stop_frame - one.start_frame for one in new} == {10}
    assert max(one.stop_frame for one in new) > N_FRAMES / 2
    assert all(one.start_frame >= 200 for one in new if one.recording == "m1")
