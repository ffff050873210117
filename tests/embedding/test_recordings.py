"""Who is embedded, who was there, who failed and who is waited for, with a stand-in for a stream."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.embedding import recordings as module
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.embedding.recordings import EmbedResult, embed_recordings, require_features, require_features_together
from behavior.embedding.stream import Embedded
from behavior.errors import BehaviorError, PoseError, WeightsError
from behavior.recording import Recording

RECORDINGS = [Recording(name) for name in ("new", "cached", "bad", "shared", "empty")]


class Stream:
    """Embeds "new", has "cached", cannot embed "bad", and finds "shared" claimed the first time."""

    name = "pose"
    view = ""

    def __init__(self, *, weights_are_bad: bool = False) -> None:
        self.weights_are_bad = weights_are_bad
        self.asked: list[str] = []
        self.tidied: list[str] = []
        self.inputs: list[RecordingInputs] = []

    def is_cached(self, recording: Recording, *, with_content: bool = False) -> bool:
        return recording.id == "cached"

    def explain_claim(self, recording: Recording) -> str:
        return "process 17 on elsewhere (its claim is cache/.shared.h5.claim)"

    def tidy(self, recording: Recording) -> None:
        self.tidied.append(recording.id)

    def embed_together(self, together: list[RecordingInputs], *, among: list[Recording]) -> list[Embedded | BehaviorError | None]:
        return [self.embed(inputs) for inputs in together]

    def embed(self, inputs: RecordingInputs) -> Embedded | BehaviorError | None:
        recording = inputs.recording
        self.inputs.append(inputs)
        self.asked.append(recording.id)
        if self.weights_are_bad:
            raise WeightsError("weights.keras: is damaged.")
        if recording.id == "bad":
            return PoseError("bad.csv: has no body part 'nose'.")
        if recording.id == "shared" and self.asked.count("shared") == 1:
            return None
        return Embedded(0 if recording.id == "empty" else 100, ("its header is wrong.",) if recording.id == "new" else ())


def test_each_recording_is_embedded_kept_waited_for_or_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    slept: list[float] = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    stream = Stream()
    result = embed_recordings([stream], RECORDINGS)
    assert sorted(result.embedded) == ["new", "shared"]
    assert all(rate > 0 for rate in result.embedded.values())
    # Whoever embedded "empty" in the meantime left nothing to do.
    assert result.kept == ["cached", "empty"]
    assert result.failures == {"bad": "bad.csv: has no body part 'nose'."}
    assert stream.tidied == ["cached"]
    assert stream.asked == ["new", "bad", "shared", "empty", "shared"]
    # Others were still to be done when "shared" was put off.
    assert slept == []


def test_where_all_are_elsewhere_it_waits_and_names_the_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    said: list[str] = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    monkeypatch.setattr(module, "announce", said.append)
    result = embed_recordings([Stream()], [Recording("shared")])
    assert said == ["waiting for another process that embeds shared: process 17 on elsewhere (its claim is cache/.shared.h5.claim)"]
    assert slept == [module.SECONDS_BETWEEN_LOOKS]
    assert list(result.embedded) == ["shared"]


def test_bad_weights_stop_everything() -> None:
    stream = Stream(weights_are_bad=True)
    with pytest.raises(WeightsError):
        embed_recordings([stream], RECORDINGS)
    assert stream.asked == ["new"]


def test_streams_of_a_recording_add_up() -> None:
    result = EmbedResult({"a": 100.0}, ["b", "c"], {})
    result.add(EmbedResult({"a": 100.0, "b": 50.0}, ["c"], {"d": "broken"}))
    # A hundred frames take a second in each of two streams: fifty in a second of both.
    assert result.embedded == {"a": 50.0, "b": 50.0}
    assert result.kept == ["c"]
    assert result.failures == {"d": "broken"}


def test_features_of_one_recording_are_made_or_waited_for(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    slept: list[float] = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    stream = Stream()
    for name in ("new", "cached", "shared", "empty"):
        require_features([stream], Recording(name))
    assert stream.asked == ["new", "shared", "shared", "empty"]
    assert slept == [module.SECONDS_BETWEEN_LOOKS]
    assert [record.getMessage() for record in caplog.records] == ["new: its header is wrong."]
    with pytest.raises(PoseError, match="has no body part"):
        require_features([stream], Recording("bad"))


def test_streams_of_a_recording_share_what_is_read_of_its_files(capsys: pytest.CaptureFixture[str]) -> None:
    streams = [Stream(), Stream()]
    result = embed_recordings(streams, [Recording("new"), Recording("other"), Recording("bad")])
    assert [stream.asked for stream in streams] == [["new", "other", "bad"]] * 2
    for one, other in zip(streams[0].inputs, streams[1].inputs, strict=True):
        assert one is other
    assert len({id(inputs) for inputs in streams[0].inputs}) == 3
    assert sorted(result.embedded) == ["new", "other"]
    assert list(result.failures) == ["bad"]


def test_a_bad_file_is_complained_of_once(caplog: pytest.LogCaptureFixture) -> None:
    embed_recordings([Stream(), Stream()], [Recording("bad")])
    assert [record.getMessage() for record in caplog.records] == ["bad: bad.csv: has no body part 'nose'."]


def test_only_what_another_process_computes_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    first, second = Stream(), Stream()
    second.asked = ["shared"]
    result = embed_recordings([first, second], [Recording("shared")])
    assert first.asked == ["shared", "shared"]
    # The second stream found no claim, and is done.
    assert second.asked == ["shared", "shared"]
    assert list(result.embedded) == ["shared"]


def test_individuals_of_one_video_are_asked_for_together_and_one_that_is_bad_stops_no_other(tmp_path: Path) -> None:
    together: list[list[str]] = []

    class Grouped(Stream):
        def embed_together(self, together_: list[RecordingInputs], *, among: list[Recording]) -> list[Embedded | BehaviorError | None]:
            together.append([inputs.recording.id for inputs in together_])
            return super().embed_together(together_, among=among)

    names = ("new", "other", "cached", "bad", "shared")
    recordings = [Recording(name, video=tmp_path / ("b.mp4" if name == "other" else "a.mp4")) for name in names]
    stream = Grouped()
    result = embed_recordings([stream], recordings)
    assert together == [["new", "bad", "shared"], ["other"], ["shared"]]
    assert (sorted(result.embedded), result.kept, list(result.failures)) == (["new", "other", "shared"], ["cached"], ["bad"])
    problems = require_features_together([Grouped(), Grouped()], [recording for recording in recordings if recording.id != "other"])
    assert list(problems) == ["bad"]
    # The second stream has nothing to do for a recording that the first one could not use.
    assert together[3:] == [["new", "bad", "shared"], ["shared"], ["new", "shared"], ["shared"]]
