"""Which other animals of a recording are described, and what their features say of themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pose_pairs import ANIMALS, FPS, PARTS, plan_contact, walk_pair

from behavior.config import Crop, PoseFiles
from behavior.embedding.other_animals import OtherAnimals, describe_others, name_others
from behavior.embedding.pose_stream import PoseStream
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import PoseError
from behavior.files.feature_cache import StaleCacheError
from behavior.files.pose import open_pose, write_deeplabcut
from behavior.recording import Recording, Track

CROP = Crop(body_part="body", body_axis=["tailbase", "nose"], size=100)
NEAREST = PoseFiles(others="nearest")
CONTACT = plan_contact(3, 200)


def write(path: Path, *names: str, lost: str = "") -> Recording:
    """Write the pose of animals of these names, the second near the first now and then; return the recording of the first."""
    pair = list(walk_pair(CONTACT, 3).values())
    gone = Track(np.full_like(pair[0].positions, np.nan), np.zeros_like(pair[0].likelihoods), PARTS)
    # Any more are far away.
    tracks = [*pair, *(Track(pair[0].positions + 5000 * number, pair[0].likelihoods, PARTS) for number in range(1, len(names)))]
    write_deeplabcut(path, {name: gone if name == lost else track for name, track in zip(names, tracks, strict=False)}, scorer="s")
    return Recording("a", pose=path, individual=names[0], fps=float(FPS))


def embed(recording: Recording, folder: Path, pose: PoseFiles) -> PoseStream:
    stream = PoseStream(crop=CROP, arena=None, cache=folder / "cache", pose=pose)
    stream.embed(RecordingInputs(recording))
    return stream


def read_column(stream: PoseStream, recording: Recording, name: str) -> np.ndarray:
    features = stream.read(recording)
    return features.features[:, features.attributes["columns"].index(name)].astype(float)


def test_a_list_is_for_all_animals_of_a_video(tmp_path: Path) -> None:
    recording = write(tmp_path / "a.csv", *ANIMALS, "third")
    opened, both = open_pose(tmp_path / "a.csv"), PoseFiles(others=["Intruder", "RESIDENT"])
    assert name_others(recording, CROP, both, opened) == ("Intruder",)
    assert name_others(Recording("b", individual="intruder"), CROP, both, opened) == ("RESIDENT",)
    assert name_others(recording, CROP, NEAREST, opened) == ("intruder", "third")
    assert name_others(Recording("c"), CROP.model_copy(update={"individual": "third"}), NEAREST, opened) == ANIMALS
    with pytest.raises(PoseError, match="is the only one that pose"):
        name_others(recording, CROP, PoseFiles(others="resident"), opened)


def test_a_pose_of_one_animal_has_no_other(tmp_path: Path) -> None:
    recording = write(tmp_path / "a.csv", "resident", "ghost", lost="ghost")
    with pytest.raises(PoseError, match="has the pose of no other animal than that of 'a'"):
        embed(recording, tmp_path, NEAREST)
    with pytest.raises(PoseError, match="ghost is not found in any frame"):
        embed(recording, tmp_path, PoseFiles(others=["ghost"]))
    with pytest.raises(PoseError, match="has no individual 'nobody', only resident, ghost"):
        embed(recording, tmp_path, PoseFiles(others=["nobody"]))


def test_contact_shows_in_the_gap(tmp_path: Path) -> None:
    recording = write(tmp_path / "a.csv", *ANIMALS)
    stream = embed(recording, tmp_path, PoseFiles(others=["intruder"]))
    gap = read_column(stream, recording, "other_nose_from_head")
    inside = CONTACT & np.roll(CONTACT, FPS) & np.roll(CONTACT, -FPS // 2)
    # The nose is 4 pixels from the nose: the middle of the body is 24 away, and it looks back along the 20 between them.
    np.testing.assert_allclose(gap[inside], 0.04, atol=0.01)
    assert gap[~CONTACT].max() > 1.5
    # The animal's own columns are what they are without others.
    alone = embed(recording, tmp_path, PoseFiles())
    own = alone.read(recording).features
    np.testing.assert_array_equal(stream.read(recording).features[:, : own.shape[1]], own)


def test_names_are_no_part_of_what_features_mean(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.csv", *ANIMALS), write(tmp_path / "b.csv", "m5", "m7")
    signatures = [
        embed(recording, tmp_path / recording.individual, PoseFiles(others=[other])).read(recording).signature
        for recording, other in ((first, "intruder"), (second, "m7"))
    ]
    assert signatures[0] == signatures[1]
    assert "intruder" not in signatures[0].text
    # One of three others, and the only one, mean the same where the nearest is taken.
    third = write(tmp_path / "c.csv", *ANIMALS, "x", "y")
    nearest = [embed(one, tmp_path / "n" / one.individual / str(n), NEAREST).read(one) for n, one in enumerate((first, third))]
    assert nearest[0].signature == nearest[1].signature != signatures[0]
    np.testing.assert_array_equal(nearest[0].features, nearest[1].features)


def test_features_of_another_animal_are_stale(tmp_path: Path) -> None:
    recording = write(tmp_path / "a.csv", *ANIMALS, "third")
    embed(recording, tmp_path, PoseFiles(others=["intruder"]))
    other = PoseStream(crop=CROP, arena=None, cache=tmp_path / "cache", pose=PoseFiles(others=["third"]))
    with pytest.raises(StaleCacheError):
        other.read(recording)


def test_the_signature_counts_animals_by_name_and_one_of_those_that_are_near() -> None:
    track = Track(np.zeros((1, 1, 2)), np.ones((1, 1)), ("Nose",))
    others = OtherAnimals(("a", "b"), (track, track), takes_nearest=False)
    assert describe_others(PoseFiles(others=["a", "b"]), others.body_parts) == {"nearest": False, "body_parts": [["nose"], ["nose"]]}
    assert describe_others(NEAREST, others.body_parts) == {"nearest": True, "body_parts": [["nose"]]}
