"""The contract of every engine in every precision, on one small network; and how precision is chosen and checked."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from behavior.errors import OutputError, UsageError, WeightsError
from behavior.vision import conversion, devices, engine_choice
from behavior.vision import engines as engines_module
from behavior.vision.backbones import build_backbone, find_backbone
from behavior.vision.conversion import convert_backbone, converted_path
from behavior.vision.engine_choice import find_lowest_cosine, open_engine, prepare_engine, resolve_precision
from behavior.vision.engine_request import EngineRequest
from behavior.vision.engines import KerasEngine, choose_group_size

BATCH = 4
SPECIFICATION = find_backbone("openfield")
ENGINES = [("keras", "float32"), ("keras", "bfloat16"), ("openvino", "float32"), ("openvino", "bfloat16"), ("openvino", "int8")]
# How far from float32's vectors a vector may be, as a share of their spread.
TOLERANCES = {"float32": 1e-4, "bfloat16": 0.1, "int8": 0.5}


def draw_crops(count, *, seed=0):
    """Crops with a bright animal-like blob on noise, which is nearer to a real crop than noise alone."""
    rng = np.random.default_rng(seed)
    crops = rng.integers(60, 100, (count, 64, 64, 3))
    rows, columns = np.mgrid[:64, :64]
    for crop in crops:
        (y, x), (height, width), tilt = rng.uniform(20, 44, 2), rng.uniform(6, 20, 2), rng.uniform(-1, 1)
        crop[((rows - y) / height) ** 2 + ((columns - x + tilt * (rows - y)) / width) ** 2 < 1] += rng.integers(60, 150)
    return crops.clip(0, 255).astype(np.uint8)


CROPS = draw_crops(64)


CONVERSION = """
import sys
import numpy as np
from pathlib import Path
from behavior.vision.backbones import find_backbone
from behavior.vision.engine_choice import prepare_engine
from behavior.vision.engine_request import EngineRequest
crops = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
request = EngineRequest(find_backbone("openfield"), "packaged", "packaged", Path(sys.argv[1]), "openvino", "float32", batch_size=2)
prepared = prepare_engine(request, sample=lambda count: crops, announce=print)
print(prepared.engine.embed(crops).shape, prepared.cosine, prepared.note)
print([name for name in ("tensorflow", "keras", "torch", "nncf") if name in sys.modules])
"""


@dataclass(frozen=True)
class Converted:
    """A folder of models, the names in it, those in the home folder, and what the process printed that had the network converted."""

    models: Path
    names: set[str]
    names_at_home: set[str]
    printed: list[str]


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """The network converted by a process of its own."""
    folder, home = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("home")
    environment = {**os.environ, "HOME": str(home), "LOCALAPPDATA": str(home)}
    done = subprocess.run([sys.executable, "-c", CONVERSION, str(folder)], capture_output=True, text=True, check=True, env=environment)
    return Converted(folder, {found.name for found in folder.iterdir()}, {found.name for found in home.iterdir()}, done.stdout.splitlines())


@pytest.fixture(scope="module")
def models(converted):
    return converted.models


def ask(models, **changes):
    """Ask for the network in some folder of models."""
    return EngineRequest(SPECIFICATION, "packaged", identity="packaged", models=models, batch_size=BATCH, **changes)


def keep_silent(message):
    pass


@pytest.fixture(scope="module")
def expected():
    """The vectors of CROPS in float32, by Keras alone."""
    model = build_backbone(SPECIFICATION, "packaged")
    return np.asarray(model(CROPS.astype(np.float32)))


@pytest.fixture(scope="module")
def engines(models):
    """Each engine that a test asks for, made once; OpenVINO's groups have two images, so that a batch has several."""
    made = {}

    def get(name, precision):
        if (name, precision) not in made:
            if precision == "int8":
                pytest.importorskip("nncf")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(engines_module, "PIXELS_AT_ONCE", 2 * 64**2)
                request = ask(models, engine=name, precision=precision)
                made[name, precision] = prepare_engine(request, sample=lambda count: CROPS[:count], announce=keep_silent).engine
        return made[name, precision]

    return get


