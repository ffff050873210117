"""Animals that motion exchanges and appearance does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from behavior.embedding.animal_detection import choose_detection, detect_animals
from behavior.embedding.tracklet_cuts import TrackletCuts
from behavior.embedding.tracklet_identities import (
    Fingerprint,
    Looks,
    TrackletIdentities,
    identify_tracklets,
    join_looks_and_motion,
    resolve_animals,
)
from behavior.errors import TrainingError
from behavior.files.video_samples import sample_grey
from behavior.files.video_writer import write_video
from behavior.metrics.identities import identity_accuracy
from behavior.metrics.track_pairs import match_animals, pair_tracks
from behavior.metrics.tracking import score_tracks
from behavior.recording import Tracklet
from behavior.synthetic import act_group, draw_individuals
from behavior.tracking.animals import TrackedAnimals, gather_animals
from behavior.tracking.association import Associated, AssociationSettings, associate, choose_association
from behavior.tracking.background_detector import BackgroundDetector
from behavior.tracking.detections import Detections

N_FRAMES = 240
NO_CUTS = TrackletCuts.before_crops(*np.zeros((3, 0), dtype=np.int64))


def meet() -> npt.NDArray[np.float64]:
    """Two animals, (T, 2, 2), that meet four times: at the first and third time they turn back, as motion does not expect."""
    phase = np.linspace(0, 4, N_FRAMES, endpoint=False)
    away = 80 * np.abs((phase % 1) - 0.5) * 2
    # Which side the first is on before, between and after the meetings.
    side = np.array([-1, -1, 1, 1, -1])[(phase + 0.5).astype(int)]
    y = 40 + 12 * np.sin(np.arange(N_FRAMES) / 20)
    return np.stack((np.column_stack((100 + side * away, y)), np.column_stack((100 - side * away, y + 3))), axis=1)


# Where they are nearest.
FIRST_MEETING = N_FRAMES // 8


def draw(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    picture = np.full((80, 200, 3), 200, dtype=np.uint8)
    for (x, y), patch in zip(positions, (30, 110), strict=True):
        center = (round(x * 16), round(y * 16))
        cv2.ellipse(picture, center, (208, 88), 0, 0, 360, (60, 60, 60), cv2.FILLED, cv2.LINE_AA, 4)
        cv2.circle(picture, center, 64, (patch, patch, patch), cv2.FILLED, cv2.LINE_AA, 4)
    return picture


Video = tuple[Path, list[Detections], Associated, AssociationSettings]


def follow(path: Path, n_animals: int) -> Video:
    samples, _ = sample_grey(path)
    detection = choose_detection(path, samples, None, n_animals=n_animals)
    found, _ = detect_animals(path, BackgroundDetector(samples, detection))
    settings = choose_association(found, length=detection.size.length, motion="acceleration", n_animals=n_animals)
    return path, found, associate(found, settings), settings


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Video:
    path = tmp_path_factory.mktemp("videos") / "pair.mp4"
    write_video(path, [draw(positions) for positions in meet()], fps=25)
    return follow(path, 2)


def score(animals: TrackedAnimals, truth: npt.NDArray[np.float64], length: float) -> dict[str, float]:
    return score_tracks(truth, np.where(animals.seen[..., None], animals.positions, np.nan), body_length_px=length)


def test_animals_that_motion_exchanges_stay_themselves(pair: Video) -> None:
    _, found, associated, settings = pair
    alone = score(gather_animals(found, associated, settings), meet(), 26)
    assert alone["idf1"] < 0.8
    animals, identities = resolve_animals(*pair, fingerprint="correlogram", arena=200 * 80)
    scores = score(animals, meet(), 26)
    assert scores["idf1"] > 0.97 and scores["hota"] > alone["hota"] + 0.1 and scores["identity_switches"] <= alone["identity_switches"]
    tracklets = animals.make_tracklets()
    assert identities.measure_sure(tracklets) > 0.9
    # Numbers of tracklets, of their animals and of their crops are those of the new track.
    for number, tracklet in enumerate(tracklets):
        assert (animals.tracklets[tracklet.frames, identities.animals[number]] == number).all()
        assert np.isin(identities.crops.frames[identities.crops.owners == number], tracklet.frames).all()


def exchange_without_an_end(associated: Associated) -> Associated:
    """The same, but the animals are exchanged in the middle of their first meeting, which ends no tracklet: two are both animals."""
    chosen, certain = associated.chosen.copy(), associated.certain.copy()
    certain[FIRST_MEETING - 10 : FIRST_MEETING + 10] = True
    chosen[FIRST_MEETING:], certain[FIRST_MEETING:] = chosen[FIRST_MEETING:, ::-1], certain[FIRST_MEETING:, ::-1]
    return replace(associated, chosen=chosen, certain=certain)


def test_tracklets_that_turn_into_another_animal_are_cut_there(pair: Video) -> None:
    path, found, associated, settings = pair
    exchanged = exchange_without_an_end(associated)
    before = gather_animals(found, exchanged, settings).make_tracklets()
    animals, identities = resolve_animals(path, found, exchanged, settings, fingerprint="correlogram", arena=200 * 80)
    assert score(animals, meet(), 26)["idf1"] > 0.97
    tracklets = animals.make_tracklets()
    starts = [one.start_frame for one in tracklets if abs(one.start_frame - FIRST_MEETING) <= 10]
    assert len(starts) == 2 and len(tracklets) == len(identities.animals) == len(before) + 2
    assert identities.measure_sure(tracklets) > 0.9
    for number, tracklet in enumerate(tracklets):
        assert (animals.tracklets[tracklet.frames, identities.animals[number]] == number).all()
        assert np.isin(identities.crops.frames[identities.crops.owners == number], tracklet.frames).all()


@pytest.mark.slow
def test_a_network_on_the_vectors_of_a_backbone_tells_them_apart_too(pair: Video) -> None:
    animals, _ = resolve_animals(*pair, fingerprint="backbone", arena=200 * 80)
    assert score(animals, meet(), 26)["idf1"] > 0.97


def test_the_same_again_is_the_same(pair: Video) -> None:
    first, second = (resolve_animals(*pair, fingerprint="correlogram", arena=200 * 80) for _ in range(2))
    assert np.array_equal(first[0].tracklets, second[0].tracklets)
    assert np.array_equal(first[1].probabilities, second[1].probabilities)


def test_animals_that_always_touch_are_left_to_motion(pair: Video) -> None:
    path, found, associated, settings = pair
    tracklets = gather_animals(found, associated, settings).make_tracklets()
    always = [replace(one, touching=np.ones(len(one), dtype=bool)) for one in tracklets]
    with pytest.raises(TrainingError, match="animals cannot be told apart by appearance"):
        identify_tracklets(path, always, 2, fingerprint="correlogram", arena=200 * 80)


def test_animals_without_a_size_are_left_to_motion(pair: Video) -> None:
    path, found, associated, settings = pair
    unknown = [replace(one, lengths=np.full(len(one), np.nan)) for one in found]
    tracklets = gather_animals(unknown, associated, settings).make_tracklets()
    with pytest.raises(TrainingError, match="no tracklet has a size"):
        identify_tracklets(path, tracklets, 2, fingerprint="correlogram", arena=200 * 80)


def stay(start: int, stop: int, x: float) -> Tracklet:
    frames = np.arange(start, stop)
    n = len(frames)
    return Tracklet(frames, np.tile([x, 0.0], (n, 1)), np.full(n, np.nan), np.tile([20.0, 8.0], (n, 1)), np.zeros(n, dtype=bool))


def test_a_tracklet_without_a_crop_is_the_animal_that_was_there() -> None:
    tracklets = [stay(0, 10, 0), stay(0, 10, 90), stay(11, 12, 89), stay(11, 12, 2), stay(13, 20, 0), stay(13, 20, 90)]
    sure = np.log(np.array([[0.99, 0.01], [0.01, 0.99], [0.5, 0.5], [0.5, 0.5], [0.99, 0.01], [0.01, 0.99]]))
    animals, probabilities = join_looks_and_motion(Looks(np.array([0, 1, -1, -1, 0, 1]), sure, NO_CUTS), tracklets, arena=1e4)
    assert animals.tolist() == [0, 1, 1, 0, 0, 1] and (probabilities > 0.99).all()


def test_identities_are_selected_with_their_crops(pair: Video) -> None:
    _, identities = resolve_animals(*pair, fingerprint="correlogram", arena=200 * 80)
    rows = np.array([2, 0])
    chosen: TrackletIdentities = identities.select(rows)
    assert np.array_equal(chosen.animals, identities.animals[rows]) and len(chosen.usable) == len(chosen.crops.images)
    assert np.array_equal(chosen.crops.images[chosen.crops.owners == 0], identities.crops.images[identities.crops.owners == 2])


@pytest.mark.slow
@pytest.mark.parametrize("fingerprint", ["correlogram", "dense", "cnn"])
def test_five_animals_of_like_coats_are_told_apart(fingerprint: Fingerprint, five: tuple[Video, npt.NDArray[np.float64]]) -> None:
    video, truth = five
    _, found, associated, settings = video
    alone = gather_animals(found, associated, settings)
    animals, _ = resolve_animals(*video, fingerprint=fingerprint, arena=480 * 480)
    before, after = score(alone, truth, 44), score(animals, truth, 44)
    assert after["idf1"] > 0.95 > before["idf1"] + 0.15 and after["hota"] > before["hota"] + 0.15
    assert after["identity_switches"] < before["identity_switches"]
    accuracies = [measure_accuracy(one, truth) for one in (alone, animals)]
    assert accuracies[1] > 0.95 > accuracies[0] + 0.15


@pytest.mark.slow
@pytest.mark.parametrize("fingerprint", ["correlogram", "dense", "cnn"])
def test_names_of_five_animals_do_not_flicker_in_long_contacts(
    fingerprint: Fingerprint, five_in_contact: tuple[Video, npt.NDArray[np.float64]]
) -> None:
    video, truth = five_in_contact
    animals, _ = resolve_animals(*video, fingerprint=fingerprint, arena=480 * 480)
    scores = score(animals, truth, 44)
    assert scores["identity_switches"] <= 2
    assert scores["idf1"] > 0.95 and measure_accuracy(animals, truth) > 0.95


def render_five(path: Path, *, seed: int, n_frames: int, group_seed: int) -> tuple[Video, npt.NDArray[np.float64]]:
    """Render five animals of like coats, with crossings and a roof, and follow them by motion."""
    group = act_group(draw_individuals(5, seed=seed, alike=True), n_frames=n_frames, seed=group_seed, box_seed=0)
    write_video(path, group.frames(), fps=25)
    return follow(path, 5), np.where(group.present[..., None], group.centroids, np.nan)


@pytest.fixture(scope="module")
def five_in_contact(tmp_path_factory: pytest.TempPathFactory) -> tuple[Video, npt.NDArray[np.float64]]:
    """1,500 frames with long contacts."""
    return render_five(tmp_path_factory.mktemp("videos") / "five.mp4", seed=1, n_frames=1500, group_seed=7)


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> tuple[Video, npt.NDArray[np.float64]]:
    """3,000 frames in which motion alone exchanges animals."""
    return render_five(tmp_path_factory.mktemp("videos") / "five.mp4", seed=0, n_frames=3000, group_seed=100)


def measure_accuracy(animals: TrackedAnimals, truth: npt.NDArray[np.float64]) -> float:
    """Return the share of the true positions at which the right animal is."""
    predicted = np.where(animals.seen[..., None], animals.positions, np.nan)
    matched = match_animals(pair_tracks(truth, predicted, body_length_px=44))
    true = np.where(np.isfinite(truth[..., 0]), np.arange(truth.shape[1]), -1)
    return identity_accuracy(true, matched)["frame_accuracy"]
