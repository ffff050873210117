"""Growing boosted trees: scikit-learn's histogram-based gradient boosting on statistics of windows around a frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier

from behavior.compute.effort import measure_step
from behavior.metrics.frames import average_precision
from behavior.sequence.binning import Bins, find_bins
from behavior.sequence.boosted_trees import BoostedTrees
from behavior.sequence.contracts import HeadWeights
from behavior.sequence.plans import FitCallbacks, FitReport, ModelPlan, TrainedModel, TrainingState
from behavior.sequence.weighting import balance_classes, count_classes
from behavior.sequence.window_statistics import count_statistics, describe_rows
from behavior.sequence.windows import SequenceData

__all__ = ["BoostingTrainer", "count_window_frames"]

NO_CALLBACKS = FitCallbacks()
N_BINS = 64
# Training frames whose loss is reported.
LOSS_FRAMES = 2_000


def count_window_frames(lengths_s: Sequence[float], rate: float) -> list[int]:
    """Return the lengths of windows in vectors, of which there are `rate` a second: odd, rising, each once.

    >>> count_window_frames([0.5, 2, 2.01], 25)
    [13, 51]
    """
    return sorted({2 * max(round(length * rate / 2), 1) + 1 for length in lengths_s})


class BoostingTrainer:
    """Grows trees for one behavior after the other (`contracts.Trainer`); an epoch is a tree.

    Parameters
    ----------
    n_features
        Length of a frame's vector.
    lengths
        Frames in each window, odd numbers.
    learning_rate
        Share of a tree's answer that counts.
    leaves
        Most leaves of a tree.
    min_frames
        Fewest training frames in a leaf.
    l2
        How much the values of leaves are drawn to 0.
    share_per_split
        Share of the statistics that are looked at for a split.
    frames
        Training frames that trees are grown on; of more, so many are taken evenly, the rarer class up to half of them.
    """

    def __init__(
        self,
        *,
        n_features: int,
        lengths: Sequence[int],
        learning_rate: float = 0.1,
        leaves: int = 15,
        min_frames: int = 20,
        l2: float = 1.0,
        share_per_split: float = 1.0,
        frames: int = 30_000,
    ) -> None:
        self._n_features = n_features
        self._lengths = list(lengths)
        self._frames = frames
        self._settings: dict[str, Any] = {
            "learning_rate": learning_rate,
            "max_leaf_nodes": leaves,
            "min_samples_leaf": min_frames,
            "l2_regularization": l2,
            "max_features": share_per_split,
        }

    @property
    def state_shapes(self) -> None:
        """None: one model is grown at a time, and kept when it is done."""

    def count_at_once(self) -> int:
        """Return 1, since growing a tree takes all processors."""
        return 1

    def fit(
        self,
        data: SequenceData,
        plans: Sequence[ModelPlan],
        *,
        seed: int,
        balanced: bool = True,
        patience: int = 20,
        resume: TrainingState | None = None,
        callbacks: FitCallbacks = NO_CALLBACKS,
    ) -> list[TrainedModel]:
        """Grow trees for each of `plans`, each of one behavior: see `contracts.Trainer`.

        Which frames are taken follows from the plan's own seed. Early stopping looks at the average precision after each tree, and
        keeps the trees up to the best.
        """
        models: list[TrainedModel] = []
        for number, plan in enumerate(plans):
            trees, report = self._grow(data, plan, balanced=balanced, patience=patience)
            features = data.features[plan.preparation]
            with measure_step("predict"):
                predicted = {index: trees.predict(features[index]) for index in plan.predicted}
            models.append(TrainedModel(report, trees.to_arrays(), predicted))
            if callbacks.on_epoch is not None:
                callbacks.on_epoch(report.epochs, [number], [model.report for model in models])
        if callbacks.follow is not None:
            callbacks.follow(
                max(model.report.epochs for model in models), {number: model.probabilities for number, model in enumerate(models)}
            )
        return models

    def predict(self, weights: HeadWeights, features: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Return the probabilities (T, 1) that trees predict for a recording (T, D)."""
        return self.make_model(weights).predict(features)

    def make_model(self, weights: HeadWeights) -> BoostedTrees:
        """Return the trees that a model's weights are."""
        return BoostedTrees.from_arrays(weights)

    def _grow(self, data: SequenceData, plan: ModelPlan, *, balanced: bool, patience: int) -> tuple[BoostedTrees, FitReport]:
        (column,) = plan.outputs
        labels = [values[:, column] for values in data.labels]
        rng = np.random.default_rng(plan.seed)
        counts = Counter(plan.training)
        rows, weights = _draw_rows([labels[index] for index in counts], self._frames, rng)
        of_training = [labels[index] for index in plan.training]
        negative, positive = balance_classes(of_training) if balanced else (1.0, 1.0)
        truth = np.concatenate([labels[index][chosen] for index, chosen in zip(counts, rows, strict=True)])
        repeated = np.repeat([float(count) for count in counts.values()], [len(chosen) for chosen in rows])
        importance = np.where(truth == 1, positive * weights[1], negative * weights[0]) * repeated
        statistics = self._describe(data, plan, dict(zip(counts, rows, strict=True)))
        bins = find_bins(statistics, N_BINS)
        codes = bins.code(statistics)
        importance /= importance.mean()
        scorer = _Scorer(codes, truth, importance)
        if plan.validation:
            seen, _ = _draw_rows([labels[index] for index in plan.validation], self._frames, rng, by_class=False)
            watched = self._describe(data, plan, dict(zip(plan.validation, seen, strict=True)))
            scorer.watch(
                bins.code(watched), np.concatenate([labels[index][chosen] for index, chosen in zip(plan.validation, seen, strict=True)])
            )
        model = HistGradientBoostingClassifier(
            **self._settings,
            max_iter=plan.epochs,
            max_bins=N_BINS,
            early_stopping=True,
            scoring=scorer,
            validation_fraction=None,
            # Without validation recordings, the trees are as many as planned.
            n_iter_no_change=patience if plan.validation else plan.epochs + 1,
            tol=0.0,
            random_state=plan.seed,
        )
        model.fit(codes, truth, sample_weight=importance, **scorer.watched)
        epochs = int(model.n_iter_)
        # The first is before any tree.
        scores = [float(score) for score in model.validation_score_[1:]] if plan.validation else []
        best = int(np.argmax(scores)) + 1 if scores else epochs
        losses = [-float(score) for score in model.train_score_[1:]]
        return self._take_trees(model, best, bins), FitReport(best, epochs, tuple(scores), tuple(losses))

    def _describe(self, data: SequenceData, plan: ModelPlan, rows: dict[int, npt.NDArray[np.int64]]) -> npt.NDArray[np.float32]:
        """Return the statistics of some rows of some recordings, one after the other."""
        features = data.features[plan.preparation]
        n_rows = sum(len(chosen) for chosen in rows.values())
        statistics = np.empty((n_rows, count_statistics(self._n_features, len(self._lengths))), dtype=np.float32)
        first = 0
        for index, chosen in rows.items():
            statistics[first : first + len(chosen)] = describe_rows(features[index], chosen, self._lengths)
            first += len(chosen)
        return statistics

    def _take_trees(self, model: HistGradientBoostingClassifier, n_trees: int, bins: Bins) -> BoostedTrees:
        """Return the first trees of a classifier that was fitted to bins, as arrays with thresholds of statistics."""
        nodes = [trees[0].nodes for trees in model._predictors[:n_trees]]
        starts = np.concatenate([[0], np.cumsum([len(of_tree) for of_tree in nodes])]).astype(np.int64)
        together = np.concatenate(nodes)
        offsets = np.repeat(starts[:-1], np.diff(starts))
        positions = np.arange(len(together))
        is_leaf = together["is_leaf"].astype(bool)
        thresholds = np.zeros(len(together))
        asking = together[~is_leaf]
        # Between two bins that occur; the ones between them do not.
        thresholds[~is_leaf] = bins.find_thresholds(asking["feature_idx"], np.floor(asking["num_threshold"]).astype(np.int64))

        def place(name: str) -> npt.NDArray[np.int32]:
            return np.where(is_leaf, positions, together[name] + offsets).astype(np.int32)

        return BoostedTrees(
            width=np.array(self._n_features, dtype=np.int64),
            lengths=np.array(self._lengths, dtype=np.int64),
            baseline=np.array(model._baseline_prediction, dtype=np.float64).reshape(()),
            starts=starts,
            feature=np.where(is_leaf, 0, together["feature_idx"]).astype(np.int32),
            threshold=thresholds,
            left=place("left"),
            right=place("right"),
            value=np.where(is_leaf, together["value"], 0.0),
        )


