"""Networks in `.keras` files: what is damaged or hostile is one sentence, before anything large is unpacked or built."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from behavior.errors import ModelError
from behavior.files.keras_archives import load_network, read_member, read_network_config, require_finite_weights

ADVICE = "copy it again"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of 15 weights."""
    import keras

    inputs = keras.Input((None, 4))
    path = tmp_path_factory.mktemp("network") / "a.keras"
    keras.Model(inputs, keras.layers.Dense(3)(inputs)).save(path)
    return path


def load(path: Path) -> Any:
    return load_network(path, custom_objects={}, error=ModelError, advice=ADVICE)


def rewrite(source: Path, path: Path, name: str, content: bytes, *, compression: int = zipfile.ZIP_STORED) -> Path:
    """Copy an archive with other content in one of its files."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", compression) as new:
        for entry in old.namelist():
            new.writestr(entry, content if entry == name else old.read(entry))
        if name not in old.namelist():
            new.writestr(name, content)
    return path


def change_config(source: Path, path: Path, old: str, new: str) -> Path:
    with zipfile.ZipFile(source) as archive:
        text = archive.read("config.json").decode()
    assert old in text
    return rewrite(source, path, "config.json", text.replace(old, new).encode())


def test_a_network_is_loaded(network: Path) -> None:
    assert load(network).count_params() == 15
    # Nothing is left of what was counted without weights.
    assert load(network).count_params() == 15
    assert read_network_config(network, error=ModelError, advice=ADVICE)["class_name"] == "Functional"
    assert read_member(network, "other.json", error=ModelError, advice=ADVICE) is None


@pytest.mark.parametrize("units", [10**4, 10**6, 4 * 10**12])
def test_a_layer_that_the_file_has_no_weights_for_is_not_built(network: Path, tmp_path: Path, units: int) -> None:
    path = change_config(network, tmp_path / "b.keras", '"units": 3', f'"units": {units}')
    with pytest.raises(ModelError, match=rf"b\.keras: .*asks for {5 * units:,} weights and holds .* bytes of them\); copy it again\.$"):
        load(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"{}", b'{"config": null}', b'{"class_name": 3, "config": {}}', b"[" * 10**5, b"\xff", b'{"config": NaN'],
)
def test_a_damaged_description_is_one_sentence(network: Path, tmp_path: Path, content: bytes) -> None:
    path = rewrite(network, tmp_path / "b.keras", "config.json", content)
    for read in (load, lambda path: read_network_config(path, error=ModelError, advice=ADVICE)):
        with pytest.raises(ModelError, match=r"b\.keras: .*; copy it again\.$"):
            read(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"layers": [', '"layers": null, "x": ['),
        ('"class_name": "Dense"', '"class_name": ["Dense"]'),
        ('"class_name": "Dense"', '"class_name": "Lambda"'),
        ('"class_name": "Dense"', '"class_name": "TFSMLayer"'),
        ('"class_name": "Dense"', '"class_name": "StringLookup"'),
        ('"module": "keras.layers", "class_name": "Dense"', '"module": "keras.utils", "class_name": "get_file"'),
        ('"module": "keras.layers", "class_name": "Dense"', '"module": "os", "class_name": "system"'),
        ('"module": "keras.layers", "class_name": "Dense"', '"module": "subprocess", "class_name": "Popen"'),
        ('"units": 3', '"units": -3'),
        ('"units": 3', '"units": 1e400'),
    ],
)
def test_a_description_that_makes_no_sense_is_one_sentence(network: Path, tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(ModelError, match=r"b\.keras: .*; copy it again\.$"):
        load(change_config(network, tmp_path / "b.keras", old, new))


def test_what_unpacks_to_far_more_is_not_unpacked(network: Path, tmp_path: Path) -> None:
    large = rewrite(network, tmp_path / "b.keras", "assets/zeros", bytes(2**27), compression=zipfile.ZIP_DEFLATED)
    assert large.stat().st_size < 2**20
    with pytest.raises(ModelError, match=r"b\.keras: .*unpacks to 128 MiB"):
        load(large)
    with pytest.raises(ModelError, match=r"c\.keras: .*config\.json has 65 MiB"):
        load(rewrite(network, tmp_path / "c.keras", "config.json", json.dumps(" " * 65 * 2**20).encode()))


@pytest.mark.parametrize("flag", ["encrypted", "method"])
def test_archives_that_python_cannot_unpack_are_one_sentence(network: Path, tmp_path: Path, flag: str) -> None:
    content = bytearray(network.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = content.find(mark)
        while position >= 0:
            content[position + offset + (2 if flag == "method" else 0)] = 99 if flag == "method" else 1
            position = content.find(mark, position + 4)
    (tmp_path / "b.keras").write_bytes(content)
    with pytest.raises(ModelError, match=r"b\.keras: cannot be read as a \.keras file .*; copy it again\.$"):
        load(tmp_path / "b.keras")


def test_weights_that_are_no_numbers_are_refused(network: Path, tmp_path: Path) -> None:
    model = load(network)
    model.set_weights([weight * float("nan") for weight in model.get_weights()])
    model.save(tmp_path / "b.keras")
    with pytest.raises(ModelError, match=r"b\.keras: its weights .* are not all numbers"):
        load(tmp_path / "b.keras")
    with pytest.raises(ModelError, match="are not all numbers"):
        require_finite_weights(model, network, error=ModelError, advice=ADVICE)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.keras"):
        with pytest.raises(ModelError, match=r"expected a \.keras file; copy it again"):
            load(path)


def test_a_member_outside_of_the_folder_is_not_written(network: Path, tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    path = rewrite(network, tmp_path / "inside" / "b.keras", "../outside.txt", b"written")
    assert load(path).count_params() == 15
    assert [found.name for found in tmp_path.rglob("*.txt")] == []


@pytest.mark.parametrize("link", ["external", "soft"])
def test_weights_that_lie_elsewhere_are_not_followed(network: Path, tmp_path: Path, link: str) -> None:
    with zipfile.ZipFile(network) as archive:
        archive.extract("model.weights.h5", tmp_path)
    weights = tmp_path / "model.weights.h5"
    elsewhere = tmp_path / "elsewhere.h5"
    with h5py.File(weights, "r+") as file, h5py.File(elsewhere, "w") as other:
        (name,) = (name for name in file["layers"] if len(file["layers"][name]["vars"]))
        stored = file["layers"][name]["vars"]
        other["secret"] = np.full(stored["0"].shape, 7.0, dtype=np.float32)
        del stored["0"]
        stored["0"] = h5py.ExternalLink(str(elsewhere), "secret") if link == "external" else h5py.SoftLink("/nowhere")
    path = rewrite(network, tmp_path / "b.keras", "model.weights.h5", weights.read_bytes())
    with pytest.raises(ModelError, match=r"b\.keras: .*; copy it again\.$"):
        load(path)
