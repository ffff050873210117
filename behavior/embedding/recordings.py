"""The features of many recordings: each computed, kept in the cache as it is, or waited for while another process computes it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from behavior.embedding.recording_inputs import RecordingInputs
from behavior.embedding.stream import FeatureStream
from behavior.errors import BehaviorError, WeightsError
from behavior.progress import announce, complain, detail, warn
from behavior.recording import Recording

__all__ = ["EmbedResult", "embed_recordings", "require_features"]

SECONDS_BETWEEN_LOOKS = 2.0


@dataclass
class EmbedResult:
    """The outcome of embedding recordings, by id.

    Attributes
    ----------
    embedded
        Frames per second of each recording that was embedded now.
    kept
        Recordings whose features were there already.
    failures
        A sentence for each recording that could not be embedded.
    """

    embedded: dict[str, float] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, other: EmbedResult) -> None:
        """Take in what was done to other streams of the same recordings, or by another worker."""
        for name, rate in other.embedded.items():
            # Frames per second of one stream after another.
            self.embedded[name] = 1.0 / (1.0 / rate + (1.0 / self.embedded[name] if name in self.embedded else 0.0))
        self.failures |= other.failures
        done = self.embedded.keys() | self.failures.keys()
        self.kept = [name for name in dict.fromkeys([*self.kept, *other.kept]) if name not in done]


def embed_recordings(streams: Sequence[FeatureStream], recordings: Sequence[Recording]) -> EmbedResult:
    """Embed what the cache lacks of `streams` for `recordings`, one recording after the other; a bad one never stops the rest.

    A recording that another process embeds comes last, and is waited for.

    Raises
    ------
    WeightsError
        If the backbone's weights cannot be used: no recording would fare better.
    """
    result = EmbedResult()
    waiting = [(recording, list(streams)) for recording in recordings]
    while waiting:
        elsewhere = []
        for recording, lacking in waiting:
            postponed = _embed_recording(recording, lacking, recordings, result)
            if postponed:
                elsewhere.append((recording, postponed))
        if elsewhere and len(elsewhere) == len(waiting):
            _wait_for(elsewhere)
        waiting = elsewhere
    return result


def _embed_recording(
    recording: Recording, streams: Sequence[FeatureStream], among: Sequence[Recording], result: EmbedResult
) -> list[FeatureStream]:
    """Embed one recording, add the outcome to `result`, and return the streams that another process computes."""
    inputs = RecordingInputs(recording)
    postponed: list[FeatureStream] = []
    for stream in streams:
        try:
            # Whatever uses features compares their checksums.
            attempt = _try_to_embed(stream, inputs, among, with_content=False)
        except WeightsError:
            raise
        except BehaviorError as error:
            # A bad file is one problem, however many streams need it.
            if result.failures.get(recording.id) != str(error):
                complain(f"{recording.id}: {error}")
            result.add(EmbedResult(failures={recording.id: str(error)}))
            continue
        if attempt.is_elsewhere:
            postponed.append(stream)
        elif attempt.frames_per_second is None:
            result.add(EmbedResult(kept=[recording.id]))
        else:
            result.add(EmbedResult(embedded={recording.id: attempt.frames_per_second}))
    return postponed


def require_features(streams: Sequence[FeatureStream], recording: Recording) -> None:
    """Embed what the cache lacks of `streams` for `recording`, or has damaged; if another process does so, wait for it.

    Raises
    ------
    BehaviorError
        If it cannot be embedded.
    """
    inputs = RecordingInputs(recording)
    for stream in streams:
        while _try_to_embed(stream, inputs, [recording], with_content=True).is_elsewhere:
            _wait_for([(recording, [stream])])


@dataclass(frozen=True)
class _Attempt:
    """The outcome of an attempt to embed a recording: another process does it, or its speed, None where nothing was to be done."""

    is_elsewhere: bool = False
    frames_per_second: float | None = None


def _try_to_embed(stream: FeatureStream, inputs: RecordingInputs, among: Sequence[Recording], *, with_content: bool) -> _Attempt:
    recording = inputs.recording
    if stream.is_cached(recording, with_content=with_content):
        stream.tidy(recording)
        detail(f"{recording.id}: its features of {stream.name} are there already")
        return _Attempt()
    began = time.perf_counter()
    embedded = stream.embed(inputs, among=among)
    if embedded is None:
        return _Attempt(is_elsewhere=True)
    if not embedded.n_frames:
        return _Attempt()
    seconds = time.perf_counter() - began
    for note in embedded.notes:
        warn(f"{recording.id}: {note}")
    return _Attempt(frames_per_second=embedded.n_frames / seconds)


def _wait_for(elsewhere: Sequence[tuple[Recording, Sequence[FeatureStream]]]) -> None:
    names = ", ".join(recording.id for recording, _ in elsewhere)
    recording, streams = elsewhere[0]
    announce(f"waiting for another process that embeds {names}: {streams[0].explain_claim(recording)}")
    time.sleep(SECONDS_BETWEEN_LOOKS)
