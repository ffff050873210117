"""Networks of the user's own: what they take is found in the file, and what they cannot take is said."""

import pytest
from network_samples import write_clip_network, write_onnx, write_openvino

from behavior.errors import UsageError, WeightsError
from behavior.vision.network_files import describe_network_file


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_the_layout_is_found_by_the_colors(tmp_path, layout):
    file = describe_network_file(write_openvino(tmp_path / "a.xml", layout=layout))
    assert (file.input_size, file.n_channels, file.layout, file.channels_first) == (16, 3, layout, layout == "NCHW")
    assert file.files == (tmp_path / "a.xml", tmp_path / "a.bin")
    assert not file.is_keras


def test_the_size_is_asked_for_where_any_will_do(tmp_path):
    path = write_onnx(tmp_path / "a.onnx", shape=("N", 3, "H", "W"))
    with pytest.raises(UsageError, match=r"a\.onnx: takes images of any size; say which side they get"):
        describe_network_file(path)
    assert describe_network_file(path, input_size=32).input_size == 32
    with pytest.raises(UsageError, match="takes images of 16 x 16 pixels, found input_size: 32; leave input_size out"):
        describe_network_file(write_onnx(path), input_size=32)


@pytest.mark.parametrize(
    ("shape", "complaint"),
    [
        (("N", 3, 16, 20), r"takes images of shape \(\?, 3, 16, 20\), expected square ones"),
        (("N", 5, 16, 16), "does not tell which of its axes has three colors"),
        (("N", 3, 16, 3), "does not tell which of its axes has three colors"),
        (("N", 48), "the shape of its input has 2 axes"),
        (None, "the shape of its input is not said"),
    ],
)
def test_an_input_that_is_no_square_image_is_refused(tmp_path, shape, complaint):
    with pytest.raises(WeightsError, match=rf"a\.onnx: .*{complaint}"):
        describe_network_file(write_onnx(tmp_path / "a.onnx", shape=shape))


@pytest.mark.parametrize("layout", ["NFCHW", "NCFHW", "NFHWC"])
def test_a_clip_has_an_axis_of_frames(tmp_path, layout):
    file = describe_network_file(write_clip_network(tmp_path / "a.xml", layout=layout))
    assert (file.layout, file.n_frames, file.input_size) == (layout, 4, 8)
    with pytest.raises(UsageError, match="takes clips of 4 frames, found clip with frames: 8; leave frames out"):
        describe_network_file(tmp_path / "a.xml", n_frames=8)


def test_the_length_of_a_clip_is_asked_for_where_any_will_do(tmp_path):
    path = write_onnx(tmp_path / "a.onnx", shape=("N", "F", 3, 8, 8))
    with pytest.raises(UsageError, match="takes clips of any length; say how many frames they get"):
        describe_network_file(path)
    assert describe_network_file(path, n_frames=16).n_frames == 16
    with pytest.raises(UsageError, match="takes single images, found clip with frames: 16; leave clip out"):
        describe_network_file(write_onnx(path), n_frames=16)


def test_several_outputs_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="found 1 inputs and 2 outputs"):
        describe_network_file(write_openvino(tmp_path / "a.xml", ending="two"))


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"a\.pt: found a name that ends in \.pt, expected a network in a file \.keras, \.onnx or \.xml"):
        describe_network_file(tmp_path / "a.pt")
