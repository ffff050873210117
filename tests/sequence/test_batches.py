"""Batches of training windows."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from behavior.sequence.batches import WindowTable
from behavior.sequence.windows import SequenceData, find_training_starts, mark_fresh_frames


def make_data(lengths, *, n_behaviors=2, n_preparations=1, unlabelled=0.0, seed=0):
    """Recordings whose features say which recording and frame they are of, and in which preparation."""
    rng = np.random.default_rng(seed)
    labels = [rng.integers(0, 2, (n_frames, n_behaviors)).astype(np.int8) for n_frames in lengths]
    for values in labels:
        values[rng.random(values.shape) < unlabelled] = -1
    features = [
        [
            np.stack([np.full(n_frames, number), np.arange(n_frames), np.full(n_frames, preparation)], axis=1).astype(np.float16)
            for number, n_frames in enumerate(lengths)
        ]
        for preparation in range(n_preparations)
    ]
    return SequenceData(features, labels)


def draw(data, length, batch_size, seed=0):
    return list(WindowTable(data, length).draw(np.random.default_rng(seed), batch_size))


def list_origins(batches):
    """Return recording and first frame of each window, in the order in which they come."""
    return [(int(window[0, 0]), int(window[0, 1])) for batch in batches for window in batch.features[0]]


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    length=st.integers(1, 15),
    batch_size=st.integers(1, 9),
    unlabelled=st.sampled_from([0.0, 0.3, 0.95, 1.0]),
    seed=st.integers(0, 20),
)
def test_each_labelled_window_is_drawn_once_in_an_epoch(lengths, length, batch_size, unlabelled, seed):
    data = make_data(lengths, unlabelled=unlabelled, seed=seed)
    batches = draw(data, length, batch_size, seed)
    expected = []
    for number, labels in enumerate(data.labels):
        starts = find_training_starts(len(labels), length)
        fresh = mark_fresh_frames(starts, length, len(labels))
        for start, marks in zip(starts, fresh, strict=True):
            if (labels[start : start + length][marks[: len(labels) - start]] >= 0).any():
                expected.append((number, int(start)))
    assert Counter(list_origins(batches)) == Counter(expected)
    assert all(len(batch.recordings) == batch_size for batch in batches[:-1])
    assert all(0 < len(batch.recordings) <= batch_size for batch in batches)
    # Every label is somewhere, and once.
    for value in (0, 1):
        assert sum(int((batch.labels == value).sum()) for batch in batches) == sum(int((labels == value).sum()) for labels in data.labels)


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=3), length=st.integers(1, 15), seed=st.integers(0, 20))
def test_a_window_holds_its_frames_and_their_labels(lengths, length, seed):
    data = make_data(lengths, n_preparations=2, seed=seed)
    for batch in draw(data, length, 4, seed):
        n_windows = len(batch.recordings)
        assert batch.features.shape == (2, n_windows, length, 3)
        assert batch.features.dtype == np.float32
        assert batch.labels.shape == (n_windows, length, 2)
        assert batch.labels.dtype == np.int8
        for preparation, windows in enumerate(batch.features):
            assert (windows[:, :, 2] == preparation).all()
        for number, windows, labels in zip(batch.recordings, batch.features[0], batch.labels, strict=True):
            n_frames = len(data.labels[number])
            assert (windows[:, 0] == number).all()
            frames = windows[:, 1].astype(int)
            # Edge values follow the last frame of a recording shorter than a window.
            np.testing.assert_array_equal(frames, np.minimum(frames[0] + np.arange(length), n_frames - 1))
            known = labels >= 0
            np.testing.assert_array_equal(labels[known], data.labels[number][frames][known])
            assert not known[n_frames - frames[0] :].any()


def test_frames_that_the_window_before_covered_have_no_label_again():
    data = make_data([10], n_behaviors=1)
    windows = {origin: batch.labels[0, :, 0] for batch in draw(data, 4, 1) for origin in list_origins([batch])}
    assert set(windows) == {(0, 0), (0, 4), (0, 6)}
    assert windows[0, 6][:2].tolist() == [-1, -1]
    np.testing.assert_array_equal(windows[0, 6][2:], data.labels[0][8:, 0])


def test_the_order_is_the_generators():
    data = make_data([60, 60])
    first, again, other = (list_origins(draw(data, 5, 4, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    table = WindowTable(data, 5)
    rng = np.random.default_rng(1)
    epochs = [list_origins(table.draw(rng, 4)) for _ in range(2)]
    assert epochs[0] == first
    assert epochs[1] != first
    assert sorted(epochs[1]) == sorted(first)


def test_nothing_is_drawn_where_nothing_is_labelled():
    assert draw(make_data([20, 30], unlabelled=1.0), 8, 4) == []


def test_features_are_gathered_when_a_batch_is_asked_for():
    class Counted(list):
        asked = 0

        def __getitem__(self, index):
            Counted.asked += 1
            return super().__getitem__(index)

    data = make_data([40, 40])
    batches = WindowTable(SequenceData([Counted(data.features[0])], data.labels), 10).draw(np.random.default_rng(0), 3)
    assert Counted.asked == 0
    next(batches)
    assert Counted.asked == 3
