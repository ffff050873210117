"""Networks in ONNX files: what they take and give, and weights that may lie in their own folder only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_samples import KERNEL, encode_array, encode_field, encode_model, encode_node, encode_tensor, write_onnx

from behavior.errors import WeightsError
from behavior.files import onnx_networks
from behavior.files.network_outlines import ArrayOutline
from behavior.files.onnx_networks import read_onnx_outline


def test_it_says_what_the_network_takes_and_gives(tmp_path: Path) -> None:
    path = write_onnx(tmp_path / "a.onnx")
    outline = read_onnx_outline(path)
    assert outline.inputs == (ArrayOutline("image", (None, 3, 16, 16)),)
    assert outline.outputs == (ArrayOutline("vector", (None, 6)),)
    assert outline.files == (path,)


def test_an_input_of_which_nothing_is_said_has_no_shape(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(encode_model(encode_field(11, encode_array("image", None))))
    assert read_onnx_outline(path).inputs == (ArrayOutline("image", None),)


def test_inputs_and_tensors_of_graphs_in_nodes_are_not_those_of_the_network(tmp_path: Path) -> None:
    inner = encode_field(11, encode_array("inner", (1,))) + encode_field(5, encode_tensor("image", KERNEL))
    branch = encode_field(1, "then_branch") + encode_field(6, inner)
    path = write_onnx(tmp_path / "a.onnx", extra=encode_field(1, encode_node("If", ["c"], ["d"], encode_field(5, branch))))
    assert [one.name for one in read_onnx_outline(path).inputs] == ["image"]


class TestWeightsInOtherFiles:
    """They are found wherever they are named, and have to be files of the same folder."""

    def write(self, folder: Path, location: str, *, offset: int = 0, length: int = KERNEL.nbytes) -> Path:
        folder.mkdir(exist_ok=True)
        return write_onnx(folder / "a.onnx", external=[("location", location), ("offset", str(offset)), ("length", str(length))])

    def test_a_file_beside_it_is_one_of_its_files(self, tmp_path: Path) -> None:
        path = self.write(tmp_path, "data/w.bin", offset=8)
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "w.bin").write_bytes(bytes(8) + KERNEL.tobytes())
        assert read_onnx_outline(path).files == (path, tmp_path / "data" / "w.bin")

    def test_a_file_that_is_cut_short_or_missing_is_named(self, tmp_path: Path) -> None:
        path = self.write(tmp_path, "w.bin")
        with pytest.raises(WeightsError, match=r"w\.bin: no such file, expected the weights of a\.onnx"):
            read_onnx_outline(path)
        (tmp_path / "w.bin").write_bytes(KERNEL.tobytes()[:-1])
        with pytest.raises(WeightsError, match=r"w\.bin: has 4,607 bytes, expected the weights of a\.onnx, which end at byte 4,608"):
            read_onnx_outline(path)

    @pytest.mark.parametrize("location", ["../w.bin", "{outside}", "link.bin", "", ".", "a\0b", "data/../../w.bin", "*/_ORT_MEM_ADDR_/*"])
    def test_a_file_elsewhere_is_refused(self, tmp_path: Path, location: str) -> None:
        outside = tmp_path / "w.bin"
        outside.write_bytes(KERNEL.tobytes())
        path = self.write(tmp_path / "in", location.format(outside=outside))
        (tmp_path / "in" / "data").mkdir()
        (tmp_path / "in" / "link.bin").symlink_to(outside)
        (tmp_path / "in" / "*" / "_ORT_MEM_ADDR_").mkdir(parents=True)
        (tmp_path / "in" / "*" / "_ORT_MEM_ADDR_" / "*").write_bytes(KERNEL.tobytes())
        with pytest.raises(WeightsError, match=r"a\.onnx: its weights are said to lie in .*, expected a file in the same folder"):
            read_onnx_outline(path)

    @pytest.mark.parametrize("place", ["attribute", "list", "sparse", "function", "training", "branch"])
    def test_every_tensor_of_a_file_is_looked_at(self, tmp_path: Path, place: str) -> None:
        tensor = encode_tensor("w", KERNEL, [("location", "/etc/hostname")])

        def put_into_node(number: int, value: bytes) -> bytes:
            return encode_node("Constant", [], ["c"], encode_field(5, encode_field(number, value)))

        graph, more = b"", b""
        if place == "attribute":
            graph = encode_field(1, put_into_node(5, tensor))
        elif place == "list":
            graph = encode_field(1, put_into_node(10, tensor))
        elif place == "sparse":
            graph = encode_field(15, encode_field(1, tensor))
        elif place == "branch":
            graph = encode_field(1, put_into_node(6, encode_field(5, tensor)))
        elif place == "function":
            more = encode_field(25, encode_field(7, put_into_node(5, tensor)))
        else:
            more = encode_field(20, encode_field(1, encode_field(5, tensor)))
        path = tmp_path / "a.onnx"
        path.write_bytes(encode_model(graph, more))
        with pytest.raises(WeightsError, match="said to lie in '/etc/hostname'"):
            read_onnx_outline(path)

    def test_an_offset_that_is_no_number_is_refused(self, tmp_path: Path) -> None:
        path = write_onnx(tmp_path / "a.onnx", external=[("location", "w.bin"), ("offset", "many")])
        with pytest.raises(WeightsError, match="expected a file, an offset and a length"):
            read_onnx_outline(path)


class TestDamage:
    """Anything else is one sentence, whatever it is."""

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "it is empty"),
            (b"\x08\x08", "it has no graph"),
            (b"hello world, this is no network", "found a field of kind|cut short|field without number"),
            (encode_field(7, b"\x0a\xff\x01"), "cut short"),
            (b"\xff" * 12, "more than ten bytes"),
            (encode_field(7, 5), "found 5 where a message belongs"),
            (encode_field(7, encode_field(11, encode_field(1, b"\xff\xfe"))), "can't decode"),
            (encode_field(7, encode_field(11, encode_field(1, b"a" * 5000))), "a name of 5,000 bytes"),
        ],
    )
    def test_it_is_said(self, tmp_path: Path, content: bytes, reason: str) -> None:
        path = tmp_path / "a.onnx"
        path.write_bytes(content)
        with pytest.raises(WeightsError, match=rf"a\.onnx: cannot be read as an ONNX file \(.*({reason})"):
            read_onnx_outline(path)

    def test_a_missing_file_and_a_folder_are_said(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsError, match="no such file, expected an ONNX file"):
            read_onnx_outline(tmp_path / "none.onnx")
        with pytest.raises(WeightsError, match="found a folder"):
            read_onnx_outline(tmp_path)

    def test_graphs_within_graphs_end_somewhere(self, tmp_path: Path) -> None:
        graph = b""
        for _ in range(100):
            graph = encode_field(1, encode_field(5, encode_field(6, graph)))
        path = tmp_path / "a.onnx"
        path.write_bytes(encode_model(graph))
        with pytest.raises(WeightsError, match="nested more than 40 deep"):
            read_onnx_outline(path)

    def test_a_file_of_very_many_parts_is_not_read_to_its_end(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(onnx_networks, "_MOST_PARTS", 100)
        path = write_onnx(tmp_path / "a.onnx", extra=encode_field(1, b"") * 200)
        with pytest.raises(WeightsError, match="more than 100 parts"):
            read_onnx_outline(path)

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def test_any_change_of_a_file_gives_an_outline_or_a_sentence(self, data: st.DataObject) -> None:
        folder = Path(self._folder)
        content = bytearray(write_onnx(folder / "a.onnx").read_bytes())
        # Weights are passed over, so that changes are made around them.
        places = st.integers(0, len(content) - 1).filter(lambda place: not 200 < place < len(content) - 200)
        for place in data.draw(st.lists(places, min_size=1, max_size=4)):
            content[place] = data.draw(st.integers(0, 255))
        (folder / "a.onnx").write_bytes(content[: data.draw(st.integers(0, len(content)))])
        try:
            outline = read_onnx_outline(folder / "a.onnx")
        except WeightsError as error:
            assert "a.onnx" in str(error) or "expected the weights of" in str(error)
        else:
            assert outline.files[0] == folder / "a.onnx"

    @pytest.fixture(autouse=True)
    def _give_folder(self, tmp_path: Path) -> None:
        type(self)._folder = str(tmp_path)

    _folder = ""


def test_the_sample_is_a_network_for_openvino(tmp_path: Path) -> None:
    from behavior.vision.devices import load_openvino

    model = load_openvino().Core().compile_model(write_onnx(tmp_path / "a.onnx"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    images = np.random.default_rng(0).normal(size=(2, 3, 16, 16)).astype(np.float32)
    assert model(images)[0].shape == (2, 6)
