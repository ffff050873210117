"""Messages between processes: values come back as they were, and bytes from elsewhere run nothing."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from behavior.compute.messages import decode, decode_call, encode
from behavior.embedding.recordings import EmbedResult
from behavior.errors import BehaviorError, PoseError
from behavior.files.feature_cache import StaleCacheError
from behavior.recording import Track
from behavior.vision.backbones import BACKBONES

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.builds(Path, st.sampled_from(["a", "/b/c d"])),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers() | st.tuples(st.text()), inner),
)


@given(VALUES)
def test_values_come_back_as_they_were(value: Any) -> None:
    restored = decode(encode(value))
    assert restored == value
    assert repr(restored) == repr(value)


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.float16, np.float32, np.int64, np.bool_]), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0)
    )
)
def test_arrays_come_back_bit_by_bit(array: np.ndarray) -> None:
    first, second = decode(encode([array, {"again": array}]))
    for restored in (first, second["again"]):
        assert restored.dtype == array.dtype
        assert restored.shape == array.shape
        assert restored.tobytes() == array.tobytes()


def test_numbers_of_numpy_keep_their_type() -> None:
    restored = decode(encode(np.float32(0.1)))
    assert isinstance(restored, np.float32)
    assert restored == np.float32(0.1)


def test_dataclasses_of_the_package() -> None:
    result = EmbedResult(embedded={"a": 1.5}, kept=["b"], failures={"c": "no"})
    assert decode(encode(result)) == result
    track = Track(np.array([[[1.0, np.nan]]]), np.array([[0.5]]), ("nose",))
    restored = decode(encode(track))
    assert restored.body_parts == ("nose",)
    np.testing.assert_array_equal(restored.positions, track.positions)


@pytest.mark.parametrize(
    "error", [PoseError("p.csv: no."), StaleCacheError("old"), ValueError("a", 1), OSError(28, "full"), KeyboardInterrupt()]
)
def test_errors_keep_their_kind_and_notes(error: BaseException) -> None:
    error.add_note("where")
    restored = decode(encode(error))
    assert type(restored) is type(error)
    assert restored.args == error.args
    assert restored.__notes__ == ["where"]


def test_an_error_of_a_library_is_told_in_words() -> None:
    class LibraryError(Exception):
        pass

    restored = decode(encode(LibraryError("it broke")))
    assert type(restored) is RuntimeError
    assert "LibraryError: it broke" in str(restored)


def test_only_a_call_names_functions() -> None:
    content = encode((abs, partial(pow, 2, mod=5), BACKBONES["squeezenet"]))
    first, second, specification = decode_call(content)
    assert first is abs
    assert second(3) == 3
    assert specification == BACKBONES["squeezenet"]
    with pytest.raises(ValueError, match="a function, which is not data"):
        decode(content)


def test_frozen_sets_are_values_too() -> None:
    paths = frozenset({Path("b.csv"), Path("a.csv")})
    assert decode(encode({"labels": paths, "none": frozenset()})) == {"labels": paths, "none": frozenset()}
    assert encode(paths) == encode(frozenset({Path("a.csv"), Path("b.csv")}))


@pytest.mark.parametrize("value", [object(), {1, 2}, lambda: None, np.array([object()])])
def test_what_is_no_value_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be told to another process"):
        encode(value)


@pytest.mark.parametrize(
    "described",
    [
        {"dataclass": ["os:system", {"dictionary": [["command", "true"]]}]},
        {"dataclass": ["behavior.errors:suggest_nearest", {"dictionary": []}]},
        {"error": ["os:system", ["true"], []]},
        {"error": ["behavior.files.video:open_video", ["x"], []]},
        {"function": "os:system"},
        {"partial": [{"function": "os:system"}, ["true"], {"dictionary": []}]},
        {"anything": 1},
    ],
)
def test_a_message_calls_nothing_but_values_and_errors(described: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    monkeypatch.setattr("os.system", lambda command: pytest.fail("it was run"))
    content = json.dumps(described).encode()
    with pytest.raises(ValueError, match="a message of another process holds"):
        decode(len(content).to_bytes(8, "little") + content)


def test_bytes_of_a_pickle_are_no_message(tmp_path: Path) -> None:
    class Program:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "run",)

    array = np.empty(1, dtype=object)
    array[0] = Program()
    with (tmp_path / "array.npy").open("wb") as file:
        np.save(file, array, allow_pickle=True)
    text = b'{"array": 0}'
    for content in (pickle.dumps(Program()), len(text).to_bytes(8, "little") + text + (tmp_path / "array.npy").read_bytes()):
        for read in (decode, decode_call):
            with pytest.raises(ValueError):
                read(content)
    assert not (tmp_path / "run").exists()


def test_errors_of_the_package_are_behavior_errors() -> None:
    assert isinstance(decode(encode(PoseError("x"))), BehaviorError)