class _Scorer:
    """What scikit-learn asks after each tree: less the loss of training frames, the average precision of validation frames.

    Asked by itself, it would compute the answers of all trees again after each.

    Parameters
    ----------
    codes, truth, importance
        Bins (N, F), labels (N,) and weights (N,) of the training frames.
    """

    def __init__(self, codes: npt.NDArray[np.uint8], truth: npt.NDArray[np.int8], importance: npt.NDArray[np.float64]) -> None:
        some = np.linspace(0, len(codes) - 1, min(len(codes), LOSS_FRAMES)).astype(np.int64)
        self._training = _ScoredFrames(codes[some], truth[some])
        self._importance = importance[some]
        self._validation: _ScoredFrames | None = None

    def watch(self, codes: npt.NDArray[np.uint8], truth: npt.NDArray[np.int8]) -> None:
        """Take the validation frames."""
        self._validation = _ScoredFrames(codes, truth)

    @property
    def watched(self) -> dict[str, npt.NDArray[Any]]:
        """The arguments with which scikit-learn is told of the validation frames."""
        return {} if self._validation is None else {"X_val": self._validation.codes, "y_val": self._validation.truth}

    def __call__(self, model: HistGradientBoostingClassifier, frames: Any, truth: Any, sample_weight: Any = None) -> float:
        if sample_weight is None and self._validation is not None:
            score = average_precision(self._validation.truth, expit(self._validation.follow(model)))
            return score if np.isfinite(score) else -1.0
        log_odds = self._training.follow(model)
        # log(1 + exp(-z)) of a positive frame, log(1 + exp(z)) of another.
        losses = np.logaddexp(0.0, np.where(self._training.truth == 1, -log_odds, log_odds))
        return -float(np.average(losses, weights=self._importance))


