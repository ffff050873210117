"""A call in a fresh Python: its answer, its errors, its environment, and its end."""

from __future__ import annotations

import json
import os
import threading
import time
from multiprocessing import connection

import numpy as np
import pytest

from behavior.compute import child
from behavior.compute.child import call_in_child, end_children
from behavior.errors import BehaviorError, UsageError
from behavior.files.pose_table import PoseTable
from behavior.vision.backbones import find_backbone
from behavior.vision.crops import take_whole_frame


def test_it_returns_what_the_function_returns() -> None:
    assert call_in_child(os.getenv, environment={"BEHAVIOR_ANYTHING": "told"}, key="BEHAVIOR_ANYTHING") == "told"
    assert call_in_child(os.getpid) != os.getpid()


def test_arrays_go_there_and_back() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    answer = call_in_child(take_whole_frame, image=image, input_size=8)
    np.testing.assert_array_equal(answer, take_whole_frame(image, input_size=8))


def test_an_error_of_ours_arrives_as_it_was() -> None:
    with pytest.raises(UsageError, match=r"^backbone 'resnet50v3' is not known; did you mean 'resnet50v2'\?"):
        call_in_child(find_backbone, name="resnet50v3")


def test_any_other_failure_is_one_sentence() -> None:
    with pytest.raises(BehaviorError, match=r"loads failed in a process of its own, status 1 \(.*Expecting value"):
        call_in_child(json.loads, s="")
    with pytest.raises(BehaviorError, match=r"status 7 \(it printed nothing\)"):
        call_in_child(os._exit, status=7)


def test_what_is_no_data_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TypeError, match="cannot be told to another process"):
        call_in_child(len, obj={1, 2})
    assert child._running == set()


def test_an_answer_that_is_a_dataclass_of_the_package() -> None:
    table = call_in_child(PoseTable, columns=(("", "nose", "x"),), index=np.arange(2), values=np.zeros((2, 1)))
    assert isinstance(table, PoseTable)


def test_a_process_that_ends_ends_its_children() -> None:
    failures: list[BehaviorError] = []

    def call() -> None:
        try:
            call_in_child(connection.wait, object_list=[], timeout=60)
        except BehaviorError as error:
            failures.append(error)

    waiting = threading.Thread(target=call)
    waiting.start()
    deadline = time.monotonic() + 20
    while not child._running and time.monotonic() < deadline:
        time.sleep(0.01)
    end_children()
    waiting.join(timeout=20)
    assert not waiting.is_alive()
    assert "wait failed in a process of its own" in str(failures[0])
    assert child._running == set()
