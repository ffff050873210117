"""The features of many recordings: each computed, kept in the cache as it is, or waited for while another process computes it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from behavior.embedding.recording_inputs import RecordingInputs, share_inputs
from behavior.embedding.stream import Embedded, FeatureStream
from behavior.errors import BehaviorError, name_recording
from behavior.files.shared_videos import group_by_video
from behavior.files.view_cells import find_view, name_view
from behavior.progress import announce, complain, detail
from behavior.recording import Recording

__all__ = ["EmbedResult", "embed_recordings", "require_features", "require_features_together"]

SECONDS_BETWEEN_LOOKS = 2.0


@dataclass
class EmbedResult:
    """The outcome of embedding recordings, by id; `ID@NAME` is another view of a recording.

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


def embed_recordings(
    streams: Sequence[FeatureStream], recordings: Sequence[Recording], *, among: Sequence[Recording] | None = None
) -> EmbedResult:
    """Embed what the cache lacks of `streams` for `recordings`, one video after the other; a bad recording never stops the rest.

    A video is decoded once for a stream, however many individuals of it are recordings. What another process embeds comes last, and is
    waited for. A stream of another view than the first has nothing to do for recordings without that view.

    Parameters
    ----------
    among
        All recordings of the study, whose crops show whether a reduced precision will do; `recordings` where None.

    Raises
    ------
    WeightsError
        If the backbone's weights cannot be used: no recording would fare better.
    """
    among = recordings if among is None else among
    result = EmbedResult()
    waiting = [_Work(group, [(stream, group) for stream in streams]) for group in group_by_video(recordings)]
    while waiting:
        elsewhere = [postponed for work in waiting if (postponed := _embed_video(work, among, result)).lacking]
        if elsewhere and len(elsewhere) == len(waiting):
            _wait_for([(recording, stream) for work in elsewhere for stream, lacking in work.lacking for recording in lacking])
        waiting = elsewhere
    return result


@dataclass(frozen=True)
class _Work:
    """The recordings of one video, and those of them that each stream may lack."""

    recordings: Sequence[Recording]
    lacking: Sequence[tuple[FeatureStream, Sequence[Recording]]]


def _embed_video(work: _Work, among: Sequence[Recording], result: EmbedResult) -> _Work:
    """Embed the recordings of one video, add the outcome to `result`, and return what another process computes."""
    inputs = _share_inputs_of_views([stream for stream, _ in work.lacking], work.recordings)
    postponed: list[tuple[FeatureStream, Sequence[Recording]]] = []
    for stream, lacking in work.lacking:
        elsewhere: list[Recording] = []
        # Whatever uses features compares their checksums.
        shown = [one for one in lacking if find_view(one, stream.view) is not None]
        attempts = _try_to_embed(stream, [inputs[name_view(one.id, stream.view)] for one in shown], among, with_content=False)
        for recording, attempt in zip(shown, attempts, strict=True):
            name = name_view(recording.id, stream.view)
            if attempt.problem is not None:
                # A bad file is one problem, however many streams need it.
                if result.failures.get(name) != str(attempt.problem):
                    complain(name_recording(recording.id, attempt.problem))
                result.add(EmbedResult(failures={name: str(attempt.problem)}))
            elif attempt.is_elsewhere:
                elsewhere.append(recording)
            elif attempt.frames_per_second is None:
                result.add(EmbedResult(kept=[name]))
            else:
                result.add(EmbedResult(embedded={name: attempt.frames_per_second}))
        if elsewhere:
            postponed.append((stream, elsewhere))
    return _Work(work.recordings, postponed)


def require_features(streams: Sequence[FeatureStream], recording: Recording) -> None:
    """Embed what the cache lacks of `streams` for `recording`, or has damaged; if another process does so, wait for it.

    Raises
    ------
    BehaviorError
        If it cannot be embedded.
    """
    for problem in require_features_together(streams, [recording]).values():
        raise problem


