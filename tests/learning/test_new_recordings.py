"""New videos: which recordings they are for a model, and their annotations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from behavior.config import Crop
from behavior.errors import PoseError, UsageError
from behavior.files.pose import write_deeplabcut
from behavior.learning.new_recordings import annotate_individuals, list_new_recordings
from behavior.recording import Recording, Track

SEEN = Track(np.ones((3, 1, 2)), np.ones((3, 1)), ("nose",))
LOST = Track(np.full((3, 1, 2), np.nan), np.zeros((3, 1)), ("nose",))


def make_model(crop: Crop | None, *, trained: Crop | None = None) -> Any:
    return SimpleNamespace(crop=crop, description=SimpleNamespace(crop=trained or crop))


NOSE = make_model(Crop(body_part="nose"))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A video beside the pose of two animals, and of one that it does not show."""
    write_deeplabcut(tmp_path / "v_DLC.csv", {"a 1": SEEN, "b": SEEN, "ghost": LOST}, scorer="s")
    (tmp_path / "v.mp4").touch()
    return tmp_path / "v.mp4"


def test_each_animal_of_a_video_is_a_recording(video: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, second = list_new_recordings(NOSE, "v", video)
    assert (first.id, first.individual, first.animal) == ("v_a_1", "a 1", "v_a_1")
    assert (second.id, second.individual, second.companions) == ("v_b", "b", {"v_a_1": "a 1"})
    assert "v_DLC.csv: ghost has no position in any frame and has no recording." in caplog.messages
    assert list_new_recordings(NOSE, "v", video, taken=["V_B"])[1].id == "v_b_2"


def test_one_animal_may_be_asked_for_and_has_the_same_name(video: Path) -> None:
    (only,) = list_new_recordings(NOSE, "v", video, individual="B")
    assert (only.id, only.individual) == ("v_b", "b")
    with pytest.raises(PoseError, match="has no individual 'c', only a 1, b, ghost"):
        list_new_recordings(NOSE, "v", video, individual="c")


def test_a_model_of_one_animal_by_name_takes_the_video_as_one(video: Path) -> None:
    (only,) = list_new_recordings(make_model(Crop(body_part="nose", individual="b")), "v", video)
    assert (only.id, only.individual) == ("v", "")
    # Who names another one asks for that.
    asked = make_model(Crop(body_part="nose", individual="a 1"), trained=Crop(body_part="nose", individual="b"))
    assert [one.id for one in list_new_recordings(asked, "v", video, individual="a 1")] == ["v_a_1"]


def test_a_pose_of_one_animal_and_a_model_without_crops_need_no_choice(video: Path, tmp_path: Path) -> None:
    write_deeplabcut(tmp_path / "one.csv", SEEN, scorer="s")
    assert list_new_recordings(NOSE, "v", video, pose=tmp_path / "one.csv", individual="any") == [
        Recording("v", video=video, pose=tmp_path / "one.csv", animal="v")
    ]
    assert list_new_recordings(make_model(Crop(whole_frame=True)), "v", video) == [Recording("v", video=video, animal="v")]


def test_several_animals_where_one_is_wanted_are_refused_before_anything_is_computed(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("features were asked for")

    monkeypatch.setattr("behavior.learning.new_recordings.require_features_together", refuse)
    annotator: Callable[..., Any] = SimpleNamespace(model=NOSE, require_videos=lambda: None)  # type: ignore[assignment]
    with pytest.raises(UsageError, match=r"its pose has 2 individuals \(a 1, b\); name one with individual="):
        annotate_individuals(annotator, video, is_single=True)  # type: ignore[arg-type]
