"""`import behavior`: quick, lazy, typed and silent; `test_readme.py` takes a small study all the way through it."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import behavior as bh
from behavior import api, errors

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "behavior"
MOST_MILLISECONDS = 60


def run_python(code: str, *options: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"
    return subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, cwd=cwd)


def test_importing_it_loads_nothing_else_of_the_package():
    done = run_python("import behavior as bh; dir(bh); print(*sorted(sys.modules))")
    loaded = done.stdout.split()
    assert [name for name in loaded if name.split(".")[0] == "behavior"] == ["behavior"]
    assert not {"numpy", "pandas", "tensorflow", "keras", "rich", "pydantic", "yaml"} & set(loaded)


def test_importing_it_is_quick():
    times = []
    for _ in range(5):
        report = run_python("import behavior", "-X", "importtime").stderr
        (line,) = [line for line in report.splitlines() if line.endswith("| behavior")]
        times.append(int(line.split("|")[1]) / 1000)
    assert statistics.median(times) < MOST_MILLISECONDS


def test_opening_a_study_loads_no_tensorflow(demo):
    code = f"import behavior as bh; s = bh.open_study({str(demo.study)!r}); s.features('mouse_01'); s.labels('mouse_01')"
    done = run_python(f"{code}; print('tensorflow' in sys.modules)")
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_its_names_are_those_of_the_api():
    assert set(bh.__all__) == {"__version__", *api.__all__}
    assert set(dir(bh)) >= set(bh.__all__)
    for name in api.__all__:
        assert getattr(bh, name) is getattr(api, name)
    with pytest.raises(AttributeError, match="has no attribute 'open_studdy'"):
        _ = bh.open_studdy


def test_type_checkers_see_the_same_names():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "behavior.api"]
    assert {alias.name for node in imported for alias in node.names} == set(api.__all__)
    assert (PACKAGE / "py.typed").is_file()


def test_every_error_is_offered():
    assert {name for name in errors.__all__ if name.endswith("Error")} <= set(bh.__all__)


@pytest.mark.parametrize("name", sorted({*api.__all__}))
def test_everything_offered_is_described(name):
    assert (getattr(bh, name).__doc__ or "").strip()


COMMANDS = {
    "init": bh.init_study,
    "check": bh.Study.check,
    "embed": bh.Study.embed,
    "import-features": bh.Study.import_features,
    "rename": bh.rename_behavior,
    "backbones": bh.list_backbones,
    "finetune": bh.Study.finetune,
    "crossval": bh.Study.crossval,
    "search": bh.Study.search,
    "train": bh.Study.train,
    "annotate": bh.Model.annotate_videos,
    "live": bh.record_live,
    "decide": bh.decide_ethograms,
    "evaluate": bh.evaluate_ethograms,
    "agreement": bh.compare_raters,
    "explain": bh.explain_frame,
    "export": bh.export_ethograms,
    "stats": bh.describe_ethograms,
    "audit": bh.draw_audit,
    "overlay": bh.draw_overlays,
    "report": bh.write_report,
    "track": bh.track_videos,
    "identify enrol": bh.enrol_individuals,
    "identify query": bh.identify_individuals,
    "identify evaluate": bh.evaluate_gallery,
    "review": bh.open_review,
    "demo": bh.run_demo,
}


def test_every_command_has_its_function():
    from typer.main import get_command

    from behavior.cli import app

    commands = {
        " ".join(words)
        for name, command in get_command(app).commands.items()
        for words in ([(name, inner) for inner in command.commands] if hasattr(command, "commands") else [(name,)])
    }
    assert set(COMMANDS) == commands
    for name, function in COMMANDS.items():
        assert f"`behavior {name}`" in (function.__doc__ or "")


SNIPPET = """
from pathlib import Path
import behavior as bh

study = bh.open_study(Path("study.yaml"))
reveal_type(study)
reveal_type(study.features("m").values)
reveal_type(study.labels("m").values)
reveal_type(bh.open_model("model").annotate("a.mp4").decide(closing_s=0.5))
study.train(out="model", crossval=study.crossval(out="crossval"))
study.train(out=3)
bh.open_studdy("study.yaml")
"""


@pytest.mark.slow
def test_a_type_checker_sees_what_a_user_does(tmp_path):
    (tmp_path / "user.py").write_text(SNIPPET)
    options = ["--cache-dir", str(tmp_path / "cache"), "--ignore-missing-imports", "--follow-imports=silent"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(tmp_path / "user.py")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "", "MYPYPATH": str(ROOT)},
    )
    revealed = [line.split("Revealed type is ")[1] for line in done.stdout.splitlines() if "Revealed" in line]
    assert revealed[0] == '"behavior.api.study.Study"'
    assert "ndarray" in revealed[1]
    assert "signedinteger" in revealed[2]
    assert revealed[3] == '"behavior.api.ethogram.RecordingEthogram"'
    problems = [line for line in done.stdout.splitlines() if "error:" in line]
    assert len(problems) == 2, done.stdout
    assert 'Argument "out" to "train"' in problems[0]
    assert 'has no attribute "open_studdy"' in problems[1]