def require_features_together(
    streams: Sequence[FeatureStream], recordings: Sequence[Recording], *, among: Sequence[Recording] | None = None
) -> dict[str, BehaviorError]:
    """Do as `require_features` for recordings of one video, which is decoded once for a stream; return the error of each bad one, by id.

    Parameters
    ----------
    among
        Recordings of other videos, too, whose crops show whether a reduced precision will do; `recordings` where None.

    Raises
    ------
    WeightsError
        If the backbone's weights cannot be used.
    """
    problems: dict[str, BehaviorError] = {}
    inputs = _share_inputs_of_views(streams, recordings)
    for stream in streams:
        lacking = [one for one in recordings if one.id not in problems and find_view(one, stream.view) is not None]
        while lacking:
            asked = [inputs[name_view(one.id, stream.view)] for one in lacking]
            attempts = _try_to_embed(stream, asked, among or recordings, with_content=True)
            problems |= {one.id: attempt.problem for one, attempt in zip(lacking, attempts, strict=True) if attempt.problem is not None}
            lacking = [one for one, attempt in zip(lacking, attempts, strict=True) if attempt.is_elsewhere]
            if lacking:
                _wait_for([(one, stream) for one in lacking])
    return problems


def _share_inputs_of_views(streams: Sequence[FeatureStream], recordings: Sequence[Recording]) -> dict[str, RecordingInputs]:
    """Return the inputs of the recordings of one video, and of those of their views that streams are for, by id."""
    inputs: dict[str, RecordingInputs] = {}
    for view in dict.fromkeys(stream.view for stream in streams):
        inputs |= {one.recording.id: one for one in share_inputs(_list_view(recordings, view))}
    return inputs


def _list_view(recordings: Sequence[Recording], view: str) -> list[Recording]:
    return [shown for recording in recordings if (shown := find_view(recording, view)) is not None]


@dataclass(frozen=True)
class _Attempt:
    """The outcome of an attempt to embed a recording: what is wrong, another process does it, or its speed, None where all was there."""

    problem: BehaviorError | None = None
    is_elsewhere: bool = False
    frames_per_second: float | None = None


def _try_to_embed(
    stream: FeatureStream, together: Sequence[RecordingInputs], among: Sequence[Recording], *, with_content: bool
) -> list[_Attempt]:
    """Return what came of each of the recordings of one video."""
    attempts: dict[str, _Attempt] = {}
    lacking: list[RecordingInputs] = []
    for inputs in together:
        recording = inputs.recording
        try:
            if not stream.is_cached(recording, with_content=with_content):
                lacking.append(inputs)
                continue
            stream.tidy(recording)
        except BehaviorError as error:
            attempts[recording.id] = _Attempt(problem=error)
            continue
        detail(f"{recording.id}: its features of {stream.name} are there already")
        attempts[recording.id] = _Attempt()
    began = time.perf_counter()
    outcomes = stream.embed_together(lacking, among=_list_view(among, stream.view)) if lacking else []
    seconds = time.perf_counter() - began
    n_frames = sum(outcome.n_frames for outcome in outcomes if isinstance(outcome, Embedded))
    for inputs, outcome in zip(lacking, outcomes, strict=True):
        name = inputs.recording.id
        if outcome is None:
            attempts[name] = _Attempt(is_elsewhere=True)
        elif isinstance(outcome, BehaviorError):
            attempts[name] = _Attempt(problem=outcome)
        else:
            for sentence in outcome.notes:
                inputs.note(sentence)
            attempts[name] = _Attempt(frames_per_second=n_frames / seconds) if outcome.n_frames else _Attempt()
    return [attempts[inputs.recording.id] for inputs in together]


def _wait_for(elsewhere: Sequence[tuple[Recording, FeatureStream]]) -> None:
    names = ", ".join(dict.fromkeys(recording.id for recording, _ in elsewhere))
    recording, stream = elsewhere[0]
    shown = find_view(recording, stream.view) or recording
    announce(f"waiting for another process that embeds {names}: {stream.explain_claim(shown)}")
    time.sleep(SECONDS_BETWEEN_LOOKS)
