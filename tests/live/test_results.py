"""What came of the sources of a run is told together: what failed, and how late probabilities were."""

from types import SimpleNamespace

import pytest

from behavior.errors import VideoError
from behavior.live.capturing import CaptureTally
from behavior.live.results import LiveResult, SourceResult, collect_source
from behavior.live.session import LiveTally


def test_percentiles_are_of_the_frames_that_the_model_saw():
    assert SourceResult(LiveTally(latencies_s=[0.1, 0.2, 0.3])).find_latency(50) == pytest.approx(0.2)
    assert SourceResult(LiveTally()).find_latency(50) is None


def test_recordings_and_sources_that_failed_are_named():
    left = SourceResult(LiveTally(recordings={"left": 3, "left_002": "is missing"}))
    right = SourceResult(LiveTally(), error="camera 1: does not answer.")
    result = LiveResult({"left": left, "right": right})
    assert result.recordings == {"left": 3, "left_002": "is missing"}
    assert result.is_any_finished and not LiveResult({"right": right}).is_any_finished
    assert result.failures == {"right": "camera 1: does not answer.", "left_002": "is missing"}


def test_a_source_that_failed_says_why():
    recorder = SimpleNamespace(
        session=SimpleNamespace(tally=LiveTally()),
        tally=CaptureTally(captured=5, gaps=1),
        errors=[VideoError("it broke.")],
        reason="it broke.",
    )
    assert collect_source(recorder) == SourceResult(LiveTally(), 5, 1, "", "it broke.")
    recorder.errors.clear()
    assert collect_source(recorder) == SourceResult(LiveTally(), 5, 1, "it broke.", "")
