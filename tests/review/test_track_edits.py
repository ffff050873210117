from __future__ import annotations

from pathlib import Path

import pytest
from tracked_pair import locate, make_pair

from behavior.errors import UsageError
from behavior.recording import Spot, TrackCorrection
from behavior.reporting.corrected_tracks import CorrectedTrack, correct_track
from behavior.review.track_edits import TrackEdit, describe_correction, plan_correction


@pytest.fixture
def track(tmp_path: Path) -> CorrectedTrack:
    (tmp_path / "pair.mp4").write_bytes(b"pictures")
    return correct_track(make_pair(tmp_path / "pair.mp4"), [])


@pytest.mark.parametrize(
    ("edit", "correction"),
    [
        (TrackEdit("swap", 0, 1, frame=30), TrackCorrection("swap", locate(0, 29), locate(1, 30), 30)),
        (TrackEdit("swap", 0, 1, frame=10, until="crossing"), TrackCorrection("swap", locate(0, 9), locate(1, 10), 10, 30)),
        # The last tracklet ends with the video.
        (TrackEdit("swap", 0, 1, frame=40, until="crossing"), TrackCorrection("swap", locate(0, 39), locate(1, 40), 40)),
        # The reflection is not seen before: the other one goes on as it.
        (TrackEdit("swap", 2, 0, frame=40), TrackCorrection("swap", locate(0, 39), locate(2, 40), 40)),
        (TrackEdit("assign", tracklet=1, other=1), TrackCorrection("assign", locate(0, 45), locate(1, 15), 30, 60)),
        (TrackEdit("assign", tracklet=1), TrackCorrection("assign", locate(0, 45), None, 30, 60)),
        (TrackEdit("split", tracklet=1, frame=35), TrackCorrection("split", locate(0, 35))),
        (TrackEdit("remove", tracklet=4), TrackCorrection("remove", locate(2, 45), None, 40, 50)),
        (TrackEdit("merge", 2, 0), TrackCorrection("merge", locate(2, 45), locate(0, 15))),
        (TrackEdit("name", 1, name=" anna "), TrackCorrection("name", locate(1, 15), name="anna")),
    ],
)
def test_an_edit_says_what_is_where(track: CorrectedTrack, edit: TrackEdit, correction: TrackCorrection) -> None:
    assert plan_correction(track, edit) == correction


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (TrackEdit("swap", 0, 0, frame=30), "choose two animals"),
        (TrackEdit("swap", 0, 7, frame=30), "no such animal"),
        (TrackEdit("swap", 0, 1, frame=0), "nothing to exchange at frame 0"),
        (TrackEdit("split", tracklet=1, frame=30), "between its first frame and its last"),
        (TrackEdit("split", tracklet=9, frame=35), "no such tracklet"),
        (TrackEdit("remove"), "no such tracklet"),
        (TrackEdit("assign", tracklet=4, other=2), "all of it"),
        (TrackEdit("name", 1, name="../x"), "cannot be the name"),
        (TrackEdit("name", 1, name="animal1"), "called animal1 already"),
    ],
)
def test_an_edit_of_what_is_not_there_gets_a_sentence(track: CorrectedTrack, edit: TrackEdit, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        plan_correction(track, edit)


def test_corrections_are_told_in_words() -> None:
    here = Spot(4, 0, 0)
    assert describe_correction(TrackCorrection("swap", here, here, 5, 9)) == "exchanged from frame 5 to 8"
    assert describe_correction(TrackCorrection("assign", here, None, 5, 9)) == "frames 5 to 8: a new animal"
    assert describe_correction(TrackCorrection("name", here, name="anna")) == "named anna"
