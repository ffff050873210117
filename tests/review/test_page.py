"""The page in a real browser: pictures, keys, labels, undo, two people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from page_actions import press, wait_for_file, wait_for_frame, wait_for_text

from behavior.figures.rendering import COLORS
from behavior.files.clip_queue import QUEUE_FILE, read_clips
from behavior.learning.suggestion_inputs import SuggestedBatch
from behavior.learning.suggestions import Suggestion

PAGE = Path(__file__).resolve().parents[2] / "behavior" / "review" / "page"


def test_a_folder_of_videos_is_labelled_from_nothing(serve: Callable[..., Any], open_page: Callable[..., Any], videos: Path) -> None:
    page = open_page(serve(videos))
    for name in ("groom", "rear"):
        page.fill("#new-behavior", name)
        press(page, "Enter")
        page.wait_for_selector(f"#behaviors li:has-text('{name}')")
    # A digit starts a bout, and stops it ten frames later.
    press(page, "Shift+ArrowRight", "1", "Shift+ArrowRight", "1")
    wait_for_frame(page, 20)
    labels = videos / "labels" / "mouse_1.csv"
    wait_for_file(page, labels, "behavior,start_frame,stop_frame\ngroom,10,20\nobserved,10,20\n")
    # Its stop is set here; then it is taken back, and made again.
    press(page, "ArrowRight", "ArrowRight", "]")
    wait_for_file(page, labels, "behavior,start_frame,stop_frame\ngroom,10,22\nobserved,10,22\n")
    press(page, "z", "z")
    page.wait_for_selector("#undo:disabled")
    press(page, "Shift+Z")
    wait_for_file(page, labels, "behavior,start_frame,stop_frame\ngroom,10,20\nobserved,10,20\n")
    # Looked at from here to here.
    press(page, "Escape", "o", "Shift+ArrowRight", "o")
    wait_for_file(page, labels, "behavior,start_frame,stop_frame\ngroom,10,20\nobserved,10,20\nobserved,22,33\n")
    wait_for_text(page, "saved", "saved in mouse_1.csv")
    press(page, "Home", "Tab", "Delete")
    wait_for_file(page, labels, "behavior,start_frame,stop_frame\nobserved,10,20\nobserved,22,33\n")
    assert (videos / "study.yaml").is_file()


def test_a_prediction_is_found_confirmed_and_corrected(serve: Callable[..., Any], open_page: Callable[..., Any], study: Path) -> None:
    client = serve(study)
    page = open_page(client)
    page.click("#recordings li[title='mouse_2']")
    # Of the other recording, everything is labelled.
    page.wait_for_function("() => document.querySelector('#behaviors li')?.textContent.includes('groom\\u20130.10')")
    press(page, "Tab")
    wait_for_frame(page, 12)
    wait_for_text(page, "selected", "groom (suggested")
    press(page, "Enter", "Tab")
    wait_for_frame(page, 40)
    press(page, "ArrowRight", "[")
    labels = study.parent / "labels" / "mouse_2.csv"
    wait_for_file(page, labels, "behavior,start_frame,stop_frame\ngroom,12,22\nobserved,12,22\nobserved,41,50\nrear,41,50\n")
    # The edge of the bout is dragged with the mouse.
    box = page.locator("#timeline").bounding_box()
    scale = (box["width"] - 104) / 60
    y = box["y"] + 20 + (box["height"] - 20) * 0.75
    page.mouse.move(box["x"] + 104 + 50 * scale, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 104 + 53 * scale, y, steps=4)
    page.mouse.up()
    wait_for_file(page, labels, "behavior,start_frame,stop_frame\ngroom,12,22\nobserved,12,22\nobserved,41,53\nrear,41,53\n")


def test_the_picture_is_the_frame_that_the_page_names(serve: Callable[..., Any], open_page: Callable[..., Any], study: Path) -> None:
    page = open_page(serve(study))
    # The centre of the light square, which is 16 of 96 pixels wide and moves by one with each frame.
    where = """() => {
      const { width, height } = document.getElementById("picture");
      const side = Math.min(width, height);
      const row = document.getElementById("picture").getContext("2d").getImageData((width - side) / 2, height / 2, side, 1).data;
      let [sum, weight] = [0, 0];
      for (let x = 0; x < side; x += 1) {
        const light = Math.max(row[4 * x] - 100, 0);
        sum += light * (x + 0.5);
        weight += light;
      }
      return (sum / weight / side) * 96 - 8;
    }"""
    for key, frame in (("End", 59), ("Shift+ArrowLeft", 49), ("ArrowLeft", 48), ("Home", 0), ("ArrowRight", 1)):
        press(page, key)
        wait_for_frame(page, frame)
        assert page.evaluate(where) == pytest.approx(frame, abs=0.45)


def test_the_video_plays_at_its_rate_and_stops_at_its_end(serve: Callable[..., Any], open_page: Callable[..., Any], study: Path) -> None:
    page = open_page(serve(study))
    press(page, ".", ".", " ")
    wait_for_text(page, "play", "Pause")
    before = page.evaluate("performance.now()")
    wait_for_frame(page, 59)
    assert 1000 < page.evaluate("performance.now()") - before < 3500
    wait_for_text(page, "play", "Play")


def test_two_people_see_and_do_not_overwrite_each_other(serve: Callable[..., Any], open_page: Callable[..., Any], study: Path) -> None:
    client = serve(study)
    first, second = (open_page(client) for _ in range(2))
    for page in (first, second):
        page.wait_for_function("() => document.querySelector('#behaviors .state')?.textContent === 'no'")
    press(first, "Shift+ArrowRight", "2", "Shift+ArrowRight", "2")
    wait_for_text(first, "selected", "rear: frames 10 to 19")
    press(second, "Shift+ArrowRight")
    wait_for_text(second, "notices", "Somebody else is labelling")
    second.wait_for_function("() => document.querySelectorAll('#behaviors .state')[1].textContent === 'yes'")
    # What touches nothing of the other's is merged.
    press(second, *["Shift+ArrowRight"] * 3, "2", "Shift+ArrowRight", "2")
    file = study.parent / "labels" / "mouse_1.csv"
    rows = ["groom,10,20,mouse_1_labels.csv", "rear,10,20,", "rear,40,50,"]
    wait_for_file(second, file, "\n".join(["behavior,start_frame,stop_frame,source", *rows]) + "\n")


def test_a_tab_outlives_the_server(serve: Callable[..., Any], open_page: Callable[..., Any], study: Path) -> None:
    client = serve(study)
    page = open_page(client)
    page.wait_for_function("() => document.querySelector('#behaviors .state')?.textContent === 'no'")
    press(page, *["Shift+ArrowRight"] * 3)
    client.stop()
    wait_for_text(page, "saved", "The server does not answer")
    press(page, "2", "ArrowRight", "2")
    wait_for_text(page, "notices", "The server does not answer")
    wait_for_text(page, "selected", "Nothing.")
    assert serve(study, port=client.port).port == client.port
    wait_for_text(page, "notices", "The server was restarted, and this page was loaded again")
    wait_for_frame(page, 31)
    press(page, "2", "ArrowRight", "2")
    rows = ["groom,10,20,mouse_1_labels.csv", "rear,31,32,"]
    wait_for_file(page, study.parent / "labels" / "mouse_1.csv", "\n".join(["behavior,start_frame,stop_frame,source", *rows]) + "\n")


def test_an_edit_that_cannot_be_written_is_said(
    serve: Callable[..., Any], open_page: Callable[..., Any], study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    page = open_page(serve(study))
    page.wait_for_function("() => document.querySelector('#behaviors .state')?.textContent === 'no'")
    monkeypatch.setattr("behavior.files.label_journal.os.fsync", refuse)
    press(page, "2", "ArrowRight", "2")
    wait_for_text(page, "notices", "Read-only file system")
    wait_for_text(page, "saved", "not saved")
    assert not (study.parent / "labels" / "mouse_1.csv").exists()


def test_keys_are_listed_and_can_be_changed(serve: Callable[..., Any], open_page: Callable[..., Any], study: Path) -> None:
    (study.parent / "review.yaml").write_text('keys: {forward: "n"}\n')
    page = open_page(serve(study))
    press(page, "n")
    wait_for_frame(page, 1)
    press(page, "?")
    page.wait_for_selector("#sheet[open]")
    assert "One frame on" in page.inner_text("#key-table")


def test_keys_that_are_given_twice_are_said(serve: Callable[..., Any], open_page: Callable[..., Any], study: Path) -> None:
    (study.parent / "review.yaml").write_text('keys: {forward: "p", play: "2", back: Space, first: "g", last: "g", jump: "j"}\n')
    page = open_page(serve(study))
    for sentence in (
        "names keys for jump, which the page does not know",
        'The key p is given to "One frame on" (forward) in review.yaml, so "Draw the pose" (pose) has none',
        'gives the key 2 to "Play or pause" (play), so behavior 2 has none',
        'The key g is given to "First frame" (first) in review.yaml, so "Last frame" (last) has none',
    ):
        wait_for_text(page, "notices", sentence)
    press(page, "p", "p")
    wait_for_frame(page, 2)
    press(page, " ")
    wait_for_frame(page, 1)
    press(page, "2")
    wait_for_text(page, "play", "Pause")
    assert page.locator("#notices > div").count() == 4


def test_a_damaged_video_shows_what_it_has(serve: Callable[..., Any], open_page: Callable[..., Any], videos: Path) -> None:
    path = videos / "mouse_1.mp4"
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    path.write_bytes(content)
    page = open_page(serve(videos))
    # Its frames are known once it is read through.
    wait_for_text(page, "position", "of 60")
    press(page, "End")
    wait_for_text(page, "position", "frame 59 of 60")
    wait_for_frame(page, 59)
    assert page.inner_text("#position").endswith("frame 59 of 60")


def test_differences_are_one_click_away_and_others_labels_are_asked_for(
    serve: Callable[..., Any], open_page: Callable[..., Any], study: Path
) -> None:
    (study.parent / "anna.csv").write_text("behavior,start_frame,stop_frame\ngroom,14,20\n")
    manifest = study.parent / "recordings.csv"
    first, second, third = manifest.read_text().splitlines()
    manifest.write_text(f"{first},labels_anna\n{second},\n{third},anna.csv\n".replace(",,anna", ",mouse_2_plain.csv,anna"))
    (study.parent / "mouse_2_plain.csv").write_text("behavior,start_frame,stop_frame\nrear,40,44\n")
    page = open_page(serve(study))
    page.click("[aria-controls=differences-tab]")
    # Libraries that compare are loaded first.
    page.wait_for_selector("#differences li:has-text('predicted, not labelled') >> nth=1", timeout=40_000)
    # The surest and longest first: rearing of mouse_1, which nobody labelled.
    assert [row.split("\n")[0] for row in page.locator("#differences li").all_inner_texts()][:2] == ["rear", "groom"]
    assert "anna" not in page.inner_text("#differences")
    assert page.is_hidden("#difference-sides")
    page.click("#differences li:has-text('predicted: stops 0.60 s later')")
    page.wait_for_selector("#recordings li[title='mouse_2'][aria-current='true']", state="attached")
    wait_for_text(page, "selected", "rear: frames 40 to 43")
    wait_for_text(page, "play", "Pause")
    press(page, " ", "r")
    page.select_option("#difference-who", "raters")
    page.wait_for_selector("#differences li:has-text('anna only, not labels')")
    assert page.locator("#differences li").count() == 2
    press(page, "d")
    page.wait_for_selector("#differences li[aria-current='true']")
    wait_for_text(page, "play", "Pause")
    press(page, " ", "r")
    page.wait_for_selector("#difference-sides", state="hidden")
    page.wait_for_selector("#differences li:has-text('rear')")
    assert "anna" not in page.inner_text("#differences")


def test_the_queue_is_worked_through(
    serve: Callable[..., Any], open_page: Callable[..., Any], study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = (
        Suggestion("mouse_2", 12, 22, "the model is unsure about groom (0.48)", False),
        Suggestion("mouse_2", 30, 40, "drawn at random, to keep the score honest", True),
        Suggestion("mouse_1", 40, 50, "looks like nothing labelled yet", False),
        Suggestion("mouse_1", 50, 60, "looks like nothing labelled yet", False),
    )
    monkeypatch.setattr("behavior.compute.child.call_in_child", lambda function, **_: SuggestedBatch(clips, ("There is no model yet.",)))
    page = open_page(serve(study))
    page.click("text=Next")
    wait_for_text(page, "queue-note", "No clips yet")
    page.click("#queue-choose")
    # The first clip opens by itself and is looped.
    page.wait_for_selector("#queue li[aria-current='true']:has-text('unsure about groom (0.48)')")
    wait_for_text(page, "play", "Pause")
    page.wait_for_function("() => document.querySelector('#position').textContent.match(/frame (1[2-9]|2[01]) of/)")
    press(page, "Space", "[", "Escape")
    page.wait_for_function("() => document.querySelectorAll('#behaviors .state').length === 2")
    press(page, "Shift+Enter")
    labels = study.parent / "labels" / "mouse_2.csv"
    wait_for_file(page, labels, "behavior,start_frame,stop_frame\nobserved,12,22\n")
    page.wait_for_selector("#queue li[aria-current='true']:has-text('drawn at random')")
    # What the model predicts of it is hidden until it is labelled.
    wait_for_text(page, "selected", "Predictions are hidden")
    assert page.inner_text("#behaviors .probability") == ""
    page.click("#clip-done")
    wait_for_file(page, labels, "behavior,start_frame,stop_frame\nobserved,12,22\nobserved,30,40\n")
    wait_for_text(page, "queue-note", "2 done so far, 1 of them drawn at random")
    # Nobody can tell: the labels that were there are gone.
    page.wait_for_selector("#queue li[aria-current='true'][title='mouse_1, frames 40 to 49']")
    page.wait_for_selector("#recordings li[title='mouse_1'][aria-current='true']", state="attached")
    page.wait_for_function("() => document.querySelector('#behaviors .probability').textContent !== ''")
    press(page, "u")
    page.wait_for_selector("#queue li[aria-current='true'][title='mouse_1, frames 50 to 59']")
    press(page, "s")
    wait_for_text(page, "notices", "All clips of this batch are decided on")
    states = [clip.state for clip in read_clips(study.parent / QUEUE_FILE)]
    assert states == ["done", "done", "unsure", "skipped"]
    path = study.parent / "labels" / "mouse_1.csv"
    text = "behavior,start_frame,stop_frame,source\nobserved,0,40,\ngroom,10,20,mouse_1_labels.csv\nobserved,50,60,\n"
    wait_for_file(page, path, text)


def test_a_decision_on_a_clip_is_taken_back_and_made_again_with_its_labels(
    serve: Callable[..., Any], open_page: Callable[..., Any], study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = (Suggestion("mouse_2", 12, 22, "unsure", False), Suggestion("mouse_1", 40, 50, "new", False))
    monkeypatch.setattr("behavior.compute.child.call_in_child", lambda function, **_: SuggestedBatch(clips, ()))
    page = open_page(serve(study))
    page.click("text=Next")
    page.click("#queue-choose")
    wait_for_text(page, "selected", "Label what is between the dotted lines, then press Done")
    labels = study.parent / "labels" / "mouse_2.csv"

    def states() -> list[str]:
        return [clip.state for clip in read_clips(study.parent / QUEUE_FILE)]

    press(page, "Shift+Enter")
    # The next clip is in another recording, where nothing has been done.
    page.wait_for_function("() => location.hash === '#mouse_1'")
    wait_for_file(page, labels, "behavior,start_frame,stop_frame\nobserved,12,22\n")
    assert states() == ["done", "open"]
    press(page, "z")
    page.wait_for_selector("#queue li[aria-current='true'][title^='mouse_2']:not(.decided)")
    wait_for_text(page, "queue-count", "(2 open)")
    # Where nothing is labelled any more, the file is a table of frames that says so.
    wait_for_file(page, labels, "frame,groom,rear\n" + "".join(f"{frame},-1,-1\n" for frame in range(60)))
    assert states() == ["open", "open"]
    press(page, "Shift+Z")
    wait_for_text(page, "queue-count", "(1 open)")
    wait_for_file(page, labels, "behavior,start_frame,stop_frame\nobserved,12,22\n")
    assert states() == ["done", "open"]
    # A skipped clip has no labels that would be taken back.
    press(page, "Escape", "n")
    page.wait_for_selector("#queue li[aria-current='true'][title^='mouse_1']")
    page.wait_for_function("() => location.hash === '#mouse_1'")
    press(page, "s")
    wait_for_text(page, "queue-count", "(0 open)")
    press(page, "z")
    wait_for_text(page, "queue-count", "(1 open)")
    assert states() == ["done", "open"]


def test_rows_stay_where_they_are_while_recordings_are_compared(
    serve: Callable[..., Any], open_page: Callable[..., Any], study: Path
) -> None:
    page = open_page(serve(study))
    answers = []

    def item(recording: str, start: int, weight: float) -> dict[str, Any]:
        of = {"recording": recording, "behavior": "groom", "kind": "extra", "rater": "", "other": None}
        spans = {"start_frame": start, "stop_frame": start + 5, "start_s": start / 10, "stop_s": start / 10 + 0.5, "weight": weight}
        bouts = {"labelled": None, "decided": [start, start + 5], "n_labelled": 0, "n_decided": 1}
        return {**of, **spans, **bouts, "start_error_s": None, "stop_error_s": None, "probability": None, "threshold": None}

    first, second = item("mouse_1", 10, 1.0), item("mouse_2", 30, 2.0)
    given = {"has_failed": False, "n_recordings": 3, "problems": {}}
    answers.append({**given, "version": 1, "n_compared": 1, "n_found": 1, "items": [first]})
    answers.append({**given, "version": 2, "n_compared": 2, "n_found": 2, "items": [second, first]})
    answers.append({**given, "version": 3, "n_compared": 3, "n_found": 2, "items": [second, first]})
    seen = []
    page.route("**/api/differences*", lambda route: route.fulfill(json=answers[len(seen)]))
    page.click("[aria-controls=differences-tab]")
    for compared in (["mouse_1"], ["mouse_1", "mouse_2"], ["mouse_2", "mouse_1"]):
        wanted = "(names) => [...document.querySelectorAll('#differences .where')].map((one) => one.textContent).join() === names"
        page.wait_for_function(wanted, arg=",".join(compared))
        if len(seen) < 2:
            seen.append(compared)
    rows = page.locator("#differences .where").all_inner_texts()
    assert rows == ["mouse_2", "mouse_1"]


def test_a_browser_that_lacks_something_is_told_what(serve: Callable[..., Any], browser: Any, study: Path) -> None:
    client = serve(study)
    sentence = "This browser lacks createImageBitmap; use a current Firefox, Chrome, Edge or Safari."
    for lacks, said in (("delete window.createImageBitmap", sentence), (None, "If this stays, the browser lacks something")):
        context = browser.new_context()
        page = context.new_page()
        if lacks is None:
            # As where the scripts are not understood.
            page.route("**/main.js", lambda route: route.fulfill(body="const = ;", content_type="text/javascript"))
        else:
            page.add_init_script(lacks)
        page.goto(client.base)
        wait_for_text(page, "picture-note", said)
        context.close()


def test_what_is_of_another_study_is_said(serve: Callable[..., Any], open_page: Callable[..., Any], study: Path) -> None:
    study.write_text("behaviors: [fly]\ncrop: {body_part: midbody, size: 32}\n")
    (study.parent / "recordings.csv").write_text("recording,video\nmouse_1,mouse_1.mp4\n")
    page = open_page(serve(study))
    wait_for_text(page, "notices", "The ethogram of mouse_1 has the behaviors groom, rear, but this study has none of them")


def test_colors_are_those_of_the_figures() -> None:
    assert f"COLORS = {list(COLORS)};".replace("'", '"') in (PAGE / "colors.js").read_text()


def test_nothing_is_loaded_from_elsewhere_and_nothing_is_inline() -> None:
    for path in PAGE.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, path
        assert "https://" not in text, path
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    assert " style=" not in page
    assert " onclick=" not in page
    assert "<script>" not in page


def test_why_is_asked_shown_and_forgotten_when_one_moves_on(
    serve: Callable[..., Any], open_page: Callable[..., Any], study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(companion: object, function: object, **asked: Any) -> dict[str, Any]:
        corners = [[0, 0], [32, 0], [32, 32], [0, 32]]
        frames = [asked["frame"]] * (3 if asked["is_bout"] else 1)
        numbers = {
            "behavior": asked["behavior"],
            "frames": frames,
            "log_odds": 2.5,
            "streams": {"motion": 1.5},
            "parts": {},
            "notes": ["n"],
        }
        shown = {"values": [[1.0, 0.0], [0.0, -1.0]], "corners": corners, "scene_log_odds": -1.0}
        return {**numbers, "map": shown, "moments": {"edges_s": [-0.5, 0.0, 0.5], "changes": [0.1, 2.0]}}

    monkeypatch.setattr("behavior.compute.companion.Companion.call", answer)
    page = open_page(serve(study))
    page.wait_for_selector("#why:not([disabled])")
    press(page, "w")
    wait_for_text(page, "why-text", "log-odds 2.5. Without the animal -1.0. Lost with other moments instead: motion 1.5.")
    page.wait_for_selector("#why[aria-pressed='true']")
    press(page, "ArrowRight")
    page.wait_for_selector("#why-panel", state="hidden")
    press(page, "Shift+W")
    wait_for_text(page, "why-text", "mean of frames 1, 1, 1")
    wait_for_text(page, "why-text", "the seconds from -0.5 to 0.5 around the frame")
    # A video that plays is stopped, and explained where it is.
    press(page, "Escape", "Space")
    wait_for_text(page, "play", "Pause")
    press(page, "w")
    wait_for_text(page, "play", "Play")
    wait_for_text(page, "why-text", "log-odds 2.5")
    press(page, "Escape")
    page.wait_for_selector("#why-panel", state="hidden")
