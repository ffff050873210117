"""A plain model of the behaviors beside the trained one: where the two part more than in left-out recordings, the trained one errs more.

It is a ridge regression from the principal components of the streams, as references have them, to the labels. On recordings unlike the
training recordings, two models that were fitted in different ways err in different ways, so that their disagreement tells how much
accuracy is lost without any label there, which distances of features do not: a model may not use what differs.

A recording's disagreement is 1 less the correlation of the two models' predictions over its frames, of all behaviors together, each less
its mean. Products are counted as if `WORTH_TRAINING` times as many training frames were there, too: without a behavior, nothing would
correlate.

Notes
-----
Jiang, Nagarajan, Baek and Kolter (2022), Assessing generalization of SGD via disagreement, ICLR; Baek et al. (2022), Agreement-on-the-line:
predicting the performance of neural networks under distribution shift, NeurIPS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["PLAIN_DTYPES", "PlainModel", "Products", "fit_plain_model", "sum_products"]

Floats = npt.NDArray[np.floating]

# Part of the mean variance of the components that is added to their variances.
_RIDGE = 0.1
WORTH_TRAINING = 0.1

PLAIN_DTYPES: dict[str, type[np.generic]] = {"weights": np.float64, "products": np.float64, "disagreements": np.float64}


@dataclass(frozen=True)
class Products:
    """Sums over behaviors of mean products of predictions, each less its mean: of plain and trained, of plain, and of trained squared."""

    both: float
    plain: float
    trained: float

    def disagree(self, usual: Products) -> float | None:
        """Return 1 less the correlation, with `usual` products of training frames counted in; None where a model predicts nothing."""
        both, plain, trained = (
            own + WORTH_TRAINING * other
            for own, other in ((self.both, usual.both), (self.plain, usual.plain), (self.trained, usual.trained))
        )
        return 1 - both / float(np.sqrt(plain * trained)) if plain > 0 and trained > 0 else None


@dataclass(frozen=True)
class PlainModel:
    """A plain model from C components to B behaviors, and what was found of R left-out training recordings.

    Attributes
    ----------
    weights
        Float64 of shape (C, B); 0 for a behavior that it cannot predict.
    products
        Means over left-out recordings.
    disagreements
        Of each recording when it is left out, float64 of shape (R,).
    """

    weights: npt.NDArray[np.float64]
    products: Products
    disagreements: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or self.disagreements.ndim != 1 or len(self.disagreements) < 2:
            raise ValueError(f"weights of shape {self.weights.shape} and disagreements of {self.disagreements.shape} are no plain model")
        known = (self.weights, self.disagreements, np.array([self.products.both, self.products.plain, self.products.trained]))
        if not all(np.isfinite(values).all() for values in known):
            raise ValueError("weights, products or disagreements hold a number that is not finite")
        if (self.disagreements < 0).any() or (self.disagreements > 2).any() or min(self.products.plain, self.products.trained) < 0:
            raise ValueError("disagreements are below 0 or above 2, or mean squares below 0")

    def disagree(self, plain: Floats, trained: Floats) -> float | None:
        """Return the disagreement of its predictions `plain` with those of the trained model, both (T, B); None where there is none.

        Frames that one of the two has no prediction of do not count.
        """
        return sum_products(plain, trained, self.weights).disagree(self.products)

    def to_arrays(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return the arrays of `PLAIN_DTYPES`, which `from_arrays` reads."""
        products = np.array([self.products.both, self.products.plain, self.products.trained])
        return {"weights": self.weights, "products": products, "disagreements": self.disagreements}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray]) -> PlainModel:
        """Return the model that `to_arrays` gave; ValueError if arrays do not go together."""
        if arrays["products"].shape != (3,):
            raise ValueError(f"products have shape {arrays['products'].shape}, expected (3,)")
        return cls(arrays["weights"], Products(*arrays["products"].tolist()), arrays["disagreements"])


