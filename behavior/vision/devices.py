"""What this machine can compute on, and the library that computes on its processor."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
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


def has_gpu() -> bool:
    """Tell whether TensorFlow can use a GPU here, without loading it into this process."""
    return bool(_find_gpus())


def gpu_has_native_bfloat16() -> bool:
    """Tell whether each GPU that TensorFlow can use computes in bfloat16 itself."""
    return has_gpu() and all(capability >= BFLOAT16_CAPABILITY for capability in _find_gpus())


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
def _find_gpus() -> tuple[int, ...]:
    """Return the major compute capability of each GPU that TensorFlow finds, 0 where it knows none."""
    # Asking TensorFlow takes seconds, which a machine without any GPU need not wait.
    return tuple(call_in_child(_ask_tensorflow)) if _may_have_gpu() else ()


def _may_have_gpu() -> bool:
    for plugin in GPU_PLUGINS:
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


def _ask_tensorflow() -> list[int]:
    import tensorflow as tf

    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return [int(detail.get("compute_capability", (0, 0))[0]) for detail in details]
