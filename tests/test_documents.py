"""The pages name files that exist, and every script has its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in (ROOT, *(ROOT / name for name in ("behavior", "behavior/cli", "configs", "scripts", "tests")))
    for path in folder.glob("*.md")
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def list_anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in LINK.findall(read(page)):
        if re.match(r"https?:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), target
        assert not anchor or anchor in list_anchors(path), target


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_modules_and_scripts_that_a_page_names_exist(page):
    roots = (ROOT, ROOT / "behavior", (ROOT / page).parent)
    for code in CODE.findall(read(page)):
        name = code.split()[0] if code.strip() else ""
        if re.fullmatch(r"[\w./-]+\.(py|sh|yaml|cff|cfg)", name) and name not in MADE_BY_USERS:
            assert any((root / name).exists() for root in roots), f"{page} names {name}"


# Files that commands write, or that a sentence makes up.
MADE_BY_USERS = {"study.yaml", "review.yaml", "best.yaml", "bundle.yaml", "behavior/a/b.py", "tests/a/test_b.py"}


def test_every_script_has_a_line():
    page = read("scripts/README.md")
    for path in (ROOT / "scripts").iterdir():
        if path.is_file() and path.name != "README.md":
            assert f"| `{path.name}` |" in page, path.name


def test_every_room_has_a_line():
    table = read("behavior/README.md").partition("| room |")[2].partition("\n\n")[0]
    for path in (ROOT / "behavior").iterdir():
        is_room = (path / "__init__.py").is_file() or (path.suffix == ".py" and not path.name.startswith("__"))
        assert not is_room or f"`{path.name}/`" in table or f"`{path.name}`" in table, path.name


def test_names_that_the_guide_uses_are_in_the_code():
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "behavior").rglob("*.py"))
    names = {name for name in CODE.findall(read("behavior/README.md")) if re.fullmatch(r"[A-Z]\w+|[a-z]+_\w+", name)}
    assert len(names) >= 8
    assert not [name for name in names if not re.search(rf"\b{name}\b", sources)]


def test_every_study_file_has_a_line():
    page = read("configs/README.md")
    for path in (ROOT / "configs").glob("*.yaml"):
        assert f"`{path.name}`" in page, path.name


def test_hooks_need_no_network():
    hooks = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    assert all(hook["language"] == "system" for repository in hooks for hook in repository["hooks"])


def test_the_citation_is_of_this_version():
    from behavior import __version__

    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == __version__
    assert citation["license"] == "BSD-3-Clause"
    assert read("LICENSE").startswith("BSD 3-Clause License")
