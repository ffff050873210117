"""A rule acts when it has held for long enough, once, not too often, and without holding up the frames."""

import http.server
import json
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

from behavior.errors import UsageError
from behavior.files.live_record import EventLog
from behavior.live.frame_queue import CapturedFrame
from behavior.live.rules import Rules, parse_action, parse_rule
from behavior.live.session import AnsweredFrame

FPS = 20.0


def play(rules, probabilities, *, gap_at=None, part=0):
    for number, probability in enumerate(probabilities):
        frame = CapturedFrame(part, number, number / FPS, "now", time.monotonic(), None, follows_gap=number in (0, gap_at))
        rules.hear(AnsweredFrame(frame, np.array([0.5, probability], dtype=np.float32), np.array([True, True]), 0.01))


@pytest.fixture
def watch(tmp_path):
    """Play probabilities to a rule, and return the frames at which it acted."""

    def begin(text, *parts, rest_s=0.0, gap_at=None):
        acted = []
        action = parse_action("-", say=lambda line: acted.append(json.loads(line)))
        path = tmp_path / "a_events.csv"
        path.unlink(missing_ok=True)
        rule = parse_rule(text, ["rear", "groom"])
        told = []
        asked = {"rest_s": rest_s, "source": "left", "tell": told.append}
        rules = Rules([(rule, action)], behaviors=["rear", "groom"], log=EventLog(tmp_path, "a"), **asked)
        for number, probabilities in enumerate(parts):
            play(rules, probabilities, gap_at=gap_at, part=number)
        rules.close()
        table = pd.read_csv(path)
        assert table.frame.tolist() == [event["frame"] for event in acted] == [event["frame"] for event in told]
        assert {(event["source"], event["outcome"]) for event in told} <= {("left", "printed")}
        return [event["frame"] for event in acted]

    return begin


def test_a_rule_acts_once_when_it_has_held_long_enough(watch):
    probabilities = [0.1] * 5 + [0.9] * 30 + [0.1] * 3 + [0.9] * 4 + [0.1] + [0.9] * 11
    # Half a second is ten frames.
    assert watch("groom>0.8:0.5s", probabilities) == [15, 53]
    assert watch("groom>0.8", probabilities) == [5, 38, 43]
    assert watch("groom<0.2:0.1s", probabilities) == [2, 37]


def test_a_rule_rests_between_two_events(watch):
    flickering = [0.9, 0.1] * 40
    assert watch("groom>0.8", flickering, rest_s=1.0) == [0, 20, 40, 60]


def test_time_before_a_gap_does_not_count_and_a_new_recording_goes_on(watch):
    assert watch("groom>0.8:0.5s", [0.9] * 20, gap_at=8) == [18]
    assert watch("groom>0.8", [0.9, 0.1, 0.9], [0.9], rest_s=0.1) == [0, 2]


@pytest.mark.parametrize("text", ["groom", "groom>2", "groom>0.8:soon", "groom=0.8", ">0.8", "groom>0..8", "groom>0.8:5"])
def test_what_is_no_rule_is_refused(text):
    with pytest.raises(UsageError, match="expected a behavior, > or <, a probability"):
        parse_rule(text, ["groom"])


def test_an_unknown_behavior_or_program_is_told():
    with pytest.raises(UsageError, match="predicts no 'grom', but rear, groom"):
        parse_rule("grom>0.8", ["rear", "groom"])
    for text in ("no_such_program --now", "", '"'):
        with pytest.raises(UsageError, match="--do"):
            parse_action(text, say=print)


def test_a_program_gets_the_event_without_a_shell(tmp_path):
    script = tmp_path / "act.py"
    script.write_text("import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read() + sys.argv[2])")
    act = parse_action(f"'{sys.executable}' '{script}' '{tmp_path / 'out.txt'}' '$(touch x); ok'", say=print)
    assert act({"frame": 3}) == "done"
    assert (tmp_path / "out.txt").read_text() == '{"frame": 3}\n$(touch x); ok'
    assert parse_action(f"'{sys.executable}' -c 'raise SystemExit(3)'", say=print)({}) == "failed: exit status 3"


def test_an_address_gets_a_post_and_slow_actions_hold_up_no_frame(tmp_path):
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append((self.headers["Content-Type"], json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            time.sleep(0.2)
            self.send_response(204 if len(received) == 1 else 500)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        act = parse_action(f"http://127.0.0.1:{server.server_address[1]}/light", say=print)
        rules = Rules(
            [(parse_rule("groom>0.8", ["groom", "rear"]), act)], behaviors=["groom", "rear"][::-1], log=EventLog(tmp_path, "a"), rest_s=0
        )
        began = time.monotonic()
        play(rules, [0.9, 0.1, 0.9])
        assert time.monotonic() - began < 0.2
        rules.close()
        server.shutdown()
    assert [kind for kind, _ in received] == ["application/json"] * 2
    assert received[0][1]["rule"] == "groom>0.8" and received[0][1]["frame"] == 0
    table = pd.read_csv(tmp_path / "a_events.csv")
    assert table.outcome.tolist() == ["answered 204", "answered 500"]
    assert (table.done_s >= table.begun_s + 0.15).all() and table.begun_s[0] < 0.2
    assert parse_action("http://127.0.0.1:9/", say=print)({}).startswith("failed")
