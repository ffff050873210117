"""The page of a live recording, asked as a browser asks it and looked at in one."""

import json
import threading
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import numpy as np
import pytest

from behavior.live.capturing import CaptureTally
from behavior.live.frame_queue import CapturedFrame
from behavior.live.session import AnsweredFrame, LiveTally
from behavior.review.live_answers import make_live_application
from behavior.review.live_desk import LiveDesk
from behavior.review.serving import serving_application

BEHAVIORS = ["grooming", "rearing <b>"]


class Recording:
    """A recording of a bar that moves, at 20 pictures a second, that is over when it is stopped."""

    def __init__(self, folder):
        self.desk, self.notes, self.over = LiveDesk(folder), [], threading.Event()
        self.tally = CaptureTally()
        session = SimpleNamespace(behaviors=BEHAVIORS, note=self.notes.append, tally=LiveTally())
        self.desk.begin(session, SimpleNamespace(tally=self.tally, stop=self.over.set))
        self.thread = threading.Thread(target=self.record, daemon=True)

    def record(self):
        while not self.over.wait(0.05):
            number = self.tally.captured
            image = np.full((120, 160, 3), 60, dtype=np.uint8)
            image[:, number % 160 : number % 160 + 8] = (250, 200, 0)
            frame = CapturedFrame(0, number, number / 20, "now", time.monotonic(), image)
            probability = (1 + np.sin(number / 10)) / 2
            self.desk.see(frame)
            self.desk.hear(AnsweredFrame(frame, np.array([probability, 0.1]), np.array([probability > 0.5, False]), 0.03))
            self.tally.captured += 1
        self.desk.end()


@pytest.fixture
def recording(tmp_path):
    one = Recording(tmp_path)
    application = make_live_application(one.desk)
    with serving_application(application, port=0, start=one.thread.start, close=one.over.set) as running:
        one.base = running.address.rstrip("/")
        yield one
    one.thread.join(10)


def ask(recording, path, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(recording.base + path, data=data, headers={"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_answers_are_told_and_what_is_no_number_or_note_is_refused(recording):
    time.sleep(0.3)
    status, state = ask(recording, "/live/state?after=0")
    assert status == 200 and state["behaviors"] == BEHAVIORS and len(state["answers"]) >= 2
    assert ask(recording, "/live/state?after=-1")[0] == 422
    assert ask(recording, "/live/note", {"text": "light on"}) == (200, {})
    assert recording.notes == ["light on"]
    assert ask(recording, "/live/note", {"words": 3})[0] == 422
    assert ask(recording, "/live/note", {"text": "x" * 100_000})[0] == 413
    assert ask(recording, "/live/stop", {}, Origin="http://evil.example")[0] == 403
    assert not recording.over.is_set()
    assert ask(recording, "/labels")[0] == 404


def test_pictures_come_one_after_the_other_for_several_viewers(recording):
    with (
        urllib.request.urlopen(recording.base + "/live/pictures", timeout=10) as first,
        # One that never reads does not hold up the others.
        urllib.request.urlopen(recording.base + "/live/pictures", timeout=10),
    ):
        assert first.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=picture"
        content = b""
        while content.count(b"\xff\xd8\xff") < 4:
            content += first.read1(65536)


def test_the_page_shows_what_goes_on(recording, browser):
    problems = []
    page = browser.new_context(viewport={"width": 1100, "height": 900}).new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.set_default_timeout(20_000)
    page.goto(recording.base)
    page.wait_for_function("() => document.querySelector('#picture').naturalWidth === 160")
    page.wait_for_function("() => Number(document.querySelector('[data-figure=recorded]')?.textContent) > 20")
    assert page.locator("#bars li span").all_inner_texts() == BEHAVIORS
    assert page.locator("#bars progress").nth(1).evaluate("bar => bar.value") == pytest.approx(0.1)
    assert page.locator("[data-figure=latency]").inner_text() == "30 ms"
    drawn = """() => {
        const canvas = document.querySelector('#ethogram');
        return new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, 20).data).size;
    }"""
    assert page.evaluate(drawn) > 4
    page.keyboard.press("m")
    page.fill("#note", "injected")
    page.press("#note", "Enter")
    page.wait_for_function("() => document.querySelector('#note').value === ''")
    page.wait_for_timeout(300)
    assert recording.notes == ["mark", "injected"]
    page.click("#stop")
    page.wait_for_function("() => document.querySelector('#status').textContent.startsWith('The recording is over')")
    assert recording.over.is_set() and page.locator("#stop").is_disabled()
    assert problems == []