class _ScoredFrames:
    """Frames by their bins (N, F), with their labels (N,), and their log-odds so far."""

    def __init__(self, codes: npt.NDArray[np.uint8], truth: npt.NDArray[np.int8]) -> None:
        self.codes = codes
        self.truth = truth
        self._log_odds = np.zeros(len(codes))
        self._n_trees = 0

    def follow(self, model: HistGradientBoostingClassifier) -> npt.NDArray[np.float64]:
        """Return the log-odds by all trees there are, of which only the new ones are asked."""
        for (tree,) in model._predictors[self._n_trees :]:
            nodes = tree.nodes
            places = np.zeros(len(self.codes), dtype=np.intp)
            waiting = np.flatnonzero(~nodes["is_leaf"][places].astype(bool))
            while len(waiting):
                at = places[waiting]
                is_left = self.codes[waiting, nodes["feature_idx"][at]] <= nodes["num_threshold"][at]
                places[waiting] = np.where(is_left, nodes["left"][at], nodes["right"][at])
                waiting = waiting[~nodes["is_leaf"][places[waiting]].astype(bool)]
            self._log_odds += nodes["value"][places]
        self._n_trees = len(model._predictors)
        return self._log_odds + float(np.squeeze(model._baseline_prediction))


def _draw_rows(
    labels: Sequence[npt.NDArray[np.int8]], most: int, rng: np.random.Generator, *, by_class: bool = True
) -> tuple[list[npt.NDArray[np.int64]], tuple[float, float]]:
    """Return labelled rows of each recording, at most `most` together, and how many rows a negative and a positive one stands for.

    Rows are taken evenly, from a place that is drawn; with `by_class`, the rarer class has up to half of them.
    """
    n_of_class = count_classes(labels)
    total = sum(n_of_class)
    if total <= most:
        return [np.flatnonzero(values >= 0) for values in labels], (1.0, 1.0)
    together = np.concatenate(labels)
    if by_class:
        rarer = min(min(n_of_class), most // 2)
        quotas = [rarer, most - rarer] if n_of_class[0] <= n_of_class[1] else [most - rarer, rarer]
        places = np.concatenate([_thin(np.flatnonzero(together == value), quota, rng) for value, quota in enumerate(quotas)])
        stands_for = n_of_class[0] / max(quotas[0], 1), n_of_class[1] / max(quotas[1], 1)
    else:
        places, stands_for = _thin(np.flatnonzero(together >= 0), most, rng), (total / most, total / most)
    bounds = np.cumsum([0, *(len(values) for values in labels)])
    places = np.sort(places)
    return [places[(start <= places) & (places < stop)] - start for start, stop in pairwise(bounds)], stands_for


def _thin(places: npt.NDArray[np.int64], number: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return `number` of the places, as evenly as can be, or all if there are fewer."""
    if number >= len(places):
        return places
    return places[((np.arange(number) + rng.random()) * (len(places) / number)).astype(np.int64)]
