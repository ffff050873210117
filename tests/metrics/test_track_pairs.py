from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.metrics import match_animals, pair_tracks
from behavior.metrics.track_pairs import box_similarity, point_similarity

TRUTH = np.array([[[0.0, 0.0], [50.0, 0.0]], [[np.nan, np.nan], [52.0, 0.0]], [[4.0, 0.0], [np.nan, np.nan]]])


def test_pairs_are_those_of_one_frame_in_order() -> None:
    predicted = np.array([[[1.0, 0.0], [np.nan, np.nan], [51.0, 0.0]], [[52.0, 0.0], [0.0, 0.0], [9.0, 9.0]], [[np.nan] * 2] * 3])
    pairs = pair_tracks(TRUTH, predicted, body_length_px=10)
    assert pairs.true_frames.tolist() == [0, 0, 1, 2]
    assert pairs.predicted_frames.tolist() == [0, 0, 1, 1, 1]
    assert [each.tolist() for each in pairs.animals_of_pairs] == [[0, 0, 1, 1, 1, 1, 1], [0, 2, 0, 2, 0, 1, 2]]
    np.testing.assert_allclose(pairs.similarities, [0.9, 0, 0, 0.9, 1, 0, 0])
    assert [(own.start, own.stop, columns) for own, columns in pairs.split_by_frame()] == [(0, 4, 2), (4, 7, 3)]
    assert pairs.count_by_animals(pairs.similarities > 0.5).tolist() == [[1, 0, 0], [1, 0, 1]]


def test_animals_are_matched_by_place_alone() -> None:
    exchanged = TRUTH[:, ::-1] + 1
    assert match_animals(pair_tracks(TRUTH, exchanged, body_length_px=10)).tolist() == [[1, 0], [-1, 0], [1, -1]]
    assert (match_animals(pair_tracks(TRUTH, exchanged + 6, body_length_px=10)) == -1).all()


def test_a_body_length_may_be_each_animals_own() -> None:
    truth = np.array([[[0.0, 0.0], [100.0, 0.0]]])
    own = pair_tracks(truth, truth + [4.0, 0.0], body_length_px=np.array([8.0, 40.0]))
    np.testing.assert_allclose(own.similarities, [0.5, 0, 0, 0.9])


def test_boxes_are_compared_by_their_overlap() -> None:
    boxes = np.array([[[0.0, 0.0, 4.0, 2.0]]])
    others = np.array([[[2.0, 0.0, 6.0, 2.0], [4.0, 0.0, 8.0, 2.0], [1.0, 1.0, 1.0, 1.0]]])
    np.testing.assert_allclose(pair_tracks(boxes, others).similarities, [1 / 3, 0, 0])
    # Two boxes without area share nothing, though they are the same.
    assert box_similarity(others[0, 2], others[0, 2]) == 0


@given(arrays(float, (2, 2), elements=st.floats(-100, 100)), st.floats(1, 100))
def test_similarity_of_points_is_symmetric_and_falls_to_nothing(points: npt.NDArray[np.float64], zero_at_px: float) -> None:
    similarity = point_similarity(points[0], points[1], zero_at_px)
    assert similarity == point_similarity(points[1], points[0], zero_at_px)
    assert 0 <= similarity <= 1
    assert (similarity == 0) == (np.linalg.norm(points[0] - points[1]) >= zero_at_px)


def test_what_cannot_be_compared_is_refused() -> None:
    points, boxes = np.zeros((3, 2, 2)), np.zeros((3, 2, 4))
    with pytest.raises(ValueError, match=r"expected \(frames, animals, 2\)"):
        pair_tracks(points[..., :1], points, tolerance_px=1)
    with pytest.raises(ValueError, match="as many frames"):
        pair_tracks(points, points[:2], tolerance_px=1)
    with pytest.raises(ValueError, match=r"as many frames, and points \(2\) or boxes"):
        pair_tracks(points, boxes)
    with pytest.raises(ValueError, match="either body_length_px or tolerance_px"):
        pair_tracks(points, points)
    with pytest.raises(ValueError, match="either body_length_px or tolerance_px"):
        pair_tracks(points, points, body_length_px=1, tolerance_px=1)
    with pytest.raises(ValueError, match="leave out"):
        pair_tracks(boxes, boxes, tolerance_px=1)
    for length in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="body_length_px is not above 0"):
            pair_tracks(points, points, body_length_px=length)
    for wrong in (np.inf, np.nan):
        half = points.copy()
        half[2, 1, 0] = wrong
        with pytest.raises(ValueError, match=r"predicted has the coordinates .* at frame 2, animal 1"):
            pair_tracks(points, half, tolerance_px=1)
    boxes[1, 0] = [5, 0, 4, 2]
    with pytest.raises(ValueError, match=r"truth has the box .* at frame 1, animal 0"):
        pair_tracks(boxes, boxes)
