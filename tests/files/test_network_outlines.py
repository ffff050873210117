"""What is known of a network before a library reads it."""

from pathlib import Path

from behavior.files.network_outlines import ArrayOutline, NetworkOutline


def test_outlines_of_the_same_network_are_equal():
    array = ArrayOutline("image", (None, 3, 8, 8))
    first, second = (NetworkOutline((array,), (ArrayOutline("vector", (None, 4)),), (Path("a.onnx"),)) for _ in range(2))
    assert first == second
    assert first != NetworkOutline((array,), (), (Path("a.onnx"),))
