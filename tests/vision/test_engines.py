"""The contract of every engine in every precision, on one small network."""

import numpy as np
import pytest
from drawn_crops import draw_crops

from behavior.vision import engines as engines_module
from behavior.vision.backbones import build_backbone, find_backbone
from behavior.vision.engine_choice import open_engine, prepare_engine
from behavior.vision.engine_request import EngineRequest
from behavior.vision.engines import KerasEngine, choose_group_size
from behavior.vision.similarity import find_lowest_cosine

BATCH = 4


SPECIFICATION = find_backbone("openfield")


ENGINES = [("keras", "float32"), ("keras", "bfloat16"), ("openvino", "float32"), ("openvino", "bfloat16"), ("openvino", "int8")]


# How far from float32's vectors a vector may be, as a share of their spread.
TOLERANCES = {"float32": 1e-4, "bfloat16": 0.1, "int8": 0.5}


CROPS = draw_crops(64)


def keep_silent(message):
    pass


@pytest.fixture(scope="module")
def expected():
    """The vectors of CROPS in float32, by Keras alone."""
    model = build_backbone(SPECIFICATION, "packaged")
    return np.asarray(model(CROPS.astype(np.float32)))


@pytest.fixture(scope="module")
def engines(ask, converted):
    """Each engine that a test asks for, made once; OpenVINO's groups have two images, so that a batch has several."""
    made = {}

    def get(name, precision):
        if (name, precision) not in made:
            if precision == "int8":
                pytest.importorskip("nncf")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(engines_module, "PIXELS_AT_ONCE", 2 * 64**2)
                request = ask(converted.models, engine=name, precision=precision)
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


@pytest.mark.parametrize(
    ("input_size", "batch_size", "expected"),
    [(64, 32, 32), (64, 128, 64), (224, 32, 4), (299, 32, 4), (299, 3, 3), (1000, 32, 1), (600, 1, 1)],
)
def test_images_are_computed_in_groups(input_size, batch_size, expected):
    assert choose_group_size(input_size, batch_size) == expected


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
