"""`behavior backbones`: what each backbone is, and how fast it is on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import BehaviorError, UsageError
from behavior.files.feature_sources import hash_file
from behavior.progress import announce, complain, report_progress
from behavior.vision.backbone_weights import IMAGENET, PACKAGED, RANDOM, identify_weights, imagenet_path
from behavior.vision.backbones import BACKBONES, FILE, BackboneSpecification, find_backbone
from behavior.vision.engine_choice import open_engine, resolve_precision
from behavior.vision.engine_request import AUTO, EngineRequest
from behavior.vision.preprocessing import describe_preprocessing
from behavior.vision.recommendation import recommend_backbone
from behavior.vision.torch_descriptions import find_downloaded, make_description, split_name
from behavior.vision.torch_networks import LIBRARIES, PRETRAINED, TorchDescription, TorchNetwork

__all__ = ["SUGGESTED", "BackboneList", "ListedBackbone", "list_backbones"]

BATCH_SIZE = 32
SECONDS = 3.0
HOURS = 12.0
# Of thousands, some that are good and not too large for a processor.
SUGGESTED = (
    "timm/vit_small_patch14_dinov2.lvd142m",
    "timm/vit_small_patch16_dinov3.lvd1689m",
    "timm/convnext_tiny.dinov3_lvd1689m",
    "transformers/MCG-NJU/videomae-base",
    "transformers/facebook/vjepa2-vitl-fpc64-256",
)


@dataclass(frozen=True)
class ListedBackbone:
    """A row of the list; what depends on the file of a `file` is None.

    Attributes
    ----------
    weights
        The weights that can be had, as a study file names them; "file" stands for the path of one.
    frames_per_second
        Measured here; None where it was not.
    is_here
        Whether weights are on this machine already, and what runs them is installed.
    """

    name: str
    n_features: int | None
    input_size: int | None
    preprocessing: str
    n_parameters: int | None
    weights: tuple[str, ...]
    frames_per_second: float | None = None
    is_here: bool = False


@dataclass
class BackboneList:
    """The backbones, in the order of the registry, then some of other libraries.

    Attributes
    ----------
    backbones
        One row each.
    measured_with
        The engine and the precision that were measured; empty where nothing was.
    failures
        A sentence for each backbone that could not be measured.
    libraries
        Versions of the libraries that have more backbones; None for one that is not installed.
    recommended
        A sentence on which backbone to take; empty where nothing was asked, or measured.
    """

    backbones: list[ListedBackbone] = field(default_factory=list)
    measured_with: str = ""
    failures: dict[str, str] = field(default_factory=dict)
    libraries: dict[str, str | None] = field(default_factory=dict)
    recommended: str = ""


def list_backbones(
    names: Sequence[str] = (),
    *,
    models: Path,
    measure: bool = True,
    seconds: float = SECONDS,
    n_frames: int | None = None,
    hours: float = HOURS,
) -> BackboneList:
    """Return what is known of the backbones named in `names`, or of all, measured with random weights in what "auto" means here.

    Parameters
    ----------
    models
        Folder for the converted models.
    seconds
        How long each is measured at most, the conversion not counted.
    n_frames
        Number of frames to embed, for which one is recommended; none where None.
    hours
        How long that may take.

    Raises
    ------
    UsageError
        If a name is not the name of a backbone, or one is to be recommended and nothing is measured.
    """
    if n_frames is not None and not measure:
        raise UsageError("--frames recommends a backbone by its speed, and --no-measure measures none; leave one of the two out.")

    def describe(network: TorchNetwork) -> TorchDescription:
        return make_description(network, models, hash_file=hash_file, announce=announce)

    chosen = list(names) or [*BACKBONES, FILE]
    # What a backbone from a file is depends on the file; one of another library is built for what is known of it.
    known = {name: find_backbone(name) for name in chosen if name != FILE and split_name(name) is None}
    others = [name for name in chosen if split_name(name) is not None]
    listed = BackboneList(libraries={name: _find_version(name) for name in LIBRARIES})
    speeds: dict[str, float] = {}
    if measure:
        measured: dict[str, None] = {}
        with report_progress("measuring backbones", total=len(known) + len(others), unit="backbones") as advance:
            for name in [one for one in chosen if one != FILE]:
                try:
                    if name in others:
                        known[name] = find_backbone(name, weights=RANDOM, describe=describe)
                    request = _make_request(known[name], models)
                    measured[f"{request.engine}, {request.precision}"] = None
                    speeds[name] = _measure(request, seconds=seconds)
                except BehaviorError as error:
                    listed.failures[name] = str(error)
                    complain(f"{name}: {error}")
                advance(1)
        listed.measured_with = f"{' and '.join(measured)}, batches of {BATCH_SIZE}; speed is the same with all weights" if measured else ""
    listed.backbones += [_describe(name, known.get(name), speeds.get(name)) for name in chosen]
    # Some of many, for whom nothing is asked: they are not built for a list.
    listed.backbones += [] if names else [_describe(name, None, None) for name in SUGGESTED]
    if n_frames is not None:
        listed.recommended = recommend_backbone(speeds, n_frames=n_frames, hours=hours)
    return listed


def _make_request(specification: BackboneSpecification, models: Path) -> EngineRequest:
    request = EngineRequest(
        specification,
        RANDOM,
        identity=identify_weights(specification, RANDOM, hash_file=hash_file),
        models=models,
        batch_size=BATCH_SIZE,
    )
    engine, precision = resolve_precision(AUTO, AUTO, library=request.library)
    return replace(request, engine=engine, precision=precision)


def _find_version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _describe(name: str, specification: BackboneSpecification | None, frames_per_second: float | None) -> ListedBackbone:
    if name == FILE:
        return ListedBackbone(name, None, None, "raw", None, ("file",), is_here=True)
    if split_name(name) is not None:
        is_here = find_downloaded(name) is not None and all(_find_version(one) for one in ("torch", name.partition("/")[0]))
        nothing: tuple[int | None, int | None, str, int | None] = (None, None, "its own", None)
        found = nothing if specification is None else _take_outside(specification)
        return ListedBackbone(name, *found, (PRETRAINED, "file"), frames_per_second, is_here)
    assert specification is not None
    weights = [
        *([IMAGENET] if specification.imagenet_file else []),
        *([PACKAGED] if specification.name == "openfield" else []),
        "file",
    ]
    is_here = specification.name == "openfield" or (IMAGENET in weights and imagenet_path(specification).is_file())
    return ListedBackbone(name, *_take_outside(specification), tuple(weights), frames_per_second, is_here)


def _take_outside(specification: BackboneSpecification) -> tuple[int | None, int | None, str, int | None]:
    preprocessing = describe_preprocessing(specification.preprocessing)
    return specification.n_features, specification.input_size, preprocessing, specification.n_parameters


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
