"""Backbones: every one embeds, and weights that are not there, or are no weights, are said in one sentence."""

import zipfile

import numpy as np
import pytest
from network_samples import write_openvino

from behavior.errors import UsageError, WeightsError
from behavior.files.feature_sources import hash_file
from behavior.vision.backbone_weights import identify_weights
from behavior.vision.backbones import BACKBONES, build_backbone, build_network, find_backbone, require_keras
from behavior.vision.engines import KerasEngine
from behavior.vision.preprocessing import preprocess

PICTURES = np.random.default_rng(0).integers(0, 256, (5, 512, 512, 3), dtype=np.uint8)
# Those that are built and run in little time; the others are slow tests.
QUICK = ("openfield", "squeezenet")


def pictures_for(specification, count=2):
    return np.ascontiguousarray(PICTURES[:count, : specification.input_size, : specification.input_size])


def each_backbone():
    return [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in BACKBONES]


@pytest.mark.parametrize("name", each_backbone())
class TestEveryBackbone:
    """What the pipeline relies on, whichever network it is."""

    def test_random_weights_embed_and_are_always_the_same(self, name):
        specification = find_backbone(name)
        pictures = pictures_for(specification)
        models = [build_backbone(specification, "random") for _ in range(2)]
        vectors = [KerasEngine(model, batch_size=2).embed(pictures) for model in models]
        assert vectors[0].shape == (2, specification.n_features)
        assert vectors[0].dtype == np.float32
        assert np.isfinite(vectors[0]).all()
        np.testing.assert_array_equal(vectors[0], vectors[1])
        assert models[0].count_params() == specification.n_parameters
        assert models[0].input_shape[1:] == (specification.input_size, specification.input_size, 3)

    def test_its_network_saved_whole_gives_its_weights(self, name, tmp_path):
        # As fine-tuning writes it: a file of Keras with something of ours beside what Keras reads.
        specification = find_backbone(name)
        network = build_network(specification, "random")
        network.set_weights([weight + 0.01 for weight in network.get_weights()])
        path = tmp_path / "tuned.keras"
        network.save(path)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("behavior.json", "{}")
        taken = build_network(specification, str(path))
        for weight, expected in zip(taken.get_weights(), network.get_weights(), strict=True):
            np.testing.assert_array_equal(weight, expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenetv3small", "mobilenetv3large", "efficientnetv2b0", "convnexttiny"])
def test_raw_networks_have_their_preprocessing_inside(name):
    # What Keras calls their preprocessing changes nothing, and they take it out of the picture themselves.
    import keras

    specification = find_backbone(name)
    kinds = {type(layer).__name__ for layer in build_network(specification, "random").layers[:4]}
    assert kinds & {"Rescaling", "Normalization"}
    module = {"m": "mobilenet_v3", "e": "efficientnet_v2", "c": "convnext"}[name[0]]
    pictures = pictures_for(specification).astype(np.float32)
    np.testing.assert_array_equal(getattr(keras.applications, module).preprocess_input(pictures.copy()), pictures)


def test_preprocessing_enters_the_network_and_can_be_chosen():
    specification = find_backbone("squeezenet")
    assert specification.preprocessing == "caffe"
    chosen = find_backbone("squeezenet", preprocessing="torch")
    model = build_backbone(chosen, "random")
    pictures = pictures_for(specification, 1).astype(np.float32)
    expected = model.get_layer("squeezenet")(preprocess(pictures, "torch"), training=False)
    np.testing.assert_allclose(np.asarray(model(pictures)), np.asarray(expected), rtol=1e-5, atol=1e-5)
    with pytest.raises(UsageError, match=r"preprocessing 'cafe' is not known; did you mean 'caffe'\?"):
        find_backbone("squeezenet", preprocessing="cafe")


def test_bfloat16_leaves_keras_as_it_was():
    import keras

    specification = find_backbone("openfield")
    model = build_backbone(specification, "packaged", precision="bfloat16")
    assert keras.config.dtype_policy().name == "float32"
    assert model.get_layer("openfield").get_layer("stem_convolution").compute_dtype == "bfloat16"
    assert all(weight.dtype == "float32" for weight in model.weights)
    assert np.asarray(model(pictures_for(specification).astype(np.float32))).dtype == np.float32


def test_squeezenet_takes_its_imagenet_weights(shared_data):
    path = shared_data / "weights" / "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5"
    specification = find_backbone("squeezenet")
    trained = build_backbone(specification, str(path))
    kernels = [weight for weight in trained.get_weights() if weight.ndim == 4]
    assert len(kernels) == 25
    engine = KerasEngine(trained, batch_size=2)
    pictures = pictures_for(specification)
    random = KerasEngine(build_backbone(specification, "random"), batch_size=2)
    assert not np.allclose(engine.embed(pictures), random.embed(pictures))


def test_weights_of_another_network_are_refused(shared_data):
    path = shared_data / "weights" / "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5"
    with pytest.raises(WeightsError, match="do not fit openfield"):
        build_backbone(find_backbone("openfield"), str(path))


def test_a_saved_network_of_another_kind_is_refused(make_network, tmp_path):
    path = tmp_path / "other.keras"
    make_network().save(path)
    with pytest.raises(WeightsError, match=r"other\.keras: these weights do not fit openfield .*found 4 layers"):
        build_backbone(find_backbone("openfield"), str(path))
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"PK")
    with pytest.raises(WeightsError, match=r"broken\.keras: cannot be read as a \.keras file \(File is not a zip file\)"):
        build_backbone(find_backbone("openfield"), str(broken))


