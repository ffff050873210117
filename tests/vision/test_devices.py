"""What this machine is said to compute on, by stand-ins for its drivers and its libraries."""

import sys
import types

import pytest

from behavior.vision import devices
from behavior.vision.devices import describe_processor, gpu_has_native_bfloat16, has_gpu, has_native_bfloat16, load_openvino


@pytest.fixture(autouse=True)
def forgetful():
    """Nothing is known from before, nor kept for others."""
    asked = (devices._find_gpus, has_native_bfloat16, describe_processor)
    for function in asked:
        function.cache_clear()
    yield
    for function in asked:
        function.cache_clear()


def test_a_machine_without_a_driver_is_not_asked(monkeypatch):
    def refuse(name):
        raise OSError(name)

    monkeypatch.setattr(devices.ctypes, "CDLL", refuse)
    monkeypatch.setattr(devices, "call_in_child", lambda function: pytest.fail("TensorFlow was asked"))
    assert not has_gpu()
    assert not gpu_has_native_bfloat16()


@pytest.mark.parametrize(
    ("capabilities", "found", "native"), [([], False, False), ([8], True, True), ([9, 7], True, False), ([0], True, False)]
)
def test_gpus_are_asked_about_once(monkeypatch, capabilities, found, native):
    calls = []

    def answer(function):
        calls.append(function)
        return capabilities

    monkeypatch.setattr(devices, "_may_have_gpu", lambda library: True)
    monkeypatch.setattr(devices, "call_in_child", answer)
    assert has_gpu() is found
    assert gpu_has_native_bfloat16() is native
    assert calls == [devices._ask_tensorflow]


class Core:
    """OpenVINO's view of a processor."""

    def __init__(self, types):
        self.types = types

    def get_property(self, device, name):
        assert device == "CPU"
        return {"OPTIMIZATION_CAPABILITIES": self.types, "FULL_DEVICE_NAME": "A processor"}[name]


@pytest.mark.parametrize(("capabilities", "expected"), [(["FP32", "BF16"], True), (["FP32", "INT8"], False)])
def test_a_processor_says_whether_it_has_bfloat16(monkeypatch, capabilities, expected):
    monkeypatch.setattr(devices, "load_openvino", lambda: types.SimpleNamespace(Core=lambda: Core(capabilities)))
    assert has_native_bfloat16() is expected
    assert describe_processor() == f"A processor ({' '.join(sorted(capabilities))})"


def test_openvino_is_loaded_without_its_telemetry():
    assert load_openvino().__name__ == "openvino"
    with pytest.raises(ImportError):
        import openvino_telemetry  # noqa: F401
    assert sys.modules["openvino_telemetry"] is None
