"""Choosing the engine and the precision that a backbone runs in, and comparing a reduced precision with float32."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from behavior.errors import UsageError
from behavior.files.atomic import make_folder, write_text
from behavior.vision.backbones import build_backbone
from behavior.vision.conversion import Announce, convert_backbone, converted_path, quantize_model
from behavior.vision.devices import describe_processor, gpu_has_native_bfloat16, has_gpu, has_native_bfloat16
from behavior.vision.engine_request import AUTO, BFLOAT16, FLOAT32, INT8, KERAS, OPENVINO, TORCH, EngineRequest
from behavior.vision.engines import Engine, Images, KerasEngine, OpenVinoEngine, TorchEngine
from behavior.vision.similarity import find_lowest_cosine
from behavior.vision.torch_backbones import build_specified

__all__ = ["LOWEST_COSINE", "N_CHECKED", "PreparedEngine", "open_engine", "prepare_engine", "resolve_precision"]

# What a reduced precision has to keep of float32's vectors on real crops.
LOWEST_COSINE = {BFLOAT16: 0.999, INT8: 0.99}
N_CHECKED = 64
N_CALIBRATION = 300

Sample = Callable[[int], Images]


@dataclass(frozen=True)
class PreparedEngine:
    """An engine that is ready, and what came of its check.

    Attributes
    ----------
    engine
        Its `precision` is the one that it runs in.
    cosine
        Lowest cosine between a vector in the reduced precision and in float32, also where it was too low; None where float32 was asked for.
    note
        A sentence where another precision is run than was asked for.
    """

    engine: Engine
    cosine: float | None = None
    note: str | None = None


@dataclass(frozen=True)
class _Check:
    """What comparing a reduced precision with float32 found, as it is kept in a file."""

    cosine: float
    n_crops: int
    processor: str


def resolve_precision(engine: str, precision: str, *, library: str = KERAS) -> tuple[str, str]:
    """Return the engine and the precision that "auto" means on this machine.

    The engine is a GPU through the network's own library where there is one, else OpenVINO; the precision is bfloat16 where the processor
    has it natively, else float32.

    Parameters
    ----------
    library
        "keras" or "torch" for a network of that library, "openvino" for one that only OpenVINO runs.

    Raises
    ------
    UsageError
        If the engine cannot run the network or compute in that precision, or int8 is asked for without the extra that it needs.
    """
    if engine not in (AUTO, OPENVINO, library):
        raise UsageError(f"engine: {engine} cannot run a network of another library; choose engine: openvino, or auto.")
    if engine in (KERAS, TORCH) and precision == INT8:
        raise UsageError(f"precision int8 needs engine: openvino (or auto), and engine: {engine} was asked for; change one of the two.")
    if precision == INT8 and find_spec("nncf") is None:
        raise UsageError(
            "precision int8 needs NNCF, which is not installed; run: pip install 'behavior[int8]', or choose precision: bfloat16."
        )
    if engine == AUTO:
        engine = library if library != OPENVINO and precision != INT8 and has_gpu(library) else OPENVINO
    if precision == AUTO:
        is_native = gpu_has_native_bfloat16(engine) if engine != OPENVINO and has_gpu(engine) else has_native_bfloat16()
        precision = BFLOAT16 if is_native else FLOAT32
    return engine, precision


def open_engine(request: EngineRequest, *, announce: Announce) -> Engine:
    """Return an engine in float32 or bfloat16, unchecked.

    Parameters
    ----------
    request
        Its engine and precision are not "auto".
    announce
        Is told what goes on.

    Raises
    ------
    WeightsError, OutputError
        As `prepare_engine`.
    """
    specification, precision = request.specification, request.precision
    if request.engine == TORCH:
        announce(f"loading {specification.name}")
        module, shape = build_specified(specification)
        return TorchEngine(module, shape=shape, batch_size=request.batch_size, precision=precision)
    if request.engine == KERAS:
        announce(f"loading {specification.name}")
        return KerasEngine(
            build_backbone(specification, request.weights, precision=precision), batch_size=request.batch_size, precision=precision
        )
    path = convert_backbone(request, announce=announce)
    return OpenVinoEngine(path, precision=precision, batch_size=request.batch_size, n_threads=request.n_threads)


def prepare_engine(request: EngineRequest, *, sample: Sample, announce: Announce) -> PreparedEngine:
    """Return the engine that runs a backbone, its reduced precision checked against float32 at first use.

    Parameters
    ----------
    request
        "auto" is what this machine does best.
    sample
        Returns RGB crops (n, S, S, 3) uint8, or clips, from all over the videos, n of them or as many as there are; called only for a
        check or a calibration.
    announce
        Is told what goes on, and what the check found.

    Raises
    ------
    UsageError
        If the engine cannot compute in that precision, or int8's extra is not installed.
    WeightsError
        If the weights are missing, do not fit, or cannot be converted.
    OutputError
        If `request.models` cannot be written to.
    """
    engine, precision = resolve_precision(request.engine, request.precision, library=request.library)
    if precision == INT8 and request.specification.clip is not None:
        raise UsageError("precision int8 is for networks on single images, and this one looks at clips; choose bfloat16, float32 or auto.")
    request = replace(request, engine=engine, precision=precision)
    if precision == FLOAT32:
        return PreparedEngine(open_engine(request, announce=announce))
    exact = replace(request, precision=FLOAT32)
    name = request.specification.name
    path = converted_path(request)
    check_path = path.with_name(f"{path.stem}.{engine}-{precision}.json")
    processor = describe_processor() if engine == OPENVINO or not has_gpu(engine) else "GPU"
    reduced: Engine | None = None
    check = _read_check(check_path)
    if check is None or check.processor != processor:
        crops = sample(N_CHECKED)
        # One after the other: two networks at once would double the peak of memory.
        reference = open_engine(exact, announce=announce)
        if not len(crops):
            return PreparedEngine(reference, note=f"{name} runs in float32: there are no crops to check {precision} on.")
        expected = reference.embed(crops)
        reference.close()
        reduced = _open_reduced(request, sample, announce)
        if reduced.precision != precision:
            note = f"{name} runs in {reduced.precision}: this processor does not compute in {precision}."
            return PreparedEngine(reduced, note=note)
        check = _Check(find_lowest_cosine(reduced.embed(crops), expected), len(crops), processor)
        make_folder(request.models)
        write_text(check_path, json.dumps(asdict(check), indent=2) + "\n")
        announce(f"{name} in {precision}: cosine to float32 at least {check.cosine:.6f} on {check.n_crops} crops")
    if check.cosine >= LOWEST_COSINE[precision]:
        return PreparedEngine(reduced or _open_reduced(request, sample, announce), check.cosine)
    if reduced is not None:
        reduced.close()
    note = (
        f"{name} runs in float32: in {precision} the cosine to it falls to {check.cosine:.6f} on {check.n_crops} crops, "
        f"below {LOWEST_COSINE[precision]}."
    )
    return PreparedEngine(open_engine(exact, announce=announce), check.cosine, note)


def _open_reduced(request: EngineRequest, sample: Sample, announce: Announce) -> Engine:
    """Return the engine in a reduced precision, calibrated on crops where that is int8."""
    if request.precision != INT8:
        return open_engine(request, announce=announce)
    path = convert_backbone(request, announce=announce)
    quantized = quantize_model(path, lambda: sample(N_CALIBRATION)[:], announce=announce)
    return OpenVinoEngine(quantized, precision=INT8, batch_size=request.batch_size, n_threads=request.n_threads)


def _read_check(path: Path) -> _Check | None:
    try:
        return _Check(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
