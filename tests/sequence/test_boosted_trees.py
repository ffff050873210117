"""Trees as arrays predict what scikit-learn's classifier predicts, and arrays that are no trees are refused."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier

from behavior.sequence import boosted_trees, boosting
from behavior.sequence.boosted_trees import TREE_DTYPES, BoostedTrees
from behavior.sequence.boosting import BoostingTrainer
from behavior.sequence.plans import ModelPlan
from behavior.sequence.window_statistics import describe_rows
from behavior.sequence.windows import SequenceData

LENGTHS = [3, 9]


@pytest.fixture(scope="module")
def grown():
    """Features, the trees of a model, the classifier that they are from, and the bins that it was fitted to."""
    rng = np.random.default_rng(0)
    features = [rng.normal(size=(700, 4)).astype(np.float32) for _ in range(2)]
    labels = [(one[:, :1] + np.roll(one[:, 1:2], 2, axis=0) > 0.3).astype(np.int8) for one in features]
    kept, found = [], []
    find_bins = boosting.find_bins
    fit = HistGradientBoostingClassifier.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HistGradientBoostingClassifier, "fit", lambda self, *a, **k: kept.append(self) or fit(self, *a, **k))
        patch.setattr(boosting, "find_bins", lambda *given: found.append(find_bins(*given)) or found[-1])
        trainer = BoostingTrainer(n_features=4, lengths=LENGTHS, share_per_split=0.5)
        (model,) = trainer.fit(SequenceData([features], labels), [ModelPlan((0,), (0,), (), (), epochs=40, seed=3)], seed=0)
    return features[1], trainer.make_model(model.weights), kept[0], found[0]


def test_probabilities_are_those_of_scikit_learn_to_the_last_bit(grown):
    features, trees, classifier, bins = grown
    statistics = describe_rows(features, np.arange(len(features)), LENGTHS)
    expected = classifier.predict_proba(bins.code(statistics))[:, 1]
    assert trees.n_trees == 40
    assert len(np.unique(expected)) > 100
    np.testing.assert_array_equal(expit(trees.score(statistics)), expected)
    np.testing.assert_array_equal(trees.predict(features)[:, 0], expected.astype(np.float32))


def test_a_recording_is_predicted_piece_by_piece(grown, monkeypatch):
    features, trees, *_ = grown
    whole = trees.predict(features)
    monkeypatch.setattr(boosted_trees, "_LEAST_ROWS", 64)
    np.testing.assert_array_equal(trees.predict(features), whole)


def test_arrays_of_a_model_make_it_again(grown):
    features, trees, *_ = grown
    arrays = trees.to_arrays()
    assert [values.dtype for values in arrays] == [np.dtype(dtype) for dtype in TREE_DTYPES.values()]
    np.testing.assert_array_equal(BoostedTrees.from_arrays(arrays).predict(features), trees.predict(features))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda trees: {"feature": trees.feature[:-1]}, "different lengths"),
        (lambda trees: {"feature": np.where(trees.feature == trees.feature.max(), 28, trees.feature).astype(np.int32)}, "none of 28"),
        (lambda trees: {"feature": np.full_like(trees.feature, -1)}, "none of 28"),
        (lambda trees: {"starts": trees.starts + 1}, "do not divide up"),
        (lambda trees: {"starts": trees.starts[[0, 0, -1]]}, "do not divide up"),
        (lambda trees: {"starts": trees.starts[:1]}, "do not divide up"),
        # A way in a circle would have no end.
        (lambda trees: {"left": np.where(trees.left == 1, 0, trees.left).astype(np.int32)}, "leads back"),
        (lambda trees: {"left": np.zeros_like(trees.left)}, "leads back"),
        (lambda trees: {"right": np.where(trees.right == trees.right[0], 10**6, trees.right).astype(np.int32)}, "out of its tree"),
        (lambda trees: {"starts": np.array([0, 2, len(trees.feature)])}, "out of its tree"),
        (lambda trees: {"value": np.full_like(trees.value, np.nan)}, "not a finite number"),
        (lambda trees: {"baseline": np.array(np.inf)}, "not a finite number"),
        (lambda trees: {"threshold": np.full_like(trees.threshold, np.nan)}, "threshold"),
        (lambda trees: {"lengths": np.array([4])}, "odd numbers"),
        (lambda trees: {"width": np.array(0)}, "no features"),
    ],
)
def test_arrays_that_are_no_trees_are_refused(grown, change, words):
    _, trees, *_ = grown
    with pytest.raises(ValueError, match=words):
        replace(trees, **change(trees))


def test_arrays_of_another_kind_are_refused(grown):
    _, trees, *_ = grown
    arrays = list(trees.to_arrays())
    arrays[3] = arrays[3].astype(np.float64)
    with pytest.raises(ValueError, match="the array starts is float64, expected int64"):
        BoostedTrees.from_arrays(arrays)
