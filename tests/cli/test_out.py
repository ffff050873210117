"""`--out` that cannot be written to is refused before a video, features or an ethogram is read, by every command that has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import av
import h5py
import pytest
import yaml
from gallery_samples import write_photos
from typer.main import get_command

from behavior.cli.program import app
from behavior.files import ethograms
from behavior.workflows import identify_evaluate, identify_query
from behavior.workflows.demo import DemoResult
from behavior.workflows.identify_enrol import EnrolRequest, enrol_individuals

VIDEO, ETHOGRAM = "videos/mouse_01.mp4", "ethograms/mouse_04_ethogram.csv"
# After the name of the command; paths are those of the demo's folder.
ARGUMENTS: dict[str, list[str]] = {
    "agreement": ["videos", "videos", "--study", "study.yaml"],
    "annotate": ["model", VIDEO],
    "audit": [ETHOGRAM],
    "crossval": ["study.yaml"],
    "decide": [ETHOGRAM, "--closing", "3"],
    "demo": [],
    "evaluate": [ETHOGRAM, "--labels", "videos"],
    "explain": [ETHOGRAM, "--recording", "mouse_04", "--frame", "3"],
    "export": [ETHOGRAM, "--format", "boris"],
    "finetune": ["study.yaml"],
    "identify evaluate": ["{gallery}"],
    "identify query": ["{gallery}", "{photos}"],
    "init": ["videos"],
    "live": ["model", "--source", VIDEO],
    "overlay": [ETHOGRAM],
    "report": ["study.yaml", ETHOGRAM],
    "search": ["{search}"],
    "stats": [ETHOGRAM],
    "track": [VIDEO],
    "train": ["study.yaml"],
}
FILES = {"explain": "frame.png", "finetune": "weights.keras", "report": "report.html"}


def list_commands(group: Any, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        found |= list_commands(command, f"{prefix}{name} ") if hasattr(command, "commands") else {f"{prefix}{name}": command}
    return found


def refuse(*_: object, **__: object) -> NoReturn:
    raise AssertionError("work was begun")


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what reads videos, features and ethograms fail, and what compares with a gallery."""
    for place, name in (
        (av, "open"),
        (h5py, "File"),
        (ethograms, "read_frame_table"),
        (identify_query, "read_sources"),
        (identify_evaluate, "score_side"),
    ):
        monkeypatch.setattr(place, name, refuse)


@pytest.fixture
def places(demo: DemoResult, tmp_path: Path) -> dict[str, Path]:
    photos = write_photos(tmp_path / "photos", [0, 1])
    enrol_individuals(tmp_path / "gallery", [photos], EnrolRequest(backbone="correlogram"))
    search = tmp_path / "search.yaml"
    content = yaml.safe_load(demo.study.read_text())
    content |= {"recordings": str(demo.study.parent / content["recordings"]), "search": {"space": {"head.units": [4, 8]}}}
    search.write_text(yaml.safe_dump(content))
    return {"photos": photos, "gallery": tmp_path / "gallery", "search": search}


def test_every_command_that_has_it_is_tried() -> None:
    with_out = {name for name, command in list_commands(get_command(app)).items() if any("--out" in one.opts for one in command.params)}
    assert with_out == set(ARGUMENTS)


@pytest.mark.parametrize("command", list(ARGUMENTS))
def test_it_is_refused_before_any_work(
    run: Callable[..., Any],
    demo: DemoResult,
    places: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    command: str,
) -> None:
    request.getfixturevalue("no_work")
    monkeypatch.chdir(demo.study.parent)
    blocker = tmp_path / "blocker"
    blocker.write_text("")
    out = blocker / FILES.get(command, "results")
    words = [word.format(**places) for word in ARGUMENTS[command]]
    ran = run(*command.split(), *words, "--out", out)
    assert ran.status == 1, ran.err
    # In the way is a file, where a folder would have to be.
    assert f"{blocker}" in ran.err and "cannot be made" in ran.err


@pytest.mark.parametrize("command", list(FILES))
def test_a_folder_where_a_file_is_to_be_is_refused(
    run: Callable[..., Any], demo: DemoResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_work: None, command: str
) -> None:
    monkeypatch.chdir(demo.study.parent)
    (tmp_path / FILES[command]).mkdir()
    overwrite = [] if command == "finetune" else ["--overwrite"]
    ran = run(command, *ARGUMENTS[command], "--out", tmp_path / FILES[command], *overwrite)
    assert ran.status == 1, ran.err
    assert ("is there already" if command == "finetune" else "is a folder") in ran.err
