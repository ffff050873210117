"""`behavior backbones`: what each backbone is, and how fast it is on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import BehaviorError
from behavior.files.feature_sources import hash_file
from behavior.progress import announce, complain, report_progress
from behavior.vision.backbones import (
    BACKBONES,
    FILE,
    IMAGENET,
    PACKAGED,
    RANDOM,
    BackboneSpecification,
    find_backbone,
    identify_weights,
)
from behavior.vision.engine_choice import open_engine, resolve_precision
from behavior.vision.engine_request import AUTO, EngineRequest
from behavior.vision.preprocessing import describe_preprocessing

__all__ = ["BackboneList", "ListedBackbone", "list_backbones"]

BATCH_SIZE = 32
SECONDS = 3.0


@dataclass(frozen=True)
class ListedBackbone:
    """A row of the list; what depends on the file of a `file` is None.

    Attributes
    ----------
    weights
        The weights that can be had, as a study file names them; "file" stands for the path of one.
    frames_per_second
        Measured here; None where it was not.
    """

    name: str
    n_features: int | None
    input_size: int | None
    preprocessing: str
    n_parameters: int | None
    weights: tuple[str, ...]
    frames_per_second: float | None = None


@dataclass
class BackboneList:
    """The backbones, in the order of the registry.

    Attributes
    ----------
    backbones
        One row each.
    measured_with
        The engine and the precision that were measured; empty where nothing was.
    failures
        A sentence for each backbone that could not be measured.
    """

    backbones: list[ListedBackbone] = field(default_factory=list)
    measured_with: str = ""
    failures: dict[str, str] = field(default_factory=dict)


def list_backbones(names: Sequence[str] = (), *, models: Path, measure: bool = True, seconds: float = SECONDS) -> BackboneList:
    """Return what is known of the backbones named in `names`, or of all, measured with random weights in what "auto" means here.

    Parameters
    ----------
    models
        Folder for the converted models.
    seconds
        How long each is measured at most, the conversion not counted.

    Raises
    ------
    UsageError
        If a name is not the name of a backbone.
    """
    names = list(names) or [*BACKBONES, FILE]
    # What a backbone from a file is depends on the file.
    specifications = {name: find_backbone(name) for name in names if name != FILE}
    listed = BackboneList()
    speeds: dict[str, float] = {}
    if measure:
        engine, precision = resolve_precision(AUTO, AUTO)
        listed.measured_with = f"{engine}, {precision}, batches of {BATCH_SIZE}, random weights"
        with report_progress("measuring backbones", total=len(specifications), unit="backbones") as advance:
            for name, specification in specifications.items():
                try:
                    request = EngineRequest(
                        specification,
                        RANDOM,
                        identity=identify_weights(specification, RANDOM, hash_file=hash_file),
                        models=models,
                        engine=engine,
                        precision=precision,
                        batch_size=BATCH_SIZE,
                    )
                    speeds[name] = _measure(request, seconds=seconds)
                except BehaviorError as error:
                    listed.failures[name] = str(error)
                    complain(f"{name}: {error}")
                advance(1)
    listed.backbones += [_describe(name, specifications.get(name), speeds.get(name)) for name in names]
    return listed


def _describe(name: str, specification: BackboneSpecification | None, frames_per_second: float | None) -> ListedBackbone:
    if specification is None:
        return ListedBackbone(name, None, None, "raw", None, ("file",))
    weights = [
        *([IMAGENET] if specification.imagenet_file else []),
        *([PACKAGED] if specification.name == "openfield" else []),
        "file",
    ]
    return ListedBackbone(
        name,
        specification.n_features,
        specification.input_size,
        describe_preprocessing(specification.preprocessing),
        specification.n_parameters,
        tuple(weights),
        frames_per_second,
    )


def _measure(request: EngineRequest, *, seconds: float) -> float:
    """Return frames per second of one backbone on crops that are in memory."""
    engine = open_engine(request, announce=announce)
    size = engine.input_size
    crops = np.random.default_rng(0).integers(0, 256, (BATCH_SIZE, size, size, 3), dtype=np.uint8)
    # The first batch pays for what is set up once.
    engine.embed(crops)
    began = time.perf_counter()
    n_frames = sum(len(vectors) for vectors in engine.embed_batches(_repeat(crops, seconds)))
    speed = n_frames / (time.perf_counter() - began)
    engine.close()
    return speed


def _repeat(crops: npt.NDArray[np.uint8], seconds: float) -> Iterator[npt.NDArray[np.uint8]]:
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        yield crops
