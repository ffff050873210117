"""What an engine is asked for can be told to another process, and is not changed on the way."""

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from behavior.compute.messages import decode_call, encode
from behavior.vision.backbones import find_backbone
from behavior.vision.engine_request import AUTO, EngineRequest


def test_what_is_not_said_is_chosen_by_the_machine():
    request = EngineRequest(find_backbone("openfield"), "packaged", identity="abc", models=Path("models"))
    assert (request.engine, request.precision, request.batch_size, request.n_threads) == (AUTO, AUTO, 32, None)
    with pytest.raises(FrozenInstanceError):
        request.engine = "keras"
    assert replace(request, engine="keras") != request


@pytest.mark.parametrize("name", ["openfield", "squeezenet", "resnet50v2"])
def test_another_process_is_asked_for_the_same(name):
    request = EngineRequest(find_backbone(name), "random", identity="random", models=Path("models"), n_threads=2)
    assert decode_call(encode(request)) == request
