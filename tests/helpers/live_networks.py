"""Networks that look back only, whose probabilities follow from sums of their features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from behavior.config import Crop
from behavior.sequence.windowed_network import WindowedNetwork

CROP = Crop(whole_frame=True)


def sum_so_far(windows):
    """Return probabilities (N, W, D) that depend on the frames of each window up to each one."""
    return 1 / (1 + np.exp(-np.cumsum(windows, axis=1) / 3))


class SumNetwork:
    """A network that predicts `sum_so_far`."""

    input_shape, output_shape = (None, None, 2), (None, None, 2)

    def predict_on_batch(self, windows):
        return sum_so_far(windows)

    def get_weights(self):
        return []


class Sums:
    """The steps of `sum_so_far`."""

    def __init__(self, n_lanes):
        self.sums = np.zeros((n_lanes, 2), dtype=np.float32)

    def begin(self, lane):
        self.sums[lane] = 0

    def advance(self, vector):
        self.sums += vector
        return self.sums / 3


def look_back(model):
    """Let the networks of a model look back only."""
    network = WindowedNetwork(SumNetwork(), 20, lambda weights, n_lanes: Sums(n_lanes))
    return replace(model, members=tuple(replace(member, model=network) for member in model.members), crop=CROP)
