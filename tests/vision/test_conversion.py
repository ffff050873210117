"""Converted networks: whole or not at all, made once, in a process of their own."""

import json
from dataclasses import replace

import pytest

from behavior.errors import OutputError, WeightsError
from behavior.vision import conversion
from behavior.vision.backbones import find_backbone
from behavior.vision.conversion import convert_backbone, converted_path

SPECIFICATION = find_backbone("openfield")


def test_the_parent_of_a_conversion_loads_neither_tensorflow_nor_keras(ask, converted):
    assert converted.printed == ["converting openfield for OpenVINO; this is done once", "(5, 128) None None", "[]"]
    # Nothing is left of the making, and what is there has the names that the next use looks for.
    path = converted_path(ask(converted.models))
    assert converted.names == {path.with_suffix(suffix).name for suffix in (".xml", ".bin", ".json")}


def test_openvino_tells_nobody(converted):
    # By itself it keeps an identification there, and sends it.
    assert converted.names_at_home.isdisjoint({"intel", "Intel Corporation"})


class TestConvertedModels:
    """Whole or not at all, and made once."""

    @pytest.fixture(autouse=True)
    def take_ask(self, ask):
        self.ask = ask

    @pytest.fixture
    def made(self, monkeypatch):
        """Models of a few bytes, and who asked for them."""
        calls = []

        def make(function, *, target, **arguments):
            calls.append(target)
            target.write_text("<net/>")
            target.with_suffix(".bin").write_bytes(b"weights")

        monkeypatch.setattr(conversion, "call_in_child", make)
        return calls

    def convert(self, models):
        said = []
        return convert_backbone(self.ask(models), announce=said.append), said

    def test_the_second_use_makes_nothing(self, made, tmp_path):
        first, said = self.convert(tmp_path)
        assert said == ["converting openfield for OpenVINO; this is done once"]
        assert self.convert(tmp_path) == (first, [])
        assert len(made) == 1

    @pytest.mark.parametrize("suffix", [".xml", ".bin", ".json"])
    @pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"{")])
    def test_a_damaged_one_is_made_again(self, made, tmp_path, suffix, damage):
        path, _ = self.convert(tmp_path)
        damage(path.with_suffix(suffix))
        self.convert(tmp_path)
        assert len(made) == 2
        assert path.with_suffix(".bin").read_bytes() == b"weights"
        assert json.loads(path.with_suffix(".json").read_text()).keys() == {".xml", ".bin"}

    def test_what_a_killed_conversion_left_is_removed(self, made, tmp_path):
        path = converted_path(self.ask(tmp_path))
        left = tmp_path / f".{path.stem}.abc.making"
        left.mkdir(parents=True)
        (left / "half.bin").write_bytes(b"half")
        self.convert(tmp_path)
        assert not left.exists()

    def test_a_failed_conversion_leaves_nothing(self, monkeypatch, tmp_path):
        def fail(function, *, target, **arguments):
            target.write_text("<net")
            raise WeightsError("no.h5: these weights do not fit.")

        monkeypatch.setattr(conversion, "call_in_child", fail)
        with pytest.raises(WeightsError, match="do not fit"):
            self.convert(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_full_disk_is_one_sentence(self, monkeypatch, tmp_path):
        def fill(function, *, target, **arguments):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(conversion, "call_in_child", fill)
        with pytest.raises(OutputError, match=r"cannot be written \(No space left"):
            self.convert(tmp_path)

    def test_a_full_disk_is_one_sentence_in_whatever_words_a_library_says_it(self, tmp_path):
        error = RuntimeError("{{function_node __wrapped__SaveV2}} a/part-00000; No space left on device [Op:SaveV2]")
        said = conversion._explain(error, "the network cannot be converted", tmp_path / "net.making" / "net.xml")
        assert isinstance(said, OutputError)
        assert str(said) == f"{tmp_path}: cannot be written to (No space left on device); choose a folder with space that you may write to."
        said = conversion._explain(RuntimeError("basic_ios::clear: iostream error"), "it cannot be converted", tmp_path / "a" / "net.xml")
        assert isinstance(said, OutputError)
        assert str(said).startswith(f"{tmp_path}: cannot be written to (basic_ios::clear: iostream error); choose a folder with space")

    def test_the_name_tells_apart_all_that_the_numbers_depend_on(self, tmp_path):
        others = [
            converted_path(replace(self.ask(tmp_path), identity="other weights")),
            converted_path(replace(self.ask(tmp_path), specification=replace(SPECIFICATION, preprocessing="torch"))),
            converted_path(replace(self.ask(tmp_path), specification=replace(SPECIFICATION, input_size=96))),
            converted_path(replace(self.ask(tmp_path), specification=find_backbone("squeezenet"))),
        ]
        assert len({converted_path(self.ask(tmp_path)), *others}) == 5

    def test_one_that_another_process_makes_is_waited_for(self, made, monkeypatch, tmp_path):
        path = converted_path(self.ask(tmp_path))
        monkeypatch.setattr(conversion.time, "sleep", lambda seconds: None)
        others = iter([False, False, True])

        class Claim:
            def __init__(self, claimed):
                assert claimed == path

            def __enter__(self):
                return next(others)

            def __exit__(self, *_):
                return False

        monkeypatch.setattr(conversion, "claim_file", Claim)
        _, said = self.convert(tmp_path)
        waiting = f"waiting for another process that makes {path.name}: another process"
        assert said == [waiting, "converting openfield for OpenVINO; this is done once"]