@pytest.mark.parametrize(("name", "precision"), ENGINES)
class TestEveryEngine:
    """What the pipeline relies on, whichever engine it is."""

    @pytest.fixture
    def engine(self, engines, name, precision):
        return engines(name, precision)

    def test_it_says_what_it_is(self, engine, name, precision):
        assert engine.name == name
        # A processor that does not compute in bfloat16 says so.
        assert engine.precision in (precision, "float32")
        assert (engine.batch_size, engine.n_features, engine.input_size) == (BATCH, 128, 64)

    @pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 9])
    def test_vectors_are_float32_one_for_each_image(self, engine, name, precision, count):
        vectors = engine.embed(CROPS[:count])
        assert vectors.shape == (count, 128)
        assert vectors.dtype == np.float32
        assert np.isfinite(vectors).all()

    def test_vectors_are_those_of_keras_in_float32(self, engine, name, precision, expected):
        errors = np.abs(engine.embed(CROPS) - expected)
        assert errors.max() < TOLERANCES[precision] * np.abs(expected).max()
        assert find_lowest_cosine(engine.embed(CROPS), expected) > 0.98

    def test_a_crop_has_one_vector_wherever_it_stands(self, engine, name, precision):
        alone = engine.embed(CROPS[:1])
        for place in range(2 * BATCH):
            crops = np.concatenate([CROPS[1 : place + 1], CROPS[:1], CROPS[10:13]])
            np.testing.assert_array_equal(engine.embed(crops)[place], alone[0])

    def test_batches_of_any_size_come_back_in_order(self, engine, name, precision):
        sizes = [4, 1, 3, 4, 4, 2, 4, 4, 4, 1]
        ends = np.cumsum(sizes)
        batches = [CROPS[end - size : end] for size, end in zip(sizes, ends, strict=True)]
        vectors = list(engine.embed_batches(iter(batches)))
        assert [len(found) for found in vectors] == sizes
        np.testing.assert_array_equal(np.concatenate(vectors), engine.embed(CROPS[: ends[-1]]))

    def test_no_batches_give_no_vectors(self, engine, name, precision):
        assert list(engine.embed_batches([])) == []

    def test_it_takes_no_more_batches_than_it_can_hold(self, engine, name, precision):
        taken = []

        def count_batches():
            for index in range(50):
                taken.append(index)
                yield CROPS[:BATCH]

        done = engine.embed_batches(count_batches())
        ahead = []
        for index, _ in enumerate(done):
            ahead.append(len(taken) - index)
            if index == 20:
                break
        done.close()
        assert max(ahead) <= 20
        assert max(ahead[5:]) == min(ahead[5:])

    def test_it_can_be_left_early_and_used_again(self, engine, name, precision):
        done = engine.embed_batches(iter([CROPS[:4], CROPS[4:8], CROPS[8:12], CROPS[12:16]]))
        first = next(done)
        done.close()
        np.testing.assert_array_equal(first, engine.embed(CROPS[:4]))

    def test_an_error_of_what_makes_the_batches_comes_through(self, engine, name, precision):
        def break_off():
            yield CROPS[:4]
            raise OSError("the drive is gone")

        with pytest.raises(OSError, match="the drive is gone"):
            list(engine.embed_batches(break_off()))
        assert len(engine.embed(CROPS[:2])) == 2

    def test_memory_does_not_grow(self, engine, name, precision):
        psutil = pytest.importorskip("psutil")

        def run_batches(count):
            for _ in engine.embed_batches(CROPS[:BATCH] for _ in range(count)):
                pass
            return psutil.Process().memory_info().rss

        before = run_batches(100)
        # Each batch is 48 KiB on the way in, four times that as floats, and 2 KiB on the way out.
        assert run_batches(300) - before < 300 * 48 * 1024 / 2


def test_the_parent_of_a_conversion_loads_neither_tensorflow_nor_keras(converted):
    assert converted.printed == ["converting openfield for OpenVINO; this is done once", "(5, 128) None None", "[]"]
    # Nothing is left of the making, and what is there has the names that the next use looks for.
    path = converted_path(ask(converted.models))
    assert converted.names == {path.with_suffix(suffix).name for suffix in (".xml", ".bin", ".json")}


