"""What a `.keras` file says of its network, read without loading Keras."""

import json
import subprocess
import sys
import zipfile

import pytest

from behavior.errors import WeightsError
from behavior.vision.keras_archives import ArchivedNetwork, read_archive


def write_archive(path, config, *, with_weights=True):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        if with_weights:
            archive.writestr("model.weights.h5", b"")
    return path


def describe_layer(name, kind, **config):
    return {"class_name": kind, "name": name, "config": {"name": name, **config}}


def describe_network(shape, *, outputs=1):
    layers = [describe_layer("image", "InputLayer", batch_shape=shape), describe_layer("flat", "Flatten")]
    return {
        "class_name": "Functional",
        "config": {"layers": layers, "input_layers": [["image", 0, 0]], "output_layers": [["flat", 0, 0]] * outputs},
    }


@pytest.mark.parametrize(
    ("shape", "outputs", "expected"),
    [
        ([None, 32, 32, 3], 1, ArchivedNetwork(32, 3, 1, 1, ("InputLayer", "Flatten"))),
        ([None, 32, 32, 1], 2, ArchivedNetwork(32, 1, 1, 2, ("InputLayer", "Flatten"))),
        ([None, 32, 48, 3], 1, ArchivedNetwork(None, 3, 1, 1, ("InputLayer", "Flatten"))),
        ([None, None, None, 5], 1, ArchivedNetwork(None, None, 1, 1, ("InputLayer", "Flatten"))),
        ([None, 32], 1, ArchivedNetwork(None, None, 1, 1, ("InputLayer", "Flatten"))),
    ],
)
def test_the_outside_of_a_network_is_told(tmp_path, shape, outputs, expected):
    assert read_archive(write_archive(tmp_path / "a.keras", describe_network(shape, outputs=outputs))) == expected


def test_it_says_of_a_network_that_keras_saved_what_keras_says(tmp_path):
    import keras

    first, second = keras.Input((24, 24, 3)), keras.Input((24, 24, 3))
    flat = keras.layers.Flatten()(keras.layers.Add()([first, second]))
    keras.Model([first, second], flat).save(tmp_path / "a.keras")
    network = read_archive(tmp_path / "a.keras")
    assert (network.n_inputs, network.n_outputs, network.input_size, network.n_channels) == (2, 1, 24, 3)
    assert sorted(network.layers) == ["Add", "Flatten", "InputLayer", "InputLayer"]


@pytest.mark.parametrize(
    ("config", "with_weights"),
    [([], True), ({}, True), ({"class_name": "Sequential"}, True), ({"class_name": "Sequential", "config": {"layers": []}}, False)],
)
def test_what_is_no_archive_of_keras_is_refused(tmp_path, config, with_weights):
    path = write_archive(tmp_path / "a.keras", config, with_weights=with_weights)
    with pytest.raises(WeightsError, match=r"a\.keras: cannot be read as a \.keras file"):
        read_archive(path)


def test_files_that_are_not_there_or_no_archive(tmp_path):
    with pytest.raises(WeightsError, match=r"none\.keras: no such file"):
        read_archive(tmp_path / "none.keras")
    (tmp_path / "text.keras").write_text("not a network")
    with pytest.raises(WeightsError, match=r"text\.keras: cannot be read as a \.keras file"):
        read_archive(tmp_path / "text.keras")


def test_keras_is_not_loaded_for_it(tmp_path):
    path = write_archive(tmp_path / "a.keras", describe_network([None, 32, 32, 3]))
    script = (
        "import sys; from pathlib import Path; from behavior.vision.keras_archives import read_archive; read_archive(Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", f"{script}; assert 'keras' not in sys.modules", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