@pytest.fixture
def make_network():
    """Make a small network of one's own, from images of a given shape."""
    import keras

    def make(shape=(40, 40, 3), end=None):
        image = keras.Input(shape)
        values = keras.layers.Conv2D(6, 5, strides=2, activation="relu")(image)
        values = (end or keras.layers.GlobalAveragePooling2D())(values)
        return keras.Model(image, keras.layers.Rescaling(0.1)(values))

    return make


class TestKerasFile:
    """Any network of the user's, from an image to a vector."""

    def test_it_embeds_and_says_its_input(self, make_network, tmp_path):
        path = tmp_path / "mine.keras"
        network = make_network()
        network.save(path)
        specification = find_backbone("file", weights=str(path))
        assert (specification.name, specification.input_size, specification.preprocessing) == ("keras_file", 40, "raw")
        assert specification.n_features is None
        # Its name in study files of earlier versions.
        assert find_backbone("keras_file", weights=str(path)) == specification
        assert identify_weights(specification, str(path), hash_file=hash_file) == hash_file(path)
        pictures = PICTURES[:3, :40, :40]
        engine = KerasEngine(build_backbone(specification, str(path)), batch_size=2)
        assert engine.n_features == 6
        expected = np.asarray(network(pictures.astype(np.float32)))
        np.testing.assert_allclose(engine.embed(pictures), expected, rtol=1e-5)
        reduced = KerasEngine(build_backbone(specification, str(path), precision="bfloat16"), batch_size=2, precision="bfloat16")
        np.testing.assert_allclose(reduced.embed(pictures), expected, rtol=0.05, atol=0.05)
        assert not np.array_equal(reduced.embed(pictures), engine.embed(pictures))

    def test_its_preprocessing_can_be_chosen(self, make_network, tmp_path):
        path = tmp_path / "mine.keras"
        network = make_network()
        network.save(path)
        specification = find_backbone("file", weights=str(path), preprocessing="caffe")
        pictures = PICTURES[:2, :40, :40].astype(np.float32)
        found = build_backbone(specification, str(path))(pictures)
        np.testing.assert_allclose(np.asarray(found), np.asarray(network(preprocess(pictures, "caffe"))), rtol=1e-5, atol=1e-5)

    def test_a_network_on_grey_images_sees_grey(self, make_network, tmp_path):
        path = tmp_path / "grey.keras"
        network = make_network((40, 40, 1))
        network.save(path)
        specification = find_backbone("file", weights=str(path), preprocessing="symmetric")
        assert specification.n_channels == 1
        grey = np.repeat(PICTURES[:2, :40, :40, :1], 3, axis=-1).astype(np.float32)
        found = build_backbone(specification, str(path))(grey)
        np.testing.assert_allclose(np.asarray(found), np.asarray(network(grey[..., :1] / 127.5 - 1)), rtol=1e-4, atol=1e-4)
        with pytest.raises(UsageError, match="takes grey images"):
            find_backbone("file", weights=str(path), preprocessing="caffe")

    def test_a_sequential_network_will_do(self, tmp_path):
        import keras

        path = tmp_path / "sequence.keras"
        for layers in ([keras.Input((32, 32, 3)), keras.layers.Flatten()], [keras.layers.Flatten()]):
            network = keras.Sequential(layers)
            network(np.zeros((1, 32, 32, 3), dtype=np.float32))
            network.save(path)
            assert find_backbone("file", weights=str(path)).input_size == 32

    @pytest.mark.parametrize(
        ("shape", "complaint"),
        [
            ((None, None, 3), "no square input of a fixed size"),
            ((40, 60, 3), "no square input of a fixed size"),
            ((40, 40, 4), "neither three colors nor one"),
        ],
    )
    def test_an_input_that_is_no_square_image_is_refused(self, make_network, tmp_path, shape, complaint):
        path = tmp_path / "odd.keras"
        make_network(shape).save(path)
        with pytest.raises(WeightsError, match=rf"odd\.keras: .*{complaint}"):
            find_backbone("file", weights=str(path))

    def test_several_inputs_or_outputs_are_refused(self, tmp_path):
        import keras

        first, second = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
        both = keras.layers.Flatten()(keras.layers.Add()([first, second]))
        path = tmp_path / "many.keras"
        keras.Model([first, second], both).save(path)
        with pytest.raises(WeightsError, match="found 2 inputs and 1 outputs"):
            find_backbone("file", weights=str(path))
        flat = keras.layers.Flatten()(first)
        keras.Model(first, [flat, keras.layers.Rescaling(2.0)(flat)]).save(path)
        with pytest.raises(WeightsError, match="found 1 inputs and 2 outputs"):
            find_backbone("file", weights=str(path))

    def test_an_output_that_is_no_vector_is_refused(self, make_network, tmp_path):
        import keras

        path = tmp_path / "map.keras"
        make_network(end=keras.layers.ReLU()).save(path)
        specification = find_backbone("file", weights=str(path))
        with pytest.raises(WeightsError, match=r"map\.keras: its output has shape \(None, 18, 18, 6\)"):
            build_backbone(specification, str(path))

    def test_a_map_is_averaged_where_pooling_says_so(self, make_network, tmp_path):
        import keras

        path = tmp_path / "map.keras"
        network = make_network(end=keras.layers.ReLU())
        network.save(path)
        specification = find_backbone("file", weights=str(path), pooling="mean")
        pictures = PICTURES[:2, :40, :40].astype(np.float32)
        found = np.asarray(build_backbone(specification, str(path))(pictures))
        np.testing.assert_allclose(found, np.asarray(network(pictures)).mean(axis=(1, 2)), rtol=1e-5)

    def test_a_network_that_needs_code_is_refused(self, tmp_path):
        import keras

        class Strange(keras.layers.Layer):
            def call(self, values):
                return keras.ops.mean(values, axis=(1, 2))

        path = tmp_path / "strange.keras"
        keras.Sequential([keras.Input((32, 32, 3)), Strange()]).save(path)
        with pytest.raises(WeightsError, match=r"strange\.keras: this is not a model that can be loaded safely"):
            build_backbone(find_backbone("file", weights=str(path)), str(path))

    @pytest.mark.parametrize("weights", [None, "imagenet", "packaged", "random"])
    def test_it_needs_a_file(self, weights):
        with pytest.raises(UsageError, match=r"expected the path of a file, \.keras, \.onnx, \.xml"):
            find_backbone("file", weights=weights)