def test_openvino_tells_nobody(converted):
    # By itself it keeps an identification there, and sends it.
    assert converted.names_at_home.isdisjoint({"intel", "Intel Corporation"})


@pytest.mark.parametrize(
    ("input_size", "batch_size", "expected"),
    [(64, 32, 32), (64, 128, 64), (224, 32, 4), (299, 32, 4), (299, 3, 3), (1000, 32, 1), (600, 1, 1)],
)
def test_images_are_computed_in_groups(input_size, batch_size, expected):
    assert choose_group_size(input_size, batch_size) == expected


class TestConvertedModels:
    """Whole or not at all, and made once."""

    @pytest.fixture
    def made(self, monkeypatch):
        """Models of a few bytes, and who asked for them."""
        calls = []

        def make(function, *, target, **arguments):
            calls.append(target)
            target.write_text("<net/>")
            target.with_suffix(".bin").write_bytes(b"weights")

        monkeypatch.setattr(conversion, "call_in_child", make)
        return calls

    def convert(self, models):
        said = []
        return convert_backbone(ask(models), announce=said.append), said

    def test_the_second_use_makes_nothing(self, made, tmp_path):
        first, said = self.convert(tmp_path)
        assert said == ["converting openfield for OpenVINO; this is done once"]
        assert self.convert(tmp_path) == (first, [])
        assert len(made) == 1

    @pytest.mark.parametrize("suffix", [".xml", ".bin", ".json"])
    @pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"{")])
    def test_a_damaged_one_is_made_again(self, made, tmp_path, suffix, damage):
        path, _ = self.convert(tmp_path)
        damage(path.with_suffix(suffix))
        self.convert(tmp_path)
        assert len(made) == 2
        assert path.with_suffix(".bin").read_bytes() == b"weights"
        assert json.loads(path.with_suffix(".json").read_text()).keys() == {".xml", ".bin"}

    def test_what_a_killed_conversion_left_is_removed(self, made, tmp_path):
        path = converted_path(ask(tmp_path))
        left = tmp_path / f".{path.stem}.abc.making"
        left.mkdir(parents=True)
        (left / "half.bin").write_bytes(b"half")
        self.convert(tmp_path)
        assert not left.exists()

    def test_a_failed_conversion_leaves_nothing(self, monkeypatch, tmp_path):
        def fail(function, *, target, **arguments):
            target.write_text("<net")
            raise WeightsError("no.h5: these weights do not fit.")

        monkeypatch.setattr(conversion, "call_in_child", fail)
        with pytest.raises(WeightsError, match="do not fit"):
            self.convert(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_full_disk_is_one_sentence(self, monkeypatch, tmp_path):
        def fill(function, *, target, **arguments):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(conversion, "call_in_child", fill)
        with pytest.raises(OutputError, match=r"cannot be written \(No space left"):
            self.convert(tmp_path)

    def test_the_name_tells_apart_all_that_the_numbers_depend_on(self, tmp_path):
        others = [
            converted_path(replace(ask(tmp_path), identity="other weights")),
            converted_path(replace(ask(tmp_path), specification=replace(SPECIFICATION, preprocessing="torch"))),
            converted_path(replace(ask(tmp_path), specification=replace(SPECIFICATION, input_size=96))),
            converted_path(replace(ask(tmp_path), specification=find_backbone("squeezenet"))),
        ]
        assert len({converted_path(ask(tmp_path)), *others}) == 5

    def test_one_that_another_process_makes_is_waited_for(self, made, monkeypatch, tmp_path):
        path = converted_path(ask(tmp_path))
        monkeypatch.setattr(conversion.time, "sleep", lambda seconds: None)
        others = iter([False, False, True])

        class Claim:
            def __init__(self, claimed):
                assert claimed == path

            def __enter__(self):
                return next(others)

            def __exit__(self, *_):
                return False

        monkeypatch.setattr(conversion, "claim_file", Claim)
        _, said = self.convert(tmp_path)
        assert said == [f"waiting for another process that makes {path.name}", "converting openfield for OpenVINO; this is done once"]


class TestChoosing:
    @pytest.fixture(autouse=True)
    def machine(self, monkeypatch):
        """A machine without GPU whose processor has bfloat16, unless a test says otherwise."""

        def set_up(*, gpu=False, native=True, gpu_native=True):
            monkeypatch.setattr(engine_choice, "has_gpu", lambda: gpu)
            monkeypatch.setattr(engine_choice, "has_native_bfloat16", lambda: native)
            monkeypatch.setattr(engine_choice, "gpu_has_native_bfloat16", lambda: gpu and gpu_native)

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

    def test_keras_has_no_int8(self):
        with pytest.raises(UsageError, match="precision int8 needs engine: openvino"):
            resolve_precision("keras", "int8")

    def test_int8_says_what_to_install(self, monkeypatch):
        monkeypatch.setattr(engine_choice, "find_spec", lambda name: None)
        with pytest.raises(UsageError, match=r"pip install 'behavior\[int8\]'"):
            resolve_precision("auto", "int8")

    def test_a_machine_without_a_driver_is_not_asked_twice(self, monkeypatch):
        def refuse(name):
            raise OSError(name)

        monkeypatch.setattr(devices.ctypes, "CDLL", refuse)
        monkeypatch.setattr(devices, "call_in_child", lambda function: pytest.fail("TensorFlow was asked"))
        devices._find_gpus.cache_clear()
        try:
            assert not devices.has_gpu()
        finally:
            devices._find_gpus.cache_clear()


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
    def prepare(self, monkeypatch, tmp_path):
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


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([[1, 0], [3, 4]], [[2, 0], [3, 4]], 1.0),
        ([[1, 0], [1, 1]], [[1, 0], [1, 0]], np.sqrt(0.5)),
        ([[0, 0]], [[0, 0]], 1.0),
        ([[0, 0], [1, 0]], [[1, 0], [1, 0]], 0.0),
        ([[np.nan, 1]], [[1, 1]], -1.0),
        ([[np.inf, 1]], [[np.inf, 1]], -1.0),
    ],
)
def test_lowest_cosine(first, second, expected):
    assert find_lowest_cosine(np.array(first, dtype=np.float32), np.array(second, dtype=np.float32)) == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "precision"), [("keras", "bfloat16"), ("openvino", "float32"), ("openvino", "bfloat16")])
