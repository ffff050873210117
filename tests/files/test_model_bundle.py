"""A bundle appears whole or not at all, reads back as it was written, and is refused in one sentence where it cannot be used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from behavior.config import Decisions, LstmHead, Postprocess
from behavior.errors import ModelError, OutputError
from behavior.files.feature_sources import Signature, hash_file
from behavior.files.model_bundle import (
    BUNDLE_FILE,
    BundleDescription,
    CalibrationRecord,
    DecisionsRecord,
    MemberDescription,
    StreamDescription,
    TrainingRecord,
    member_path,
    name_member,
    read_bundle,
    read_preparation,
    refuse_bundle,
    write_bundle,
    write_description,
    write_preparation,
)


def make_bundle(**changes: Any) -> BundleDescription:
    content: dict[str, Any] = {
        "behaviors": ["rear"],
        "members": [
            MemberDescription(
                file="rear.0.keras",
                behaviors=["rear"],
                streams=[StreamDescription(name="motifs", signature=Signature("motifs", {}).text, n_features=2)],
                preparation="rear.0.npz",
                window_length=20,
                head=LstmHead(layers=1, units=4),
            )
        ],
        "fps": 10.0,
        "postprocess": Postprocess(threshold=0.4),
        "training": TrainingRecord(recordings=["A"], watched={}, stopping="", epochs={}, seed=0, skipped={}, test_average_precision={}),
        "versions": {"python": "3.11.7"},
    }
    return BundleDescription(**content | changes)


def write(folder: Path, **changes: Any) -> Path:
    folder.mkdir()
    write_bundle(folder, make_bundle(**changes), {name: lambda path: path.write_text("x") for name in ("rear.0.keras", "rear.0.npz")})
    return folder


DECISIONS = DecisionsRecord(
    settings=Decisions(calibration="isotonic"),
    postprocess=Postprocess(threshold={"rear": 0.3}, closing_s=0.5),
    calibrations={"rear": CalibrationRecord(method="isotonic", knots=[0.1, 0.9], values=[0.0, 1.0])},
    training_scores={"rear": 0.9},
    reasons={},
)


@pytest.mark.parametrize("decisions", [None, DECISIONS])
def test_a_bundle_reads_back_as_it_was_written(tmp_path: Path, caplog: pytest.LogCaptureFixture, decisions: DecisionsRecord | None) -> None:
    folder = write(tmp_path / "model", decisions=decisions)
    files = {name: hash_file(folder / name) for name in ("rear.0.keras", "rear.0.npz")}
    assert read_bundle(folder) == make_bundle(decisions=decisions, files=files)
    assert sorted(path.name for path in folder.iterdir()) == [BUNDLE_FILE, "rear.0.keras", "rear.0.npz"]
    assert caplog.text == ""


@pytest.mark.parametrize("name", ["rear.0.keras", "rear.0.npz"])
def test_a_damaged_or_exchanged_file_is_named(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "model")
    (folder / name).write_text("y")
    with pytest.raises(ModelError, match=re.escape(f"{folder / name}: is not the file that bundle.yaml was written with")):
        read_bundle(folder)


@pytest.mark.parametrize("changes", [{"fps": 20.0}, {"files": {}}, {"files": None}, {"hash": "0" * 32}, {"hash": None}])
def test_a_changed_description_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder = write(tmp_path / "model")
    change(folder, **changes)
    with pytest.raises(ModelError, match=r"bundle\.yaml: is not as `behavior train` wrote it"):
        read_bundle(folder)


def test_a_rewritten_description_has_another_hash_and_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "model")
    before = hash_file(folder / BUNDLE_FILE)
    write_description(folder, read_bundle(folder).model_copy(update={"fps": 20.0}))
    assert read_bundle(folder).fps == 20
    assert hash_file(folder / BUNDLE_FILE) != before


def test_a_bundle_of_an_earlier_version_is_read_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = write(tmp_path / "model")
    change(folder, files="none", hash="none")
    assert read_bundle(folder) == make_bundle()
    assert f"{folder / BUNDLE_FILE}: was written by an earlier version, without hashes" in caplog.text


def test_fitted_decisions_are_stored_as_they_always_were(tmp_path: Path) -> None:
    content = yaml.safe_load((write(tmp_path / "model", decisions=DECISIONS) / BUNDLE_FILE).read_text())
    assert content["decisions"] == {
        "settings": {
            "fit": ["threshold", "closing", "min_bout"],
            "beta": 1.0,
            "threshold_for": "behavior",
            "calibration": "isotonic",
            "nested": "folds",
        },
        "postprocess": {"threshold": {"rear": 0.3}, "closing_s": 0.5},
        "calibrations": {"rear": {"method": "isotonic", "knots": [0.1, 0.9], "values": [0.0, 1.0]}},
        "training_scores": {"rear": 0.9},
        "reasons": {},
    }
    assert list(content["decisions"]) == ["settings", "postprocess", "calibrations", "training_scores", "reasons"]


def test_a_failed_write_leaves_no_bundle(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"cannot be written \(No space left on device\)"):
        write_bundle(tmp_path, make_bundle(), {"rear.0.keras": fail})
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_never_written_over(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="holds a model already"):
        refuse_bundle(write(tmp_path / "model"))
    refuse_bundle(tmp_path)


def change(folder: Path, **sections: Any) -> None:
    content = yaml.safe_load((folder / BUNDLE_FILE).read_text())
    content.update(sections)
    (folder / BUNDLE_FILE).write_text(yaml.safe_dump({name: value for name, value in content.items() if value != "none"}))


def spoil_member(**keys: Any) -> dict[str, Any]:
    return {"members": [make_bundle().members[0].model_dump(mode="json", exclude_none=True) | keys]}


STREAM = {"name": "motifs", "signature": '{"stream": "motifs"}', "n_features": 2}


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"schema_version": 1}, "found schema version 1, this version of behavior reads 2"),
        ({"fps": 0}, "fps is 0, expected more than 0"),
        ({"fps": float("inf")}, "fps is inf, expected a number"),
        ({"behaviors": []}, "behaviors is .*, expected at least 1 entry"),
        ({"behaviors": ["rear", "jump"]}, "no member answers for jump"),
        ({"behaviors": ["rear", "rear"]}, r"behaviors repeat a name \(rear, rear\), expected each once"),
        ({"members": []}, "members is .*, expected at least 1 entry"),
        ({"training": "none"}, "'training' is missing"),
        ({"colour": "red"}, "unknown key 'colour'"),
        (spoil_member(window_length=0), r"members\.0\.window_length is 0, expected at least 1"),
        (spoil_member(head={"kind": "boosting"}), r"window_length is 20 for a head boosting"),
        (spoil_member(average=-1), r"members\.0\.average is -1, expected at least 1"),
        (spoil_member(streams=[]), r"members\.0\.streams is .*, expected at least 1 entry"),
        (spoil_member(streams=[STREAM | {"n_features": 0}]), r"n_features is 0, expected at least 1"),
        *((spoil_member(streams=[STREAM | {"signature": text}]), "signature: found") for text in ("x", "[]", "{}", "5")),
        ({"decisions": {"settings": {}}}, "decisions.postprocess' is missing"),
        ({"decisions": DECISIONS.model_dump(exclude_none=True) | {"calibrations": 3}}, r"decisions\.calibrations is 3, expected names"),
    ],
)
def test_a_bundle_that_cannot_be_is_one_sentence(tmp_path: Path, sections: dict[str, Any], expected: str) -> None:
    folder = write(tmp_path / "model")
    change(folder, **sections)
    with pytest.raises(ModelError, match=expected) as caught:
        read_bundle(folder)
    assert str(caught.value).startswith(f"{folder / BUNDLE_FILE}: ")
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_bundle_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"found no bundle\.yaml; give the folder that `behavior train"):
        read_bundle(tmp_path)
    folder = write(tmp_path / "model")
    (folder / "rear.0.npz").unlink()
    with pytest.raises(ModelError, match=r"rear\.0\.npz is missing, although bundle\.yaml lists it"):
        read_bundle(folder)


def test_names_never_lead_out_of_the_folder(tmp_path: Path) -> None:
    assert member_path(tmp_path, "a.keras") == tmp_path / "a.keras"
    for name in ("../a.keras", "a/b.keras", "/a.keras", "..", ""):
        with pytest.raises(ModelError, match="which is not a file name"):
            member_path(tmp_path, name)


def test_members_are_named_after_their_behavior() -> None:
    assert name_member(["mid rearing/left"], 2) == "mid_rearing_left.2"
    assert name_member(["rear", "jump"], 0) == "all.0"


def test_a_preparation_reads_back(tmp_path: Path) -> None:
    arrays = {"mean": np.arange(3.0), "scale": np.ones(3)}
    write_preparation(tmp_path / "a.npz", arrays)
    again = read_preparation(tmp_path / "a.npz")
    assert set(again) == set(arrays)
    np.testing.assert_array_equal(again["mean"], arrays["mean"])


def test_a_preparation_that_is_none_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "objects.npz", mean=np.array([{}], dtype=object))
    (tmp_path / "text.npz").write_text("no such thing")
    (tmp_path / "empty.npz").touch()
    np.savez_compressed(tmp_path / "packed.npz", mean=np.zeros(10**6))
    np.savez(tmp_path / "nan.npz", mean=np.array([np.nan]))
    for name in ("objects.npz", "text.npz", "empty.npz", "missing.npz", "packed.npz", "nan.npz"):
        with pytest.raises(
            ModelError,
            match=rf"{name}: .*a model's features.*; copy the whole folder of the model again",
        ):
            read_preparation(tmp_path / name)
