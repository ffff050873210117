"""A live run put together: what its sources share, and what each has of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from behavior.errors import OutputError
from behavior.files.ethograms import ETHOGRAM_SUFFIX
from behavior.files.live_record import EventLog
from behavior.files.live_sources import Source
from behavior.learning.live_features import LiveFeatures
from behavior.learning.live_prediction import find_delay
from behavior.learning.opened_model import OpenedModel
from behavior.live.capturing import Capture, CaptureSettings
from behavior.live.events import EventHub, SourceEvents
from behavior.live.free_space import FreeSpace
from behavior.live.parts import RecordingParts
from behavior.live.recorders import Recorder, Recorders
from behavior.live.request import LiveRequest
from behavior.live.rules import Action, Rule, Rules, parse_action, parse_rule
from behavior.live.session import LiveSession
from behavior.live.turns import Turns
from behavior.progress import announce

__all__ = ["LiveRun"]


class LiveRun(ExitStack):
    """One model, one drive and one stream of events, shared by all sources of a run; as a block, it closes what they leave open.

    Parameters
    ----------
    out
        Where recordings are written.
    request
        What is asked.
    say
        Prints the events of rules whose action is to print them.

    Raises
    ------
    OutputError
        If the drive has less room than has to stay free.
    """

    def __init__(self, out: Path, request: LiveRequest, *, say: Callable[[str], None]) -> None:
        super().__init__()
        self._out, self._request, self._say = out, request, say
        self._space, self._events, self._turns = FreeSpace(out, round(request.keep_free_gib * 2**30)), EventHub(), Turns()
        self._space.require_room()

    def gather(self, model: OpenedModel, sources: Sequence[tuple[str, Source, LiveFeatures]]) -> Recorders:
        """Return what records sources and predicts with `model`, each source with its name and what describes its pictures.

        Raises
        ------
        OutputError
            If there is such a recording.
        UsageError
            If a rule or an action cannot be used.
        """
        # Nothing is written before all of it can be used.
        parts = [self._name_parts(model, *source) for source in sources]
        behaviors, request = model.description.behaviors, self._request
        watched = [(parse_rule(rule, behaviors), parse_action(action, say=self._say)) for rule, action in request.rules]
        recorders = [self._make_recorder(model, *source, own, watched) for source, own in zip(sources, parts, strict=True)]
        return Recorders(recorders, waits=request.waits, space=self._space, events=self._events)

    def _name_parts(self, model: OpenedModel, name: str, source: Source, features: LiveFeatures) -> RecordingParts:
        request, out = self._request, self._out
        is_numbered = request.roll_s is not None
        delay_s = find_delay(model, delay_s=request.delay_s, fps=features.fps)
        parts = RecordingParts(model, out, name=name, source=source.name, delay_s=delay_s, is_numbered=is_numbered, limits=features.limits)
        first = parts.find_video(0)
        if first.exists() or (out / f"{first.stem}{ETHOGRAM_SUFFIX}").exists():
            raise OutputError(f"{out}: holds a recording {first.stem} already; give another --name or --out.")
        return self.enter_context(parts)

    def _make_recorder(
        self,
        model: OpenedModel,
        name: str,
        source: Source,
        features: LiveFeatures,
        parts: RecordingParts,
        watched: Sequence[tuple[Rule, Action]],
    ) -> Recorder:
        request, out, first = self._request, self._out, parts.find_video(0)
        session = LiveSession(model, features, folder=out, describe=parts.describe, turns=self._turns)
        published = SourceEvents(self._events, name, session.behaviors)
        session.watch(published)
        if watched:
            rules = Rules(
                watched,
                behaviors=session.behaviors,
                log=EventLog(out, first.stem),
                rest_s=request.rest_s,
                source=name,
                tell=published.publish_rule,
            )
            session.watch(self.enter_context(closing(rules)))
        settings = CaptureSettings(
            fps=features.fps, at_own_pace=request.pace == "real", roll_s=request.roll_s, duration_s=request.duration_s
        )

        def make_capture(part: int) -> Capture:
            announce(f"recording {source.name} into {parts.find_video(part)}")
            return Capture(source, settings, name_video=parts.find_video, space=self._space, first_part=part)

        return Recorder(name, session, make_capture)
