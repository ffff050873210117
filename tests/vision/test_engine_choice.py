"""How engine and precision are chosen, and a reduced precision compared with float32."""

import json

import numpy as np
import pytest
from drawn_crops import draw_crops

from behavior.errors import UsageError
from behavior.vision import engine_choice
from behavior.vision.engine_choice import prepare_engine, resolve_precision

BATCH = 4


CROPS = draw_crops(64)


class TestChoosing:
    @pytest.fixture(autouse=True)
    def machine(self, monkeypatch):
        """A machine without GPU whose processor has bfloat16, unless a test says otherwise."""

        def set_up(*, gpu=False, native=True, gpu_native=True):
            monkeypatch.setattr(engine_choice, "has_gpu", lambda library: gpu)
            monkeypatch.setattr(engine_choice, "has_native_bfloat16", lambda: native)
            monkeypatch.setattr(engine_choice, "gpu_has_native_bfloat16", lambda engine: gpu and gpu_native)

        set_up()
        return set_up

    @pytest.mark.parametrize(
        ("here", "asked", "expected"),
        [
            ({}, ("auto", "auto"), ("openvino", "bfloat16")),
            ({"native": False}, ("auto", "auto"), ("openvino", "float32")),
            ({"gpu": True}, ("auto", "auto"), ("keras", "bfloat16")),
            ({"gpu": True, "gpu_native": False}, ("auto", "auto"), ("keras", "float32")),
            ({"gpu": True, "gpu_native": False}, ("openvino", "auto"), ("openvino", "bfloat16")),
            ({}, ("keras", "auto"), ("keras", "bfloat16")),
            ({}, ("auto", "float32"), ("openvino", "float32")),
            ({"gpu": True}, ("auto", "int8"), ("openvino", "int8")),
            ({"native": False}, ("auto", "bfloat16"), ("openvino", "bfloat16")),
        ],
    )
    def test_what_auto_stands_for(self, machine, monkeypatch, here, asked, expected):
        monkeypatch.setattr(engine_choice, "find_spec", lambda name: object())
        machine(**here)
        assert resolve_precision(*asked) == expected

    def test_a_network_of_another_library_is_run_by_openvino(self, machine):
        machine(gpu=True)
        assert resolve_precision("auto", "auto", library="openvino") == ("openvino", "bfloat16")
        assert resolve_precision("auto", "auto", library="torch") == ("torch", "bfloat16")
        for engine, library in (("keras", "openvino"), ("keras", "torch"), ("torch", "keras")):
            with pytest.raises(UsageError, match=f"engine: {engine} cannot run a network of another library"):
                resolve_precision(engine, "auto", library=library)

    def test_keras_has_no_int8(self):
        with pytest.raises(UsageError, match="precision int8 needs engine: openvino"):
            resolve_precision("keras", "int8")

    def test_int8_says_what_to_install(self, monkeypatch):
        monkeypatch.setattr(engine_choice, "find_spec", lambda name: None)
        with pytest.raises(UsageError, match=r"pip install 'behavior\[int8\]'"):
            resolve_precision("auto", "int8")


class StandIn:
    """An engine whose vectors are those of float32, turned by an angle where the precision is reduced."""

    name, batch_size, n_features, input_size = "openvino", BATCH, 2, 64

    def __init__(self, precision, *, angle):
        self.precision = precision
        self.angle = 0.0 if precision == "float32" else angle
        self.closed = False

    def embed(self, images):
        return np.tile(np.array([np.cos(self.angle), np.sin(self.angle)], dtype=np.float32), (len(images), 1))

    def close(self):
        self.closed = True


class TestCheckingPrecision:
    @pytest.fixture
    def prepare(self, ask, monkeypatch, tmp_path):
        """Prepare a stand-in of a given error; returns what came of it, what was said, and how many crops were asked for."""
        monkeypatch.setattr(engine_choice, "find_spec", lambda name: object())
        monkeypatch.setattr(engine_choice, "convert_backbone", lambda *_, **__: tmp_path / "none.xml")
        monkeypatch.setattr(engine_choice, "quantize_model", lambda *_, **__: tmp_path / "none-int8.xml")

        def call(*, angle, precision="bfloat16", gives=None, n_crops=64):
            monkeypatch.setattr(engine_choice, "OpenVinoEngine", lambda path, *, precision, **_: StandIn(gives or precision, angle=angle))
            said, asked = [], []

            def sample(count):
                asked.append(count)
                return CROPS[: min(count, n_crops)]

            prepared = prepare_engine(ask(tmp_path, engine="openvino", precision=precision), sample=sample, announce=said.append)
            return prepared, said, asked

        return call

    def test_a_good_one_is_checked_once_and_remembered(self, prepare):
        prepared, said, asked = prepare(angle=0.04)
        assert prepared.engine.precision == "bfloat16"
        assert prepared.cosine == pytest.approx(np.cos(0.04), abs=1e-6)
        assert prepared.note is None
        assert said == ["openfield in bfloat16: cosine to float32 at least 0.999200 on 64 crops"]
        assert asked == [64]
        again, said, asked = prepare(angle=0.04)
        assert (again.engine.precision, again.cosine, said, asked) == ("bfloat16", prepared.cosine, [], [])

    @pytest.mark.parametrize(("precision", "angle", "limit"), [("bfloat16", 0.05, "0.999"), ("int8", 0.15, "0.99")])
    def test_a_bad_one_falls_back_and_is_remembered(self, prepare, precision, angle, limit):
        for expected in ([64], []):
            prepared, _, asked = prepare(angle=angle, precision=precision)
            assert prepared.engine.precision == "float32"
            assert prepared.cosine == pytest.approx(np.cos(angle), abs=1e-6)
            assert prepared.note.startswith(f"openfield runs in float32: in {precision} the cosine to it falls to 0.9")
            assert prepared.note.endswith(f"below {limit}.")
            assert asked == expected

    def test_int8_may_differ_more_than_bfloat16(self, prepare):
        assert prepare(angle=0.1, precision="int8")[0].engine.precision == "int8"
        assert prepare(angle=0.1, precision="bfloat16")[0].engine.precision == "float32"

    def test_another_processor_checks_for_itself(self, prepare, monkeypatch):
        prepare(angle=0.01)
        monkeypatch.setattr(engine_choice, "describe_processor", lambda: "another one")
        assert prepare(angle=0.01)[2] == [64]

    def test_a_damaged_record_is_made_again(self, prepare, tmp_path):
        prepare(angle=0.01)
        (record,) = tmp_path.glob("*.openvino-bfloat16.json")
        record.write_text('{"cosine": ')
        assert prepare(angle=0.01)[2] == [64]
        assert json.loads(record.read_text())["n_crops"] == 64

    def test_float32_is_not_checked(self, prepare):
        prepared, said, asked = prepare(angle=1.0, precision="float32")
        assert (prepared.engine.precision, prepared.cosine, prepared.note, said, asked) == ("float32", None, None, [], [])

    def test_without_a_crop_nothing_is_believed(self, prepare):
        prepared, _, _ = prepare(angle=0.0, n_crops=0)
        assert prepared.engine.precision == "float32"
        assert "no crops" in prepared.note
        assert prepare(angle=0.0)[0].engine.precision == "bfloat16"

    def test_a_processor_that_computes_in_something_else_is_said(self, prepare):
        prepared, _, _ = prepare(angle=0.0, gives="float32")
        assert prepared.engine.precision == "float32"
        assert prepared.note == "openfield runs in float32: this processor does not compute in bfloat16."
