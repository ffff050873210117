"""A small study to review: two videos with pose and labels, and an ethogram of the first."""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from page_actions import wait_for_frame

from behavior.files.ethograms import write_annotation
from behavior.files.pose import write_deeplabcut
from behavior.files.video_writer import write_video
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities, Track
from behavior.review.desk import Desk
from behavior.review.reviewed_study import open_reviewed
from behavior.review.serving import RunningServer, serving

N_FRAMES, FPS, SIZE = 60, 10, 96
# Playwright's own browsers would have to be downloaded.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def render(n_frames: int = N_FRAMES) -> Iterator[np.ndarray]:
    """Pictures with their number, and a light square that moves right."""
    for frame in range(n_frames):
        image = np.full((SIZE, SIZE, 3), 40, np.uint8)
        image[40:56, frame : frame + 16] = 220
        cv2.putText(image, str(frame), (4, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2)
        yield image


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that is rendered once; to be copied."""
    path = tmp_path_factory.mktemp("rendered") / "mouse.mp4"
    write_video(path, render(), fps=FPS)
    return path


@pytest.fixture
def videos(rendered: Path, tmp_path: Path) -> Path:
    """A folder of two videos and nothing else."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("mouse_1", "mouse_2"):
        (folder / f"{name}.mp4").write_bytes(rendered.read_bytes())
    return folder


@pytest.fixture
def study(videos: Path) -> Path:
    """The study file of the two videos: pose of both, labels of the first in a table of frames, and its ethogram."""
    positions = np.stack([np.arange(N_FRAMES) + 8.0, np.full(N_FRAMES, 48.0)], axis=1)[:, None]
    for name in ("mouse_1", "mouse_2"):
        write_deeplabcut(videos / f"{name}DLC.csv", Track(positions, np.full((N_FRAMES, 1), 0.9), ("midbody",)), scorer="net")
    rows = "".join(f"{frame},{int(10 <= frame < 20)},0\n" for frame in range(N_FRAMES))
    (videos / "mouse_1_labels.csv").write_text(f"frame,groom,rear\n{rows}")
    (videos / "study.yaml").write_text("behaviors: [groom, rear]\ncrop: {body_part: midbody, size: 32}\n")
    (videos / "recordings.csv").write_text(
        "recording,video,pose,labels\nmouse_1,mouse_1.mp4,mouse_1DLC.csv,mouse_1_labels.csv\nmouse_2,mouse_2.mp4,mouse_2DLC.csv,\n"
    )
    write_ethogram(videos / "ethograms", "mouse_1", video=videos / "mouse_1.mp4")
    write_ethogram(videos / "ethograms", "mouse_2", video=videos / "mouse_2.mp4")
    return videos / "study.yaml"


def write_ethogram(folder: Path, recording: str, *, video: Path, n_frames: int = N_FRAMES) -> None:
    times = np.arange(n_frames) / FPS
    values = np.full((n_frames, 2), 0.1, np.float32)
    values[12:22, 0] = values[40:50, 1] = 0.9
    decided = Ethogram(values > 0.5, ("groom", "rear"), times)
    provenance = Provenance(fps=FPS, video=str(video), postprocess={"threshold": 0.5})
    write_annotation(folder, Annotation(recording, Probabilities(values, ("groom", "rear"), times), decided, decided, provenance))


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def content(self) -> Any:
        return json.loads(self.body)


class Client:
    """Asks a running server."""

    def __init__(self, running: RunningServer, stop: Callable[[], object]) -> None:
        self.port = running.port
        self.stop = stop
        self.base = f"http://127.0.0.1:{running.port}"

    def ask(self, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Answer:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return Answer(answer.status, answer.read(), {name.lower(): value for name, value in answer.headers.items()})
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), {name.lower(): value for name, value in error.headers.items()})

    def paint(self, recording: str, start: int, stop: int, behavior: str | None, value: int = 1, **more: Any) -> Answer:
        labels = self.ask(f"/api/recordings/{recording}/labels").content
        edit = {
            **{
                "session": labels["session"],
                "id": f"{recording} {start} {stop} {behavior} {value}",
                "viewer": "test",
                "base": labels["revision"],
            },
            "paints": [{"start": start, "stop": stop, "behavior": behavior, "value": value}],
        }
        return self.ask(f"/api/recordings/{recording}/edits", {**edit, **more})


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Client]]:
    """Run a server for what paths stand for, until the test ends; it does not keep label files waiting."""
    monkeypatch.setattr("behavior.review.label_session._SECONDS_TO_FOLD", 0.1)
    monkeypatch.setattr("behavior.review.desk._SECONDS_BETWEEN_ROUNDS", 0.1)
    running: list[ExitStack] = []

    def begin(*paths: Path, rater: str = "", port: int = 0) -> Client:
        stack = ExitStack()
        running.append(stack)
        return Client(stack.enter_context(serving(Desk(open_reviewed(paths), rater), port=port)), stack.close)

    yield begin
    for stack in running:
        stack.close()


# Until it is stopped, Playwright runs an event loop in this thread, where other tests could run none.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium, one for the tests of a file, which are skipped where none is installed, and fail where one is required."""
    is_required = bool(os.environ.get("BEHAVIOR_REQUIRE_BROWSER"))
    if find_spec("playwright") is None and not is_required:
        pytest.skip("Playwright is not installed; pip install playwright")
    from playwright.sync_api import sync_playwright

    path = os.environ.get("BEHAVIOR_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        if is_required:
            pytest.fail("no Chromium is installed, which BEHAVIOR_REQUIRE_BROWSER asks for")
        pytest.skip("no Chromium is installed; apt-get install chromium")
    with sync_playwright() as running:
        opened = running.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-background-networking"])
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[[Any], Any]]:
    """Open the page of a running server in a tab of its own profile; nothing in it may fail or be blocked."""
    contexts, problems = [], []

    def begin(client: Any, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if "Content Security Policy" in message.text else None)
        page.set_default_timeout(10_000)
        page.goto(client.base)
        wait_for_frame(page, 0)
        return page

    yield begin
    for context in contexts:
        context.close()
    assert problems == []
