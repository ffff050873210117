"""A recording with one bout of each behavior: what the tests of overlays share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from behavior.figures.ethogram_raster import RasterRow

FPS = 10
N_FRAMES = 600
BEHAVIORS = ("grooming", "rearing")


def make_row(n_behaviors: int = 2, labels: dict[str, npt.NDArray[np.int8]] | None = None) -> RasterRow:
    """Behavior 0 is decided in frames 100 to 199, the last one in 150 to 299; probabilities are 0, 0.5 and 1 in frames 0, 1 and 2."""
    decided = np.zeros((N_FRAMES, n_behaviors), dtype=bool)
    decided[100:200, 0] = True
    decided[150:300, -1] = True
    probabilities = decided.astype(np.float32)
    probabilities[1], probabilities[2] = 0.5, 1.0
    return RasterRow("mouse", np.arange(N_FRAMES) / FPS, decided, probabilities, labels or {})
