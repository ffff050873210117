"""What a run that was stopped left behind is not taken for a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import evaluate_pose_alone
import pytest
from evaluate_pose_alone import evaluate_freezing, whole_folder


def test_a_folder_has_its_name_when_all_of_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    with pytest.raises(KeyboardInterrupt), whole_folder(folder) as unfinished:
        (unfinished / "half").touch()
        raise KeyboardInterrupt
    assert not folder.exists()
    with whole_folder(folder) as unfinished:
        assert not list(unfinished.iterdir())
        (unfinished / "all").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["files", "all"]


class StoppedError(Exception):
    pass


@pytest.mark.parametrize(("is_complete", "expected"), [(False, ["check", "embed", "crossval"]), (True, ["check", "embed"])])
def test_a_cross_validation_without_its_digest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_complete: bool, expected: list[str]
) -> None:
    asked: list[str] = []

    def note(command: str, *_: object) -> None:
        asked.append(command)
        if command == "crossval":
            raise StoppedError

    def read_metrics(*_: Any) -> None:
        raise StoppedError

    monkeypatch.setattr(evaluate_pose_alone, "behavior", note)
    monkeypatch.setattr(evaluate_pose_alone.pd, "read_csv", read_metrics)
    (tmp_path / "files").mkdir()
    crossval = tmp_path / "crossval"
    crossval.mkdir()
    # Tables are written before what marks all of it as complete.
    (crossval / "metrics.csv").touch()
    if is_complete:
        (crossval / "crossval.json").touch()
    with pytest.raises(StoppedError):
        evaluate_freezing(tmp_path, tmp_path)
    assert asked == expected
