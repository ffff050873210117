"""Programs read events from a WebSocket; pages from elsewhere cannot, and a reader that does not read holds up nobody."""

import itertools
import json
import socket
import time

import numpy as np
import pytest
from live_samples import FPS, DrawnSource, gather_recorders, running, wait_until
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from behavior.files.live_sources import CapturedPicture
from behavior.review import live_socket
from behavior.review.live_answers import make_live_application
from behavior.review.live_desk import LiveDesk
from behavior.review.serving import serving_application


@pytest.fixture
def run(tmp_path):
    """Serve a source that waits, on this machine or for others."""
    stacks = []

    def begin(host="127.0.0.1"):
        pictures = (CapturedPicture(number / FPS, np.full((16, 24, 3), number % 256, dtype=np.uint8)) for number in itertools.count())
        recorders = gather_recorders(tmp_path, {"left": DrawnSource(pictures)}, waits=True, at_own_pace=True)
        desk = LiveDesk(recorders)
        serving = serving_application(make_live_application(desk), host=host, port=0, start=int, say_last=desk.end, has_sockets=True)
        recording = running(recorders)
        stacks.append((serving, recording))
        server = serving.__enter__()
        recording.__enter__()
        return recorders, server

    begin.stacks = stacks
    yield begin
    for serving, recording in stacks:
        recording.__exit__(None, None, None)
        serving.__exit__(None, None, None)


def find_socket(server):
    return server.address.replace("http://", "ws://").replace("0.0.0.0", "127.0.0.1").replace("/?", "/events?").removesuffix("/")


def test_events_come_as_lines_of_json(run):
    recorders, server = run()
    (left,) = recorders
    with connect(f"{find_socket(server)}/events") as reader:
        assert json.loads(reader.recv(5)) == {
            "event": "sources",
            "behaviors": ["groom", "rear"],
            "sources": [{"source": "left", "state": "waiting", "reason": ""}],
        }
        left.start()
        wait_until(lambda: left.session.tally.answered > 2)
        left.note("light on")
        taken = []
        while not taken or taken[-1]["event"] != "mark":
            line = reader.recv(5)
            assert "\n" not in line
            taken.append(json.loads(line))
        left.stop()
        while taken[-1] != {"event": "state", "source": "left", "state": "stopped", "reason": ""}:
            taken.append(json.loads(reader.recv(5)))
    assert [event["event"] for event in taken[:3]] == ["state", "part", "prediction"]
    predictions = [event for event in taken if event["event"] == "prediction"]
    assert [event["frame"] for event in predictions] == list(range(left.tally.captured))
    assert predictions[2]["probabilities"]["groom"] == pytest.approx(2 / 255, abs=1e-5)
    assert predictions[2]["decisions"] == {"groom": False, "rear": True}
    (finished,) = (event for event in taken if event["event"] == "finished")
    assert (finished["recording"], finished["frames"]) == ("left_0", left.tally.captured)
    wait_until(lambda: recorders.events.n_subscriptions == 0)


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_pages_from_elsewhere_are_refused(run, headers):
    _, server = run()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        asked = {
            **{"Host": f"127.0.0.1:{server.port}", "Upgrade": "websocket", "Connection": "Upgrade"},
            **{"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13", **headers},
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in asked.items())
        client.sendall(f"GET /events HTTP/1.1\r\n{lines}\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 403")


def test_other_machines_need_the_token(run):
    _, server = run(host="0.0.0.0")
    address = find_socket(server)
    with pytest.raises(InvalidStatus) as refused:
        connect(address.partition("?")[0])
    assert refused.value.response.status_code == 403 and b"with the token" in refused.value.response.body
    with connect(address) as reader:
        assert json.loads(reader.recv(5))["event"] == "sources"


