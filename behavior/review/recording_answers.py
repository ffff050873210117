"""Answers about one recording: its frames, pose, predictions and labels, and edits of these."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from behavior.errors import UsageError
from behavior.files.video_index import FrameNotReadError
from behavior.review.answering import Body, answer_bytes, read_body, read_int
from behavior.review.desk import Desk
from behavior.review.label_edits import Paint
from behavior.review.label_session import EditConflictError, EditRequest, LabelSession, Revision
from behavior.review.opened_recording import OpenedRecording, list_runs
from behavior.review.pictures import pack_frames

__all__ = ["list_routes"]

_MOST_FRAMES, _MOST_ROWS, _MOST_POSE = 64, 65536, 8192
_WIDEST = 8192
# How long an answer waits for a frame that is being read.
_PATIENCE_S = 1.0


class _PaintBody(Body):
    start: int
    stop: int
    behavior: str | None = Field(max_length=200)
    value: int


class _EditBody(Body):
    session: str = Field(max_length=100)
    id: str = Field(min_length=1, max_length=100)
    viewer: str = Field(min_length=1, max_length=100)
    base: int = Field(ge=0)
    paints: list[_PaintBody] = Field(default=[], max_length=500)
    undo: int | None = None


def list_routes(desk: Desk) -> list[Route]:
    """Return what can be asked about the recordings of the study on `desk`."""
    answers = _RecordingAnswers(desk)
    one = "/api/recordings/{recording}"
    return [
        Route(one, answers.recording),
        Route(f"{one}/frames", answers.frames),
        Route(f"{one}/times", answers.times),
        Route(f"{one}/pose", answers.pose),
        Route(f"{one}/predictions", answers.predictions),
        Route(f"{one}/probabilities", answers.probabilities),
        Route(f"{one}/labels", answers.labels),
        Route(f"{one}/others", answers.others),
        Route(f"{one}/state", answers.state),
        Route(f"{one}/edits", answers.edit, methods=["POST"]),
    ]


class _RecordingAnswers:
    """What takes time is done in threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def recording(self, request: Request) -> Response:
        opened = await self._open(request, looks_again=True)
        return JSONResponse(await run_in_threadpool(opened.describe))

    async def frames(self, request: Request) -> Response:
        opened = await self._open(request)
        start, count = read_int(request, "start"), read_int(request, "count", least=1, most=_MOST_FRAMES, default=1)
        step = read_int(request, "step", least=1, most=64, default=1)
        width = read_int(request, "width", least=16, most=_WIDEST, default=_WIDEST)
        viewer = request.query_params.get("viewer", "")[:100]
        self._desk.note_busy()

        def read() -> bytes:
            give_up = time.monotonic() + _PATIENCE_S
            while True:
                try:
                    frames = opened.views.read(viewer, range(start, start + count * step, step))
                except FrameNotReadError:
                    if time.monotonic() > give_up:
                        raise
                    time.sleep(0.02)
                else:
                    return pack_frames(frames, width=width)

        try:
            content = await run_in_threadpool(read)
        except IndexError:
            return JSONResponse({"error": f"there is no frame {start} in this video."}, status_code=404)
        return answer_bytes(content)

    async def times(self, request: Request) -> Response:
        opened = await self._open(request)
        return answer_bytes(opened.index.time_s.astype("<f8").tobytes())

    async def pose(self, request: Request) -> Response:
        opened = await self._open(request)
        start = read_int(request, "start")
        stop = read_int(request, "stop", least=start, most=start + _MOST_POSE)
        read = await run_in_threadpool(opened.read_pose)
        if read is None:
            return JSONResponse({"error": "this recording has no pose."}, status_code=404)
        names, pose = read
        part = np.ascontiguousarray(pose[start:stop]).astype("<f4").tobytes()
        head = json.dumps({"parts": names, "start": start, "n_frames": len(pose[start:stop])}).encode()
        return answer_bytes(len(head).to_bytes(4, "little") + head + b" " * (-len(head) % 4) + part)

    async def predictions(self, request: Request) -> Response:
        opened = await self._open(request)
        read = await run_in_threadpool(opened.read_predictions)
        if read is None:
            return JSONResponse({"error": "this recording has no ethogram."}, status_code=404)
        return JSONResponse(
            {
                "behaviors": read.behaviors,
                "thresholds": read.thresholds,
                "n_levels": len(read.pyramid),
                "decided": {name: bouts.tolist() for name, bouts in read.decided.items()},
                "is_trained_on": read.is_trained_on,
                "familiarity": {"verdict": read.verdict, "reasons": read.reasons, "distances": read.distances},
                "stamp": opened.describe_predictions(),
            }
        )

    async def probabilities(self, request: Request) -> Response:
        opened = await self._open(request)
        level, start = read_int(request, "level", most=64), read_int(request, "start")
        stop = read_int(request, "stop", least=start, most=start + _MOST_ROWS)
        read = await run_in_threadpool(opened.read_predictions)
        try:
            if read is None:
                raise IndexError
            return answer_bytes(read.cut(level, start, stop))
        except IndexError:
            return JSONResponse({"error": "there are no such probabilities."}, status_code=404)

    async def labels(self, request: Request) -> Response:
        opened = await self._open(request)

        def read() -> dict[str, Any]:
            session = opened.open_session()
            revision, values = session.copy_values()
            runs = {name: list_runs(values[:, column]) for column, name in enumerate(session.behaviors)}
            return {"session": session.token, "revision": revision, "n_frames": len(values), "runs": runs, **_describe_file(session)}

        return JSONResponse(await run_in_threadpool(read))

    async def others(self, request: Request) -> Response:
        opened = await self._open(request)

        def read() -> dict[str, Any]:
            return {
                rater: {name: list_runs(labels.values[:, column]) for column, name in enumerate(labels.behaviors)}
                for rater, labels in opened.read_others().items()
            }

        return JSONResponse({"raters": await run_in_threadpool(read)})

    async def state(self, request: Request) -> Response:
        opened = await self._open(request)
        since = read_int(request, "since", default=0)
        return JSONResponse(await run_in_threadpool(_describe_state, self._desk, opened, since))

    async def edit(self, request: Request) -> Response:
        body = await read_body(request, _EditBody)
        opened = await self._open(request)
        paints = tuple(Paint(paint.start, paint.stop, paint.behavior, paint.value) for paint in body.paints)
        if bool(paints) == (body.undo is not None):
            raise UsageError("an edit paints something or takes something back; load the page again.")
        wanted = EditRequest(body.id, body.viewer, body.base, paints, body.undo)

        def make() -> Response:
            session = opened.open_session()
            if body.session != session.token:
                sentence = "these labels were opened again since; look at them, then label again."
                return JSONResponse({"error": sentence, "is_stale": True}, status_code=409)
            try:
                made = session.edit(wanted)
            except EditConflictError as error:
                state = _describe_state(self._desk, opened, body.base)
                return JSONResponse({"error": str(error), **state}, status_code=409)
            return JSONResponse({"made": _describe(made, session), **_describe_state(self._desk, opened, body.base)})

        return await run_in_threadpool(make)

    async def _open(self, request: Request, *, looks_again: bool = False) -> OpenedRecording:
        return await run_in_threadpool(self._desk.open, request.path_params["recording"], looks_again=looks_again)


def _describe(revision: Revision, session: LabelSession) -> dict[str, Any]:
    return {
        "number": revision.number,
        "viewer": revision.viewer,
        "is_outside": not revision.viewer,
        "changes": [[change.start, change.stop, session.behaviors[change.column], change.after] for change in revision.changes],
    }


def _describe_file(session: LabelSession) -> dict[str, Any]:
    return {"file": session.target.name, "n_pending": session.n_pending, "notices": session.notices, "problem": session.problem}


def _describe_state(desk: Desk, opened: OpenedRecording, since: int) -> dict[str, Any]:
    state: dict[str, Any] = {"run": desk.token, "frames": opened.describe_frames(), "predictions": opened.describe_predictions()}
    if (track := desk.tracks.find(opened.recording)) is not None:
        state["track"] = track.describe_state()
    session = opened.session
    if session is not None:
        revisions = session.list_since(since)
        state |= {
            "session": session.token,
            "revision": session.revision,
            "revisions": [_describe(one, session) for one in revisions],
            **_describe_file(session),
        }
    return state
