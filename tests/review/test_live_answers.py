"""The page of a live run, asked as a browser asks it and looked at in one."""

import itertools
import json
import socket
import urllib.error
import urllib.request

import numpy as np
import pytest
from live_samples import FPS, DrawnSource, gather_recorders, running, wait_until

from behavior.errors import VideoError
from behavior.files.live_sources import CapturedPicture
from behavior.review.live_answers import make_live_application
from behavior.review.live_desk import LiveDesk
from behavior.review.serving import serving_application

BEHAVIORS = ["grooming", "rearing <b>"]


def draw():
    """A bar that moves, at 20 pictures a second."""
    for number in itertools.count():
        image = np.full((120, 160, 3), 30, dtype=np.uint8)
        image[:, number % 160 : number % 160 + 8] = (250, 200, 0)
        yield CapturedPicture(number / FPS, image)


class Page:
    def __init__(self, recorders, base):
        self.recorders, self.base = recorders, base

    def ask(self, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, headers={"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                content = answer.read()
                return answer.status, content if answer.headers["Content-Type"] == "image/jpeg" else json.loads(content or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


@pytest.fixture
def page(tmp_path):
    """Two sources that wait: one that goes on, and one that fails."""
    sources = {"left": DrawnSource(draw()), "right": DrawnSource([VideoError("camera 7: does not answer.")])}
    recorders = gather_recorders(tmp_path, sources, behaviors=BEHAVIORS, waits=True, at_own_pace=True)
    desk = LiveDesk(recorders)
    with (
        serving_application(make_live_application(desk), port=0, start=int, say_last=desk.end) as server,
        running(recorders),
    ):
        yield Page(recorders, server.address.rstrip("/"))


def test_sources_are_started_marked_and_stopped_and_what_is_no_wish_is_refused(page, tmp_path):
    left, right = page.recorders
    assert page.ask("/live/note", {"text": "too early"}) == (
        422,
        {"error": "nothing is recorded now that could be marked; start a source first."},
    )
    assert page.ask("/live/start", {}) == (200, {})
    wait_until(lambda: left.session.tally.answered > 4 and right.state == "failed")
    status, state = page.ask("/live/state?after=0")
    shown = {source["name"]: source for source in state["sources"]}
    assert status == 200 and state["behaviors"] == BEHAVIORS and len(shown["left"]["answers"]) >= 4
    assert (shown["left"]["recording"], shown["right"]["reason"]) == ("left_0", "camera 7: does not answer.")
    assert page.ask("/live/state?after=-1")[0] == 422
    assert page.ask("/live/note", {"text": "light on", "source": "left"}) == (200, {})
    assert page.ask("/live/note", {"words": 3})[0] == 422
    assert page.ask("/live/note", {"text": "x" * 100_000})[0] == 413
    assert page.ask("/live/stop", {"source": "middle"})[0] == 422
    assert page.ask("/live/stop", {}, Origin="http://evil.example")[0] == 403
    assert page.ask("/live/end", {}, Host="evil.example")[0] == 403
    assert left.state == "recording" and page.ask("/labels")[0] == 404
    wait_until(lambda: (tmp_path / "left_0_notes.csv").exists())
    assert page.ask("/live/stop", {"source": "left"}) == (200, {})
    wait_until(lambda: left.state == "stopped")
    assert "light on" in (tmp_path / "left_0_notes.csv").read_text()


def test_pictures_come_one_after_the_other_for_several_viewers(page):
    page.ask("/live/start", {"source": "left"})
    (left, _), port = page.recorders, int(page.base.rpartition(":")[2])
    wait_until(lambda: left.session.tally.answered > 1)
    status, jpeg = page.ask("/live/pictures/left/last?after=0")
    assert status == 200 and jpeg.startswith(b"\xff\xd8\xff")
    assert page.ask("/live/pictures/left/last?after=100000") == (204, None)
    assert page.ask("/live/pictures/right/last") == (204, None)
    assert page.ask("/live/pictures/middle")[0] == 422
    with (
        urllib.request.urlopen(page.base + "/live/pictures/left", timeout=10) as first,
        socket.create_connection(("127.0.0.1", port)) as silent,
    ):
        # One that never reads, and has no room for more than it was sent, holds up nobody.
        silent.sendall(f"GET /live/pictures/left HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert first.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=picture"
        content, before = b"", left.tally.captured
        while content.count(b"\xff\xd8\xff") < 4:
            content += first.read1(65536)
        wait_until(lambda: left.tally.captured > before + 10)
    assert left.tally.skipped == 0


def test_the_page_shows_what_goes_on(page, browser):
    problems = []
    tab = browser.new_context(viewport={"width": 1100, "height": 900}).new_page()
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    tab.set_default_timeout(20_000)
    tab.goto(page.base)
    left, right = tab.locator("[data-source=left]"), tab.locator("[data-source=right]")
    assert left.locator(".state").inner_text() == "waits to be started" and left.locator(".stop").is_disabled()
    tab.click("#start-all")
    tab.wait_for_function("() => document.querySelector('[data-source=left] img').naturalWidth === 480")
    tab.wait_for_function("() => Number(document.querySelector('[data-source=left] [data-figure=recorded]').textContent) > 20")
    right.locator(".reason", has_text="camera 7: does not answer.").wait_for()
    assert (left.get_attribute("data-state"), right.get_attribute("data-state")) == ("recording", "failed")
    assert tab.locator("#status").inner_text() == "1 of 2 sources record"
    assert left.locator("canvas").get_attribute("aria-label").startswith("The last ten seconds; now grooming 0.")
    drawn = """() => {
        const canvas = document.querySelector('[data-source=left] canvas');
        return new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, 20).data).size;
    }"""
    assert tab.evaluate(drawn) > 4
    tab.keyboard.press("m")
    tab.fill("#note", "injected")
    tab.press("#note", "Enter")
    tab.wait_for_function("() => document.querySelector('#note').value === ''")
    assert tab.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    left.locator(".stop").click()
    tab.wait_for_function("() => document.querySelector('[data-source=left]').dataset.state === 'stopped'")
    left.locator(".start").click()
    tab.locator(".reason", has_text="left_1").wait_for()
    assert problems == []
    tab.click("#end")
    tab.wait_for_function("() => document.querySelector('#stop-all').disabled")
