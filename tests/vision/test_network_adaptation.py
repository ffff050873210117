"""Networks in files run as they are: the vectors are those of NumPy, and what gives no vectors is said."""

import numpy as np
import pytest
from network_samples import N_FEATURES, SIDE, compute_tokens, write_clip_network, write_onnx, write_openvino

from behavior.errors import WeightsError
from behavior.vision.backbones import find_backbone
from behavior.vision.devices import load_openvino
from behavior.vision.network_adaptation import adapt_network, require_vectors
from behavior.vision.preprocessing import ColorNormalization, find_steps

IMAGES = np.random.default_rng(1).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
OWN = ColorNormalization((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


def adapt(path, **choices):
    return adapt_network(find_backbone("file", weights=str(path), **choices))


def run(model, images=IMAGES):
    return load_openvino().Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(images.astype(np.float32))[0]


def prepare(preprocessing):
    is_reversed, mean, spread = find_steps(preprocessing)
    return (((IMAGES[..., ::-1] if is_reversed else IMAGES) - mean) / spread).transpose(0, 3, 1, 2).astype(np.float32)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("preprocessing", ["raw", "caffe", "torch", OWN])
def test_vectors_are_those_of_the_network_on_preprocessed_images(tmp_path, layout, preprocessing):
    path = write_openvino(tmp_path / "a.xml", layout=layout)
    found = run(adapt(path, preprocessing=preprocessing))
    np.testing.assert_allclose(found, compute_tokens(prepare(preprocessing)).mean(axis=1), rtol=1e-4, atol=1e-2)


def test_an_onnx_file_with_weights_beside_it_is_the_same_network(tmp_path):
    from network_samples import KERNEL

    (tmp_path / "w.bin").write_bytes(KERNEL.tobytes())
    path = write_onnx(tmp_path / "a.onnx", external=[("location", "w.bin"), ("length", str(KERNEL.nbytes))])
    expected = compute_tokens(prepare("symmetric")).mean(axis=1)
    for one in (path, write_onnx(tmp_path / "b.onnx")):
        np.testing.assert_allclose(run(adapt(one, preprocessing="symmetric")), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("pooling", ["cls", "mean", "both"])
def test_tokens_are_pooled(tmp_path, pooling):
    tokens = compute_tokens(prepare("torch"))
    found = run(adapt(write_openvino(tmp_path / "a.xml", ending="tokens"), pooling=pooling, preprocessing="torch"))
    parts = {"cls": [tokens.max(axis=1)], "mean": [tokens.mean(axis=1)], "both": [tokens.max(axis=1), tokens.mean(axis=1)]}[pooling]
    np.testing.assert_allclose(found, np.concatenate(parts, axis=1), rtol=1e-4, atol=1e-4)


def test_a_map_is_averaged(tmp_path):
    for layout in ("NCHW", "NHWC"):
        found = run(adapt(write_openvino(tmp_path / "a.xml", layout=layout, ending="map"), pooling="mean", preprocessing="torch"))
        np.testing.assert_allclose(found, compute_tokens(prepare("torch")).mean(axis=1), rtol=1e-4, atol=1e-4)


def test_a_network_of_one_image_takes_any_number(tmp_path):
    model = adapt(write_openvino(tmp_path / "a.xml", n_images=1))
    require_vectors(model, source="a.xml")
    assert run(model).shape == (3, N_FEATURES)


def test_a_network_of_any_size_takes_the_size_that_is_asked_for(tmp_path):
    model = adapt(write_onnx(tmp_path / "a.onnx", shape=("N", 3, "H", "W")), input_size=32)
    assert model.input(0).partial_shape[1].get_length() == 32


@pytest.mark.parametrize("layout", ["NFCHW", "NCFHW", "NFHWC"])
def test_clips_are_laid_out_as_the_network_takes_them(tmp_path, layout):
    clips = np.random.default_rng(2).integers(0, 256, (2, 4, 8, 8, 3), dtype=np.uint8)
    model = adapt(write_clip_network(tmp_path / "a.xml", layout=layout, pick=2), preprocessing="caffe")
    mean = np.array([103.939, 116.779, 123.68])
    np.testing.assert_allclose(run(model, clips), clips[:, 2, ..., ::-1].mean(axis=(1, 2)) - mean, rtol=1e-4)


@pytest.mark.parametrize(
    ("ending", "fill", "complaint"),
    [
        ("sum", None, r"gives an array of shape \(4, 6\) for two images, expected one vector each"),
        ("batch", None, "gives an image another vector where another is beside it"),
        ("vector", np.nan, "gives vectors that are not all finite numbers"),
    ],
)
def test_what_gives_no_vectors_is_said(tmp_path, ending, fill, complaint):
    model = adapt(write_openvino(tmp_path / "a.xml", ending=ending, fill=fill))
    with pytest.raises(WeightsError, match=f"^a.xml: {complaint}"):
        require_vectors(model, source="a.xml")
    require_vectors(adapt(write_openvino(tmp_path / "b.xml")), source="b.xml")


def test_what_openvino_cannot_read_is_one_sentence(tmp_path):
    from network_samples import encode_field, encode_node

    path = write_onnx(tmp_path / "a.onnx", extra=encode_field(1, encode_node("NoSuchThing", ["features"], ["other"])))
    path.write_bytes(path.read_bytes().replace(b"GlobalAveragePool", b"GlobalAveragePook"))
    with pytest.raises(WeightsError, match=r"a\.onnx: OpenVINO cannot read this network \(.*\); export it again"):
        adapt(path)


def test_an_output_without_pooling_is_said(tmp_path):
    path = write_openvino(tmp_path / "a.xml", ending="tokens")
    with pytest.raises(WeightsError, match=r"a\.xml: its output has shape \(None, 5, 6\), expected one vector an image; choose pooling"):
        adapt(path)
