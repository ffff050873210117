"""What a detector of another program found in a video, as its file is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from behavior.files.pose_table import PoseInstances

__all__ = ["DetectionTable"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DetectionTable:
    """Animals in frames, N of them, by boxes or single positions, or by P body parts.

    Attributes
    ----------
    frames
        Of each, int64 of shape (N,), in order.
    positions
        Centres in pixels, float64 of shape (N, 2) as x, y; NaN where only the body parts tell.
    sizes
        Sides of each box, float64 of shape (N, 2): across and down, or along and across `angles`; NaN where unknown.
    angles
        Direction of the first side in radians from x towards y, float64 of shape (N,); NaN where the box is upright or unknown.
    scores
        How sure the detector is, float64 of shape (N,) in (0, 1].
    owners, names
        Which of the animals that the file names each is, int64 of shape (N,), -1 for none.
    points, likelihoods, body_parts
        Body parts, float64 of shapes (N, P, 2) and (N, P), and their names; P is 0 in files without.
    least_likelihood
        Body parts with less count as not found.
    stated_frames, stated_size
        How many frames, and what width and height, the file says that its video has; None if it does not.
    may_start_at_one
        Whether frames may be numbered from 1: they come from names or ids of pictures, or from an index that begins at 1.
    """

    frames: npt.NDArray[np.int64]
    positions: Floats
    sizes: Floats
    angles: Floats
    scores: Floats
    owners: npt.NDArray[np.int64]
    names: tuple[str, ...]
    points: Floats
    likelihoods: Floats
    body_parts: tuple[str, ...] = ()
    least_likelihood: float = 0.0
    stated_frames: int | None = None
    stated_size: tuple[int, int] | None = None
    may_start_at_one: bool = False

    def __post_init__(self) -> None:
        n, n_parts = len(self.frames), len(self.body_parts)
        expected = {"positions": (n, 2), "sizes": (n, 2), "angles": (n,), "scores": (n,), "owners": (n,)}
        for name, shape in {**expected, "points": (n, n_parts, 2), "likelihoods": (n, n_parts)}.items():
            if (found := getattr(self, name).shape) != shape:
                raise ValueError(f"{name} have shape {found}, expected {shape}")
        if (np.diff(self.frames) < 0).any():
            raise ValueError("frames are not in order")

    def __len__(self) -> int:
        return len(self.frames)

    @classmethod
    def from_boxes(
        cls, frames: npt.NDArray[np.int64], positions: Floats, sizes: Floats, *, angles: Floats | None = None, scores: Floats | None = None
    ) -> Self:
        """Return boxes or positions without names, in the order of their frames.

        >>> DetectionTable.from_boxes(np.array([3, 1]), np.array([[5.0, 5.0], [7.0, 7.0]]), np.full((2, 2), np.nan)).frames.tolist()
        [1, 3]
        """
        n = len(frames)
        order = np.argsort(frames, kind="stable")
        angles = np.full(n, np.nan) if angles is None else angles
        scores = np.ones(n) if scores is None else scores
        nobody = np.full(n, -1, dtype=np.int64)
        nothing = np.empty((n, 0))
        return cls(
            frames[order], positions[order], sizes[order], angles[order], scores[order], nobody, (), nothing.reshape(n, 0, 2), nothing
        )

    @classmethod
    def from_instances(cls, instances: PoseInstances, *, least_likelihood: float = 0.0) -> Self:
        """Return the animals of a pose file."""
        n = len(instances.frames)
        unknown = np.full((n, 2), np.nan)
        likelihoods = np.clip(np.nan_to_num(instances.values[..., 2]), 0.0, 1.0)
        return cls(
            frames=instances.frames,
            positions=unknown,
            sizes=unknown,
            angles=unknown[:, 0],
            scores=np.ones(n),
            owners=instances.owners,
            names=instances.names,
            points=instances.values[..., :2],
            likelihoods=likelihoods,
            body_parts=instances.body_parts,
            least_likelihood=least_likelihood,
            stated_frames=instances.stated_frames,
        )

    def select(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.integer]) -> Self:
        """Return some of the detections, by mask or by index in order."""
        names = ("frames", "positions", "sizes", "angles", "scores", "owners", "points", "likelihoods")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})