def test_resnet50v2_agrees_with_keras(tmp_path_factory, name, precision):
    specification = find_backbone("resnet50v2")
    crops = np.random.default_rng(0).integers(0, 256, (6, 224, 224, 3), dtype=np.uint8)
    models = tmp_path_factory.getbasetemp() / "resnet"
    request = EngineRequest(specification, "random", identity="random", models=models, engine=name, precision=precision, batch_size=4)
    engine = open_engine(request, announce=keep_silent)
    expected = KerasEngine(build_backbone(specification, "random"), batch_size=4).embed(crops)
    found = engine.embed(crops)
    assert find_lowest_cosine(found, expected) > 0.999
    if precision == "float32":
        np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_array_equal(engine.embed(crops[[5]]), found[[5]])


class CountingModel:
    """Stands for a network: the vector is the mean colour, and every batch has to have the same size."""

    output_shape, input_shape = (None, 3), (None, 8, 8, 3)

    def compile(self, **_):
        self.sizes = []

    def predict_on_batch(self, batch):
        self.sizes.append(len(batch))
        return batch.mean(axis=(1, 2))


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 9])
def test_keras_sees_full_batches_and_rows_are_their_pictures_own(count):
    model = CountingModel()
    pictures = np.random.default_rng(1).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    vectors = KerasEngine(model, batch_size=4).embed(pictures)
    np.testing.assert_allclose(vectors, pictures.mean(axis=(1, 2)).reshape(count, 3), rtol=1e-6)
    assert set(model.sizes) <= {4}
