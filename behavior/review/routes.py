"""What the page may ask the server, and what it is answered."""

from __future__ import annotations

import json
import logging
import time
from importlib.resources import files
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from behavior.errors import BehaviorError, OutputError, UsageError
from behavior.files.video_index import FrameNotReadError
from behavior.review.desk import Desk, UnknownRecordingError
from behavior.review.label_edits import Paint
from behavior.review.label_session import EditConflictError, EditRequest, LabelSession, Revision
from behavior.review.opened_recording import OpenedRecording, list_runs
from behavior.review.pictures import pack_frames

__all__ = ["make_application"]

_MOST_FRAMES, _MOST_ROWS, _MOST_POSE = 64, 65536, 8192
_WIDEST = 8192
# How long an answer waits for a frame that is being read.
_PATIENCE_S = 1.0
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}

_logger = logging.getLogger("behavior.review")

Kind = TypeVar("Kind", bound="_Body")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _PaintBody(_Body):
    start: int
    stop: int
    behavior: str | None = Field(max_length=200)
    value: int


class _EditBody(_Body):
    session: str = Field(max_length=100)
    id: str = Field(min_length=1, max_length=100)
    viewer: str = Field(min_length=1, max_length=100)
    base: int = Field(ge=0)
    paints: list[_PaintBody] = Field(default=[], max_length=500)
    undo: int | None = None


class _BehaviorBody(_Body):
    name: str = Field(max_length=200)


class _ExclusiveBody(_Body):
    groups: list[list[str]] = Field(max_length=50)


def make_application(desk: Desk) -> Starlette:
    """Return the application that answers for what is on `desk`; errors are one sentence each, never a traceback."""
    pages = _Pages()
    answers = _Answers(desk)
    one = "/api/recordings/{recording}"
    routes = [
        Route("/", pages.index),
        Route("/page/{name}", pages.part),
        Route("/api/study", answers.study),
        Route("/api/behaviors", answers.add_behavior, methods=["POST"]),
        Route("/api/exclusive", answers.set_exclusive, methods=["POST"]),
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
    return Starlette(routes=routes, exception_handlers={404: _say_unknown, 405: _say_unknown, BehaviorError: _explain, Exception: _fail})


async def _say_unknown(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "there is nothing at this address."}, status_code=getattr(error, "status_code", 404))


async def _explain(request: Request, error: Exception) -> Response:
    """Answer with the sentence of an error that has one."""
    status = 422
    if isinstance(error, EditConflictError):
        status = 409
    elif isinstance(error, UnknownRecordingError):
        status = 404
    elif isinstance(error, FrameNotReadError):
        status = 425
    elif isinstance(error, OutputError):
        status = 507
    return JSONResponse({"error": str(error)}, status_code=status)


async def _fail(request: Request, error: Exception) -> Response:
    _logger.error("%s failed (%s: %s); report it.", request.url.path, type(error).__name__, error)
    return JSONResponse({"error": "something went wrong that should not; the terminal says what."}, status_code=500)


class _Pages:
    """The files of the page, by their names."""

    def __init__(self) -> None:
        self._folder = files("behavior.review") / "page"
        self._names = {entry.name for entry in self._folder.iterdir() if entry.is_file()}

    async def index(self, request: Request) -> Response:
        return self._send("index.html")

    async def part(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._names:
            return JSONResponse({"error": "there is nothing at this address."}, status_code=404)
        return self._send(name)

    def _send(self, name: str) -> Response:
        return Response((self._folder / name).read_bytes(), media_type=_TYPES["." + name.rpartition(".")[2]])


class _Answers:
    """Answers about the study and its recordings; what takes time is done in threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def study(self, request: Request) -> Response:
        return JSONResponse(self._desk.describe())

    async def add_behavior(self, request: Request) -> Response:
        body = await _read_body(request, _BehaviorBody)

        def add() -> dict[str, Any]:
            self._desk.reset_sessions()
            self._desk.reviewed.add_behavior(body.name)
            return self._desk.describe()

        return JSONResponse(await run_in_threadpool(add))

    async def set_exclusive(self, request: Request) -> Response:
        body = await _read_body(request, _ExclusiveBody)
        await run_in_threadpool(self._desk.reviewed.set_exclusive, body.groups)
        return JSONResponse(self._desk.describe())

    async def recording(self, request: Request) -> Response:
        opened = await self._open(request)
        return JSONResponse(await run_in_threadpool(opened.describe))

    async def frames(self, request: Request) -> Response:
        opened = await self._open(request)
        start, count = _read_int(request, "start"), _read_int(request, "count", least=1, most=_MOST_FRAMES, default=1)
        step = _read_int(request, "step", least=1, most=64, default=1)
        width = _read_int(request, "width", least=16, most=_WIDEST, default=_WIDEST)
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
        return _send_bytes(content)

    async def times(self, request: Request) -> Response:
        opened = await self._open(request)
        return _send_bytes(opened.index.time_s.astype("<f8").tobytes())

    async def pose(self, request: Request) -> Response:
        opened = await self._open(request)
        start = _read_int(request, "start")
        stop = _read_int(request, "stop", least=start, most=start + _MOST_POSE)
        read = await run_in_threadpool(opened.read_pose)
        if read is None:
            return JSONResponse({"error": "this recording has no pose."}, status_code=404)
        names, pose = read
        part = np.ascontiguousarray(pose[start:stop]).astype("<f4").tobytes()
        head = json.dumps({"parts": names, "start": start, "n_frames": len(pose[start:stop])}).encode()
        return _send_bytes(len(head).to_bytes(4, "little") + head + b" " * (-len(head) % 4) + part)

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
            }
        )

    async def probabilities(self, request: Request) -> Response:
        opened = await self._open(request)
        level, start = _read_int(request, "level", most=64), _read_int(request, "start")
        stop = _read_int(request, "stop", least=start, most=start + _MOST_ROWS)
        read = await run_in_threadpool(opened.read_predictions)
        try:
            if read is None:
                raise IndexError
            return _send_bytes(read.cut(level, start, stop))
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
        since = _read_int(request, "since", default=0)
        return JSONResponse(await run_in_threadpool(_describe_state, self._desk, opened, since))

    async def edit(self, request: Request) -> Response:
        body = await _read_body(request, _EditBody)
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

    async def _open(self, request: Request) -> OpenedRecording:
        return await run_in_threadpool(self._desk.open, request.path_params["recording"])


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
    state: dict[str, Any] = {"run": desk.token, "frames": opened.describe_frames()}
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


def _read_int(request: Request, name: str, *, least: int = 0, most: int = 2**53, default: int | None = None) -> int:
    """Return a number of the address; UsageError if it is missing or out of bounds."""
    text = request.query_params.get(name, "" if default is None else str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 17 and least <= int(text) <= most):
        raise UsageError(f"{name} is {text[:20]!r}, expected a whole number from {least} to {most}.")
    return int(text)


async def _read_body(request: Request, kind: type[Kind]) -> Kind:
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"the request cannot be used ({place}: {first['msg']}); load the page again.") from None


def _send_bytes(content: bytes) -> Response:
    return Response(content, media_type="application/octet-stream")
