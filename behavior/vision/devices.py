"""What this machine can compute on, and the library that computes on its processor."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from behavior.compute.child import call_in_child

__all__ = ["describe_processor", "gpu_has_native_bfloat16", "has_gpu", "has_native_bfloat16", "load_openvino"]

# The packages through which TensorFlow finds GPUs other than NVIDIA's.
GPU_PLUGINS = ("tensorflow-metal", "tensorflow-rocm")
# NVIDIA's GPUs compute in bfloat16 from Ampere on.
BFLOAT16_CAPABILITY = 8


def load_openvino() -> Any:
    """Return the module `openvino`, imported with its telemetry switched off.

    By itself it reports every import and conversion to its makers over the internet, and keeps an identification of the user in the
    home folder. It does without where the package for that is not installed, which is what it is made to believe.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def has_gpu(library: str = "keras") -> bool:
    """Tell whether a library, "keras" (by TensorFlow) or "torch", can use a GPU here, without loading it into this process."""
    return bool(_find_gpus(library))


def gpu_has_native_bfloat16(library: str = "keras") -> bool:
    """Tell whether each GPU that a library can use computes in bfloat16 itself."""
    return has_gpu(library) and all(capability >= BFLOAT16_CAPABILITY for capability in _find_gpus(library))


@cache
def has_native_bfloat16() -> bool:
    """Tell whether this processor computes in bfloat16 itself; where it does not, float32 is as fast."""
    return "BF16" in load_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@cache
def describe_processor() -> str:
    """Return the name of this processor and the types that it computes in, as OpenVINO sees them."""
    core = load_openvino().Core()
    types = " ".join(sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")))
    return f"{core.get_property('CPU', 'FULL_DEVICE_NAME')} ({types})"


@cache
def _find_gpus(library: str) -> tuple[int, ...]:
    """Return the major compute capability of each GPU that a library finds, 0 where it knows none."""
    if library == "torch" and find_spec("torch") is None:
        return ()
    # Asking a library takes seconds, which a machine without any GPU need not wait.
    return tuple(call_in_child(_ask_torch if library == "torch" else _ask_tensorflow)) if _may_have_gpu(library) else ()


def _may_have_gpu(library: str) -> bool:
    if library == "torch" and sys.platform == "darwin":
        return True
    for plugin in GPU_PLUGINS if library == "keras" else ():
        try:
            version(plugin)
        except PackageNotFoundError:
            continue
        return True
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0


def _ask_torch() -> list[int]:
    import torch

    if torch.cuda.is_available():
        return [torch.cuda.get_device_capability(number)[0] for number in range(torch.cuda.device_count())]
    # Apple's, whose types are not told.
    return [0] if torch.backends.mps.is_available() else []


def _ask_tensorflow() -> list[int]:
    import tensorflow as tf

    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return [int(detail.get("compute_capability", (0, 0))[0]) for detail in details]