class TestOtherFiles:
    """Networks of ONNX and OpenVINO are known by all of their files."""

    def test_a_change_in_either_file_is_another_network(self, tmp_path):
        path = write_openvino(tmp_path / "a.xml")
        specification = find_backbone("file", weights=str(path), pooling=None)
        assert (specification.name, specification.input_size, specification.is_keras) == ("file", 16, False)
        before = identify_weights(specification, str(path), hash_file=hash_file)
        content = bytearray((tmp_path / "a.bin").read_bytes())
        content[-1] ^= 1
        (tmp_path / "a.bin").write_bytes(content)
        assert identify_weights(specification, str(path), hash_file=hash_file) != before

    def test_what_needs_keras_says_so(self, tmp_path):
        specification = find_backbone("file", weights=str(write_openvino(tmp_path / "a.xml")))
        with pytest.raises(UsageError, match=r"backbone 'file' is not a Keras network, and this test needs one; choose one"):
            require_keras(specification, user="this test")
        assert require_keras(find_backbone("openfield"), user="this test") is find_backbone("openfield")


def test_what_is_fixed_in_a_network_of_keras_cannot_be_chosen():
    with pytest.raises(UsageError, match="has no vector of the whole image; leave out pooling: cls"):
        find_backbone("openfield", pooling="cls")
    with pytest.raises(UsageError, match="takes images of 64 pixels, found input_size: 224; leave it out"):
        find_backbone("openfield", input_size=224)
    assert find_backbone("openfield", pooling="mean", input_size=64) == find_backbone("openfield")
