"""The methods paragraph: what is known is said, what is not is left out, and what is cited is listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from behavior import __version__
from behavior.config import Crop, Ensemble, LstmHead, Postprocess, Study, Training
from behavior.files.feature_sources import Signature
from behavior.files.model_bundle import BundleDescription, MemberDescription, StreamDescription, TrainingRecord
from behavior.recording import Recording
from behavior.reporting.html_page import Listing, Paragraph
from behavior.reporting.methods import make_methods_section
from behavior.reporting.scores_section import Scores, score_held_out
from behavior.reporting.sources import Model, ReportSources

Make = Callable[..., Any]
NOTHING = ReportSources(None, None, [], None, None, [])


def make_study(**settings: Any) -> Study:
    return Study(behaviors=["groom", "rear"], **{"streams": ["motifs"], **settings})


def write(
    study: Study | None = None, *, model: Model | None = None, held_out: Scores | None = None, description: Any = None, versions: Any = None
) -> tuple[str, list[str]]:
    """Return the paragraph and its references."""
    recordings = [Recording("a", animal="m1"), Recording("b", animal="m1")] if study else []
    sources = ReportSources(None, study, recordings, None, model, [])
    _, paragraph, *listing = make_methods_section(sources, held_out, description, versions or {}).blocks
    assert isinstance(paragraph, Paragraph)
    return paragraph.words, list(listing[0].points) if listing and isinstance(listing[0], Listing) else []


def make_model(**training: Any) -> Model:
    record = {
        "recordings": ["a", "b", "c"],
        "watched": {"groom": ["c"], "rear": ["c"]},
        "stopping": "Stopped.",
        "epochs": {"groom": [4], "rear": [9]},
        "seed": 3,
        "skipped": {},
        "test_average_precision": {},
        **training,
    }
    member = MemberDescription(
        file="all.keras",
        behaviors=["groom", "rear"],
        streams=[StreamDescription(name="motifs", signature=Signature("motifs", {}).text, n_features=4)],
        window_length=300,
        head=LstmHead(),
    )
    bundle = BundleDescription(
        behaviors=["groom", "rear"],
        members=[member],
        fps=25.0,
        postprocess=Postprocess(threshold={"groom": 0.4, "rear": 0.5}, closing_frames=5, min_bout_frames=4),
        training=TrainingRecord(**record),
        versions={},
    )
    return Model(Path("model"), bundle, "0" * 32)


def test_of_nothing_only_the_program_is_known() -> None:
    words, references = write()
    assert words == f"Behavior was annotated with behavior {__version__}."
    assert references == []


def test_a_study_says_what_was_trained_and_how() -> None:
    words, references = write(make_study(head=LstmHead(layers=1, units=32, dropout=0.5), training=Training(seed=7, epochs=15, patience=5)))
    assert words.startswith("2 videos of 1 animal were used, and groom and rear were learned.")
    assert "Features 'motifs' were computed by other means and imported." in words
    assert "LSTM layer [1] of 32 units, with a dropout of 0.5, gave a probability per frame on windows of" in words
    assert "trained with Adam [2]" in words
    assert "for at most 15 epochs, stopping early after 5 without improvement (seed 7)" in words
    assert [reference.split(" ")[:2] for reference in references] == [["[1]", "Hochreiter"], ["[2]", "Kingma"]]


def test_a_work_is_numbered_by_its_first_mention() -> None:
    words, references = write(make_study(head={"kind": "tcn"}, ensemble=Ensemble(seeds=3)))
    assert "a temporal convolutional network [1]" in words
    assert "The probabilities of 3 networks were averaged." in words
    assert references[0].startswith("[1] Bai S")


def test_trees_are_described_without_what_trains_networks() -> None:
    boosting = {"kind": "boosting", "windows_s": [0.5, 2], "trees": 70, "leaves": 9}
    words, references = write(make_study(head=boosting))
    assert "histogram-based gradient-boosted trees [1] (at most 70 of 9 leaves) on the features of a frame, and their means" in words
    assert "in windows of 0.5 and 2 s around it" in words
    assert "Adam" not in words
    assert references[0].startswith("[1] Ke G")
    words, _ = write(make_study(ensemble=Ensemble(members=[{"head": boosting}, {"head": {"kind": "lstm"}}])))
    assert "Adam" in words
    assert "The probabilities of 2 models were averaged." in words


def test_crops_backbones_and_steps_are_described() -> None:
    crop = Crop(body_part=["left", "right"], size=160, min_likelihood=0.6)
    study = make_study(streams=["appearance", "motion"], crop=crop, backbone={"name": "openfield", "weights": "packaged"})
    words, references = write(study.model_copy(update={"features": study.features.model_copy(update={"average": 4, "pca": 20})}))
    assert "cropped to a square of 160 x 160 pixels around left and right; positions with a likelihood below 0.6 were interpolated" in words
    assert "openfield, a small convolutional network that comes with behavior and was trained on rendered scenes" in words
    assert "dense optical flow [1]" in words
    assert "Features were averaged over 4 frames" in words
    assert "reduced by principal component analysis (20)" in words
    assert references[0].startswith("[1] Kroeger T")


@pytest.mark.parametrize("combine", ["features", "predictions"])
def test_each_view_is_described_by_its_own_crop_and_backbone(combine: str) -> None:
    side = {"crop": {"whole_frame": True}, "backbone": {"name": "squeezenet"}}
    study = make_study(
        streams=["appearance", "appearance@side", "imu@side"],
        crop=Crop(body_part="midbody"),
        views={"combine": combine, "others": {"side": side}},
    )
    words, _ = write(study)
    assert words.count("Animals were recorded from 2 sides") == 1
    assert "Whole frames of the view side were used." in words and "around midbody" in words
    assert "Each crop of the view side was embedded by squeezenet" in words
    assert "Features 'imu' of the view side were computed by other means" in words


def test_a_model_says_on_how_many_recordings_it_was_trained_and_how_it_decides() -> None:
    words, _ = write(model=make_model())
    assert "The final model was trained on 2 recordings for 4 to 9 epochs; 1 validation recording for early stopping (seed 3)." in words
    assert "from a probability of 0.4 (groom), 0.5 (rear) on; gaps of up to 4 frames within a bout were closed" in words
    assert "bouts of fewer than 4 frames were dropped (25 frames per second)" in words
    alone, _ = write(model=make_model(recordings=["a"], watched={}, epochs={"groom": [5]}))
    assert "The final model was trained on 1 recording for 5 epochs (seed 3)." in alone


def test_frames_that_are_sampled_are_described_and_lengths_are_in_seconds() -> None:
    study = make_study(sampling={"fps": 10}, windows={"length_s": 30}, features={"average": 2})
    words, _ = write(study)
    assert "Of each video, the frames nearest to a grid of 10 frames per second were used" in words
    assert "on windows of 30 s, a vector for every 2 frames." in words
    model = make_model()
    sampled = model.description.model_copy(
        update={"sampling": study.sampling, "fps": 10.0, "postprocess": Postprocess(closing_s=0.4, min_bout_s={"groom": 0.3, "rear": 0.2})}
    )
    words, _ = write(model=replace(model, description=sampled))
    # Its closing counts frames of videos of any rate.
    assert "gaps shorter than 0.4 s within a bout were closed; bouts shorter than 0.3 (groom), 0.2 (rear) s were dropped." in words
    assert "(10 frames per second)" not in words


def test_ethograms_and_held_out_scores_are_described(make_recording: Make, make_description: Make) -> None:
    recordings = [make_recording(name, 2, is_labelled=True, learned_from=False, group=group) for name, group in (("a", "x"), ("b", "y"))]
    words, _ = write(
        held_out=score_held_out(recordings), description=make_description(recordings), versions={"python": "3.11", "keras": "3.9"}
    )
    assert words.startswith("2 videos of 2 animals (10 frames per second, 1.0 minutes in all) were annotated for groom and rear.")
    assert f"behavior {__version__} (Python 3.11, Keras 3.9)." in words
    assert "On 2 recordings that the final model was not trained on, average precision was 0." in words
    assert "frame F1 0.500" in words
    assert "frame F1 undefined and segment F1 undefined for rear" in words
    assert words.endswith("Corrected after Holm.")


@pytest.mark.parametrize(
    ("correction", "expected"), [("holm", "Corrected after Holm."), ("fdr", "Corrected after Benjamini and Hochberg.")]
)
def test_the_correction_is_named(make_recording: Make, make_description: Make, correction: str, expected: str) -> None:
    recordings = [make_recording("a", group="x"), make_recording("b", group="y")]
    assert write(description=make_description(recordings, correction=correction))[0].endswith(expected)
