"""Networks in OpenVINO's own format: what they take and give, and what is damaged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from network_samples import write_openvino

from behavior.errors import WeightsError
from behavior.files.network_outlines import ArrayOutline
from behavior.files.openvino_networks import read_openvino_outline


def test_it_says_what_the_network_takes_and_gives(tmp_path: Path) -> None:
    path = write_openvino(tmp_path / "a.xml")
    outline = read_openvino_outline(path)
    assert outline.inputs == (ArrayOutline("image", (None, 3, 16, 16)),)
    assert [one.shape for one in outline.outputs] == [(None, 6)]
    assert outline.files == (path, tmp_path / "a.bin")


def test_a_fixed_number_of_images_is_said(tmp_path: Path) -> None:
    assert read_openvino_outline(write_openvino(tmp_path / "a.xml", n_images=2)).inputs[0].shape == (2, 3, 16, 16)


def test_networks_in_layers_have_inputs_of_their_own(tmp_path: Path) -> None:
    path = write_openvino(tmp_path / "a.xml")
    body = '<body><layers><layer id="0" name="x" type="Parameter"><data shape="1" element_type="f32"/></layer></layers></body>'
    path.write_text(re.sub(r"</layer>", f"{body}</layer>", path.read_text(), count=1))
    assert len(read_openvino_outline(path).inputs) == 1


def test_weights_that_are_missing_or_cut_short_are_named(tmp_path: Path) -> None:
    path = write_openvino(tmp_path / "a.xml")
    content = (tmp_path / "a.bin").read_bytes()
    (tmp_path / "a.bin").write_bytes(content[:-1])
    with pytest.raises(WeightsError, match=rf"a\.bin: has {len(content) - 1:,} bytes, expected the weights of a\.xml, which end at byte"):
        read_openvino_outline(path)
    (tmp_path / "a.bin").unlink()
    with pytest.raises(WeightsError, match=r"a\.bin: no such file, expected the weights of a\.xml; copy it to the folder of a\.xml"):
        read_openvino_outline(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no element found"),
        ("<net><layers>", "no element found"),
        ("<html/>", "it begins with <html>"),
        ('<!DOCTYPE net [<!ENTITY a "b">]><net/>', "declares a document type"),
        ("<net>" + "<a>" * 200, "nested more than 100 deep"),
        ('<net><layers><layer type="Const"><data offset="x" size="1"/></layer></layers></net>', "invalid literal"),
    ],
)
def test_damage_is_one_sentence(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(content)
    (tmp_path / "a.bin").write_bytes(b"")
    with pytest.raises(WeightsError, match=rf"a\.xml: cannot be read as a network of OpenVINO \(\.xml\) \(.*{reason}"):
        read_openvino_outline(path)