def sum_products(plain: Floats, trained: Floats, weights: npt.NDArray[np.float64]) -> Products:
    """Return the products of predictions (T, B) by plain weights (C, B) and by the trained model, of behaviors that have such weights."""
    is_known = weights.any(axis=0)
    rows = np.isfinite(plain).all(axis=1) & np.isfinite(trained).all(axis=1)
    if not rows.any():
        return Products(0.0, 0.0, 0.0)
    first, second = (values[rows][:, is_known].astype(np.float64) for values in (plain, trained))
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    both, of_first, of_second = (
        float((one * other).sum() / rows.sum()) for one, other in ((first, second), (first, first), (second, second))
    )
    return Products(both, of_first, of_second)


def fit_plain_model(
    components: Sequence[Floats], labels: Sequence[npt.NDArray[np.int8]], trained: Sequence[Floats], folds: Sequence[int]
) -> PlainModel | None:
    """Return the plain model of R training recordings; None where none can be left out, or a model predicts nothing there.

    Parameters
    ----------
    components
        Of some frames of each, shape (F, C).
    labels
        Of the same frames, shape (F, B); -1 for those that nobody labelled.
    trained
        What the trained model predicts of them, shape (F, B).
    folds
        Of each recording; those of one fold are left out together.
    """
    if len(set(folds)) < 2:
        return None
    sums = [
        [_Sums.of(rows, truth[:, column]) for rows, truth in zip(components, labels, strict=True)] for column in range(labels[0].shape[1])
    ]
    found: list[Products] = [Products(0.0, 0.0, 0.0)] * len(folds)
    for fold in set(folds):
        rest = [number for number, other in enumerate(folds) if other != fold]
        weights = np.column_stack([_Sums.join([own[number] for number in rest]).solve() for own in sums])
        for number, other in enumerate(folds):
            if other == fold:
                found[number] = sum_products(components[number] @ weights, trained[number], weights)
    products = Products(*np.mean([[one.both, one.plain, one.trained] for one in found], axis=0).tolist())
    disagreements = [one.disagree(products) for one in found]
    if None in disagreements:
        return None
    weights = np.column_stack([_Sums.join(own).solve() for own in sums])
    return PlainModel(weights, products, np.clip(np.array(disagreements, dtype=np.float64), 0, 2))


@dataclass(frozen=True)
class _Sums:
    """Sums over labelled frames: their number, components (C,), products of these (C, C), labels, and products of both (C,)."""

    n_frames: int
    components: npt.NDArray[np.float64]
    squares: npt.NDArray[np.float64]
    labels: float
    products: npt.NDArray[np.float64]

    @classmethod
    def of(cls, components: Floats, labels: npt.NDArray[np.int8]) -> _Sums:
        rows = components[labels >= 0].astype(np.float64)
        truth = labels[labels >= 0].astype(np.float64)
        return cls(len(rows), rows.sum(axis=0), rows.T @ rows, float(truth.sum()), rows.T @ truth)

    @classmethod
    def join(cls, parts: Sequence[_Sums]) -> _Sums:
        return cls(
            sum(one.n_frames for one in parts),
            np.sum([one.components for one in parts], axis=0),
            np.sum([one.squares for one in parts], axis=0),
            sum(one.labels for one in parts),
            np.sum([one.products for one in parts], axis=0),
        )

    def solve(self) -> npt.NDArray[np.float64]:
        """Return the weights (C,); 0 where all frames have the same label, or components do not vary."""
        if not 0 < self.labels < self.n_frames:
            return np.zeros(len(self.components))
        mean = self.components / self.n_frames
        within = self.squares / self.n_frames - np.outer(mean, mean)
        spread = float(np.trace(within)) / len(within)
        if spread <= 0:
            return np.zeros(len(mean))
        along = self.products / self.n_frames - mean * (self.labels / self.n_frames)
        return np.asarray(np.linalg.solve(within + _RIDGE * spread * np.eye(len(within)), along))
