"""The vocabulary checks its shapes when it is made."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.provenance import Provenance
from behavior.recording import (
    Annotation,
    Bout,
    Ethogram,
    Frames,
    Labels,
    Probabilities,
    Track,
    Tracklet,
    find_bouts,
    is_safe_name,
)


def test_frames_have_as_many_times_as_there_are_frames() -> None:
    time_s = np.array([0.0, 0.1, 0.3])
    frames = Frames.from_times(time_s, broke_off=True)
    assert (frames.n_frames, frames.broke_off) == (3, True)
    assert frames.time_s is time_s
    assert Frames(3) == Frames(3, None, broke_off=False)
    for times in (np.zeros(4), np.zeros((3, 1))):
        with pytest.raises(ValueError, match=r"time_s have shape .*, expected \(3\)"):
            Frames(3, times)
    with pytest.raises(ValueError, match="n_frames is -1"):
        Frames(-1)


def test_a_track_has_a_position_and_a_likelihood_for_each_part() -> None:
    track = Track(np.zeros((4, 2, 2)), np.ones((4, 2)), ("nose", "tail"))
    assert len(track) == 4
    with pytest.raises(ValueError, match=r"positions have shape \(4, 2, 3\), expected \(T, 2, 2\)"):
        Track(np.zeros((4, 2, 3)), np.ones((4, 2)), ("nose", "tail"))
    with pytest.raises(ValueError, match=r"likelihoods have shape \(3, 2\), expected \(4, 2\)"):
        Track(np.zeros((4, 2, 2)), np.ones((3, 2)), ("nose", "tail"))
    with pytest.raises(ValueError, match="body_parts repeat a name"):
        Track(np.zeros((4, 2, 2)), np.ones((4, 2)), ("nose", "nose"))


def test_labels_are_one_zero_or_missing() -> None:
    labels = Labels(np.array([[1, 0, -1]], dtype=np.int8), ("a", "b", "c"))
    assert len(labels) == 1
    chosen = labels.select([2, 0])
    assert (chosen.behaviors, chosen.values.tolist()) == (("c", "a"), [[-1, 1]])
    with pytest.raises(TypeError, match="labels have dtype int64, expected int8"):
        Labels(np.zeros((1, 1), dtype=np.int64), ("a",))
    with pytest.raises(ValueError, match="values other than 1, 0 and -1"):
        Labels(np.full((1, 1), 2, dtype=np.int8), ("a",))
    with pytest.raises(ValueError, match=r"values have shape \(1, 1\), expected \(T, 2\)"):
        Labels(np.zeros((1, 1), dtype=np.int8), ("a", "b"))


def test_probabilities_lie_between_zero_and_one_or_are_unknown() -> None:
    values = np.array([[0.0, np.nan], [1.0, np.nan]], dtype=np.float32)
    assert len(Probabilities(values, ("a", "b"), np.arange(2.0))) == 2
    with pytest.raises(ValueError, match=r"probabilities lie outside \[0, 1\]"):
        Probabilities(values + np.float32(0.5), ("a", "b"), np.arange(2.0))
    with pytest.raises(TypeError, match="probabilities have dtype float64, expected float32"):
        Probabilities(values.astype(np.float64), ("a", "b"), np.arange(2.0))
    with pytest.raises(ValueError, match=r"values have shape \(2, 2\), expected \(3, 2\)"):
        Probabilities(values, ("a", "b"), np.arange(3.0))


def test_an_ethogram_is_true_or_false() -> None:
    assert len(Ethogram(np.zeros((2, 1), dtype=bool), ("a",), np.arange(2.0))) == 2
    with pytest.raises(TypeError, match="an ethogram has dtype int8, expected bool"):
        Ethogram(np.zeros((2, 1), dtype=np.int8), ("a",), np.arange(2.0))
    with pytest.raises(ValueError, match="behaviors repeat a name: a, a"):
        Ethogram(np.zeros((2, 2), dtype=bool), ("a", "a"), np.arange(2.0))


def test_bouts_are_in_order_and_not_empty() -> None:
    assert sorted([Bout(5, 6, "a"), Bout(0, 9, "b"), Bout(0, 3, "c")]) == [Bout(0, 3, "c"), Bout(0, 9, "b"), Bout(5, 6, "a")]
    for start, stop in ((3, 3), (4, 3), (-1, 3)):
        with pytest.raises(ValueError, match="is empty or starts before frame 0"):
            Bout(start, stop, "a")


def make_annotation(recording: str = "A", n_frames: int = 3, provenance: Provenance | None = None, **changed: object) -> Annotation:
    time_s = np.arange(n_frames) / 10
    ethogram = Ethogram(np.zeros((n_frames, 1), dtype=bool), ("x",), time_s)
    parts = {
        "probabilities": Probabilities(np.zeros((n_frames, 1), dtype=np.float32), ("x",), time_s),
        "raw": ethogram,
        "ethogram": ethogram,
    }
    return Annotation(recording, **{**parts, **changed}, provenance=provenance or Provenance())


def test_an_annotation_is_of_one_recording() -> None:
    annotation = make_annotation()
    assert (annotation.behaviors, annotation.time_s.tolist()) == (("x",), [0.0, 0.1, 0.2])
    assert make_annotation(provenance=Provenance(broke_off=True)).frames.broke_off is True
    assert annotation.frames.broke_off is False
    for part in ("raw", "ethogram"):
        with pytest.raises(ValueError, match=f"{part} and probabilities of 'A' differ in behaviors or times"):
            make_annotation(**{part: make_annotation(n_frames=4).raw})
    with pytest.raises(ValueError, match="expected an id that is safe as a file name"):
        make_annotation("../A")
    endless = np.array([0.0, np.inf])
    ethogram = Ethogram(np.zeros((2, 1), dtype=bool), ("x",), endless)
    with pytest.raises(ValueError, match="times of 'A' are not all numbers"):
        Annotation("A", Probabilities(np.zeros((2, 1), dtype=np.float32), ("x",), endless), ethogram, ethogram)


def test_the_frame_rate_is_the_provenances_or_that_of_the_times() -> None:
    assert make_annotation().fps == pytest.approx(10.0)
    assert make_annotation(provenance=Provenance(fps=25.0)).fps == 25.0
    assert make_annotation(n_frames=1).fps is None


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "/a", "a/"])
def test_names_that_lead_elsewhere_are_not_safe(name: str) -> None:
    assert not is_safe_name(name)


@pytest.mark.parametrize("name", ["a", "mouse 01", ".a", "a..b", "毛"])
def test_names_of_files_are_safe(name: str) -> None:
    assert is_safe_name(name)


@pytest.mark.parametrize(("text", "expected"), [("", []), ("000", []), ("111", [[0, 3]]), ("0110100", [[1, 3], [4, 5]]), ("1", [[0, 1]])])
def test_bouts_are_the_runs_of_true(text: str, expected: list[list[int]]) -> None:
    assert find_bouts(np.array([letter == "1" for letter in text], dtype=bool)).tolist() == expected


def test_a_bout_ends_at_a_gap() -> None:
    gaps = np.array([False, True, False, False, True])
    assert find_bouts(np.ones(5, dtype=bool), gaps).tolist() == [[0, 2], [2, 5]]
    assert find_bouts(np.array([1, 1, 0, 1, 1], dtype=bool), gaps).tolist() == [[0, 2], [3, 5]]
    assert find_bouts(np.zeros(5, dtype=bool), gaps).tolist() == []


def make_tracklet(frames: list[int], **changed: np.ndarray) -> Tracklet:
    n = len(frames)
    unknown = np.full(n, np.nan)
    fields = {"positions": np.zeros((n, 2)), "angles": unknown, "sizes": np.full((n, 2), np.nan), "touching": np.zeros(n, dtype=bool)}
    return Tracklet(np.array(frames, dtype=np.int64), **{**fields, **changed})


def test_a_tracklet_may_miss_frames() -> None:
    tracklet = make_tracklet([3, 4, 8])
    assert (tracklet.start_frame, tracklet.stop_frame, len(tracklet)) == (3, 9, 3)


def test_a_tracklet_has_frames_that_increase_and_a_row_for_each() -> None:
    for frames, sentence in (([], "no frame"), ([4, 4], "do not increase"), ([-1, 0], "do not increase")):
        with pytest.raises(ValueError, match=sentence):
            make_tracklet(frames)
    for name, wrong in (
        ("positions", np.zeros((2, 3))),
        ("angles", np.zeros(3)),
        ("sizes", np.zeros(2)),
        ("touching", np.zeros((1,), dtype=bool)),
    ):
        with pytest.raises(ValueError, match=f"{name} have shape"):
            make_tracklet([0, 1], **{name: wrong})