def test_a_reader_that_does_not_read_loses_events_and_holds_up_nobody(run, monkeypatch):
    monkeypatch.setattr(live_socket, "MOST_EVENTS", 10)
    recorders, server = run()
    address = f"{find_socket(server)}/events"
    with connect(address, sock=connect_narrowly(server), max_queue=1) as silent, connect(address) as other:
        wait_until(lambda: recorders.events.n_subscriptions == 2)
        other.recv(5)
        text = "x" * 10_000
        for number in range(1000):
            began = time.monotonic()
            recorders.events.publish({"event": "mark", "number": number, "note": text})
            assert time.monotonic() - began < 1
            # What comes through is read at once.
            assert json.loads(other.recv(5))["number"] == number
        silent.recv(5)
        taken = []
        while not taken or taken[-1].get("number") != 999:
            taken.append(json.loads(silent.recv(5)))
    n_dropped = sum(event["events"] for event in taken if event["event"] == "dropped")
    numbers = [event["number"] for event in taken if event["event"] == "mark"]
    assert n_dropped > 100 and len(numbers) + n_dropped == 1000 and numbers == sorted(numbers)


def connect_narrowly(server):
    """Return a connection that little is on its way in."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    narrow.connect(("127.0.0.1", server.port))
    return narrow


def test_a_run_ends_although_a_reader_does_not_read(run, capfd):
    recorders, server = run()
    with connect(f"{find_socket(server)}/events", sock=connect_narrowly(server), max_queue=1, close_timeout=0.1):
        for _ in range(1000):
            recorders.events.publish({"event": "mark", "note": "x" * 10_000})
        # Until the server waits for the reader.
        time.sleep(0.5)
        serving, recording = run.stacks.pop()
        recording.__exit__(None, None, None)
        began = time.monotonic()
        serving.__exit__(None, None, None)
        assert time.monotonic() - began < 5
        wait_until(lambda: recorders.events.n_subscriptions == 0)
    assert "Traceback" not in capfd.readouterr().err


def test_a_reader_is_told_to_the_end(run):
    recorders, server = run()
    (left,) = recorders
    with connect(f"{find_socket(server)}/events") as reader:
        left.start()
        wait_until(lambda: left.session.tally.answered > 2)
        serving, recording = run.stacks.pop()
        recording.__exit__(None, None, None)
        serving.__exit__(None, None, None)
        # The iteration ends where the connection is closed in order.
        taken = [json.loads(line) for line in reader]
    frames = left.tally.captured
    assert sum(event["event"] == "prediction" for event in taken) == frames
    assert [event["frames"] for event in taken if event["event"] == "finished"] == [frames]
    assert taken[-1] == {"event": "over"}


def test_an_event_just_before_the_end_does_not_take_the_place_of_the_last_one(run, monkeypatch):
    recorders, server = run()
    publish = recorders.events.publish

    def publish_two(event):
        if event == {"event": "over"}:
            publish({"event": "gap"})
            # Time for a reader to be told that.
            time.sleep(0.3)
        publish(event)

    monkeypatch.setattr(recorders.events, "publish", publish_two)
    with connect(f"{find_socket(server)}/events") as reader:
        serving, recording = run.stacks.pop()
        recording.__exit__(None, None, None)
        serving.__exit__(None, None, None)
        taken = [json.loads(line) for line in reader]
    assert taken[-2:] == [{"event": "gap"}, {"event": "over"}]


def test_there_are_only_so_many_readers(run, monkeypatch):
    monkeypatch.setattr(live_socket, "MOST_READERS", 1)
    recorders, server = run()
    with connect(f"{find_socket(server)}/events") as first:
        first.recv(5)
        with pytest.raises(InvalidStatus):
            connect(f"{find_socket(server)}/events")
    wait_until(lambda: recorders.events.n_subscriptions == 0)


def test_what_a_reader_sends_means_nothing_and_is_bounded(run):
    recorders, server = run()
    with connect(f"{find_socket(server)}/events") as reader:
        reader.send("stop")
        reader.send(b"\0" * 1000)
        recorders.events.publish({"event": "mark"})
        assert [json.loads(reader.recv(5))["event"] for _ in range(2)] == ["sources", "mark"]
        reader.send("x" * 100_000)
        with pytest.raises(ConnectionClosed):
            reader.recv(5)
