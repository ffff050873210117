"""What `behavior track` is asked for, and what a track is made with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from behavior.embedding.tracklet_identities import OPENFIELD, Fingerprint
from behavior.errors import UsageError
from behavior.files.feature_sources import hash_file
from behavior.tracking.background import BackgroundKind, Polarity
from behavior.tracking.motion_models import Motion
from behavior.tracking.moving_pixels import MotionKind
from behavior.versions import collect_versions
from behavior.vision.backbones import find_backbone, require_keras

__all__ = ["TrackRequest", "describe_origin"]

# Options for animals that are yet to be found in pictures.
_OF_PICTURES = ("background", "polarity", "threshold", "colors", "adaptive", "moving")

# What numbers can be: grey levels, pixels of the largest videos, more animals than can be told from each other.
_RANGES: Mapping[str, tuple[float, int]] = {
    "animals": (1, 1000),
    "threshold": (1, 255),
    "area": (1, 10**9),
    "colors": (0, 255),
    "fastest": (0.01, 10**6),
    "process_noise": (0, 10**6),
    "memory": (0, 10**9),
    "least_score": (0, 1),
}


@dataclass(frozen=True)
class TrackRequest:
    """How to track; None is found from each video. Areas in pixels, thresholds in grey levels, memory in frames.

    `identity` None is the correlogram where the number of animals is given and they are several, else none; `backbone` and `weights` are
    for the identity `backbone`, the packaged `openfield` where None. With `detections`, a file or a
    folder with one for each video, animals are not looked for in pictures; the file's own identities count only with `keep_identities`.
    """

    animals: int | None = None
    background: BackgroundKind | None = None
    polarity: Polarity | None = None
    threshold: float | None = None
    area: float | None = None
    mask: Path | None = None
    colors: float | None = None
    adaptive: bool = False
    moving: MotionKind | None = None
    motion: Motion = "acceleration"
    method: Literal["optimal", "greedy"] = "optimal"
    memory: int = 50
    fastest: float | None = None
    process_noise: float | None = None
    identity: Literal["none", "correlogram", "dense", "cnn", "backbone"] | None = None
    backbone: str | None = None
    weights: str | None = None
    seed: int = 0
    per_animal: bool = False
    detections: Path | None = None
    least_score: float = 0.0
    keep_identities: bool = False
    heads: Path | None = None

    @property
    def fingerprint(self) -> Fingerprint | None:
        """What animals are told apart by; None if nothing, or one animal, or nobody knows how many."""
        # The correlogram is not trained: seconds where a network takes half a minute, and nearly as good.
        usual: Fingerprint | None = "correlogram" if (self.animals or 0) > 1 and not self.keep_identities else None
        return usual if self.identity is None else None if self.identity == "none" else self.identity

    @property
    def looks(self) -> tuple[str, str]:
        """Name and weights of the backbone."""
        return OPENFIELD if self.backbone is None else (self.backbone, str(self.weights))

    def require_usable(self) -> None:
        """Raise UsageError if a number is out of range, or two options contradict each other."""
        self._require_identity()
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            # NaN is in no range.
            if value is not None and not least <= value <= most:
                raise UsageError(f"--{name.replace('_', '-')} {value:g}: expected a number from {least:g} to {most:,}.")
        self._require_background()
        self._require_detections()

    def _require_identity(self) -> None:
        if self.fingerprint is not None and (self.animals or 0) < 2:
            raise UsageError(f"--identity {self.identity} tells several animals apart; give --animals with their number, 2 or more.")
        if (self.backbone is None) != (self.weights is None):
            raise UsageError("--backbone and --weights belong together: its name, and imagenet, packaged or the path of a weights file.")
        if self.backbone is not None:
            if self.fingerprint != "backbone":
                raise UsageError(f"--backbone {self.backbone} is for --identity backbone; give both, or neither.")
            require_keras(find_backbone(self.backbone, weights=self.weights), user="telling animals apart")

    def _require_background(self) -> None:
        if self.background == "extreme" and self.polarity == "both":
            raise UsageError("--background extreme needs animals that are all dark or all light; give --polarity dark or light, or median.")
        if self.background == "moving" and (self.polarity is not None or self.threshold is not None):
            option = "polarity" if self.polarity is not None else "threshold"
            raise UsageError(f"--background moving finds whatever moves, and knows no --{option}; leave one out.")

    def _require_detections(self) -> None:
        if self.detections is not None:
            given = [name for name in _OF_PICTURES if getattr(self, name)]
            if given:
                raise UsageError(
                    f"--{given[0]} is for animals that are looked for in the pictures, and --detections names them; leave one out."
                )
        elif self.keep_identities or self.least_score:
            option = "keep-identities" if self.keep_identities else "least-score"
            raise UsageError(f"--{option} is for animals that a file names; give the file with --detections.")
        if self.keep_identities and self.fingerprint is not None:
            raise UsageError(f"--keep-identities and --identity {self.identity} contradict each other; leave one out.")
        if self.keep_identities and self.animals is not None:
            raise UsageError("--keep-identities takes the number of animals from the file; leave --animals out.")


def describe_origin(video: Path, request: TrackRequest) -> dict[str, Any]:
    """Return what a track is made with: the same again makes the same track; InputError if a file of it cannot be read."""
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(request).items()}
    files = {name: hash_file(path) for name in ("mask", "detections", "heads") if (path := getattr(request, name)) is not None}
    return {"files": files, "video": video.name, "bytes": video.stat().st_size, "settings": settings, "versions": collect_versions()}
