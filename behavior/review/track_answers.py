"""Answers about the track of a recording: where its animals are, what they look like, and corrections of it."""

from __future__ import annotations

import json
from typing import Any, Literal

import cv2
import numpy as np
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from behavior.errors import UsageError
from behavior.recording import CorrectionAction
from behavior.review.answering import Body, answer_bytes, read_body, read_int
from behavior.review.desk import Desk
from behavior.review.label_session import EditConflictError
from behavior.review.opened_recording import OpenedRecording
from behavior.review.pictures import encode_picture
from behavior.review.track_edits import TrackEdit
from behavior.review.track_session import TrackRequest, TrackSession
from behavior.vision.crops import take_crop

__all__ = ["list_routes"]

_MOST_ROWS, _MOST_CROPS = 4096, 24
# Side of a crop in lengths of an animal, and as it is shown, in pixels.
_SIDE_LENGTHS, _SHOWN = 1.6, 64
# One reader for the crops of all who look.
_VIEWER = "crops"


class _EditBody(Body):
    action: CorrectionAction
    animal: int | None = Field(default=None, ge=0)
    other: int | None = Field(default=None, ge=0)
    tracklet: int | None = Field(default=None, ge=0)
    frame: int | None = Field(default=None, ge=0)
    until: Literal["end", "crossing"] = "end"
    name: str = Field(default="", max_length=200)


class _CorrectBody(Body):
    session: str = Field(max_length=100)
    id: str = Field(min_length=1, max_length=100)
    viewer: str = Field(min_length=1, max_length=100)
    base: int = Field(ge=0)
    edit: _EditBody | None = None
    drop: int | None = Field(default=None, ge=0)
    redo: bool = False


def list_routes(desk: Desk) -> list[Route]:
    """Return what can be asked about tracks of recordings on `desk`."""
    answers = _TrackAnswers(desk)
    one = "/api/recordings/{recording}/track"
    return [
        Route(one, answers.track),
        Route(f"{one}/positions", answers.positions),
        Route(f"{one}/crops", answers.crops),
        Route(f"{one}/corrections", answers.correct, methods=["POST"]),
    ]


class _TrackAnswers:
    """What takes time is done in threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def track(self, request: Request) -> Response:
        viewer = request.query_params.get("viewer", "")[:100]
        _, session = await self._open(request)
        if session is None:
            return JSONResponse({"error": "this recording has no track; run `behavior track` on its video."}, status_code=404)
        return JSONResponse(await run_in_threadpool(session.describe, viewer))

    async def positions(self, request: Request) -> Response:
        session = await self._require(request)
        start = read_int(request, "start")
        stop = read_int(request, "stop", least=start, most=start + _MOST_ROWS)
        revision, values = await run_in_threadpool(session.cut_positions, start, stop)
        head = json.dumps({"revision": revision, "n_animals": values.shape[1], "start": start, "n_frames": len(values)}).encode()
        return answer_bytes(len(head).to_bytes(4, "little") + head + b" " * (-len(head) % 4) + values.tobytes())

    async def crops(self, request: Request) -> Response:
        """Answer with a strip of crops of one animal, a JPEG of squares side by side; a grey one where nothing is known."""
        opened, session = await self._open(request)
        if session is None:
            raise UsageError("this recording has no track.")
        animal = read_int(request, "animal")
        frames = [
            int(text) for text in request.query_params.get("frames", "").split(",") if text.isascii() and text.isdigit() and len(text) < 10
        ]
        if not 0 < len(frames) <= _MOST_CROPS:
            raise UsageError(f"found {len(frames)} frames, expected 1 to {_MOST_CROPS}.")
        self._desk.note_busy()
        return Response(await run_in_threadpool(_draw_strip, opened, session, animal, frames), media_type="image/jpeg")

    async def correct(self, request: Request) -> Response:
        body = await read_body(request, _CorrectBody)
        session = await self._require(request)
        if (body.edit is not None) + (body.drop is not None) + body.redo > 1:
            raise UsageError("a request corrects something or takes it back; load the page again.")
        edit = None if body.edit is None else TrackEdit(**body.edit.model_dump())
        wanted = TrackRequest(body.id, body.viewer, body.base, edit, body.drop, body.redo)

        def make() -> Response:
            try:
                if body.session != session.token:
                    raise EditConflictError("this track was opened again since; look at it, then do it again.")
                session.edit(wanted)
            except EditConflictError as error:
                return JSONResponse({"error": str(error), "track": session.describe(body.viewer)}, status_code=409)
            return JSONResponse(session.describe(body.viewer))

        return await run_in_threadpool(make)

    async def _require(self, request: Request) -> TrackSession:
        _, session = await self._open(request)
        if session is None:
            raise UsageError("this recording has no track; run `behavior track` on its video.")
        return session

    async def _open(self, request: Request) -> tuple[OpenedRecording, TrackSession | None]:
        def open_both() -> tuple[OpenedRecording, TrackSession | None]:
            opened = self._desk.open(request.path_params["recording"])
            return opened, self._desk.tracks.open(opened)

        return await run_in_threadpool(open_both)


def _draw_strip(opened: OpenedRecording, session: TrackSession, animal: int, frames: list[int]) -> bytes:
    track = session.corrected
    if animal >= len(track.names) or max(frames) >= track.n_frames:
        raise UsageError("there is no such animal or frame; load the page again.")
    side = max(8, round(_SIDE_LENGTHS * session.length))
    crops: list[Any] = [np.full((_SHOWN, _SHOWN, 3), 90, dtype=np.uint8)] * len(frames)
    for place in np.argsort(frames).tolist():
        frame = frames[place]
        here = track.cut(frame, frame + 1)
        center, heading = here.positions[0, animal], float(here.headings[0, animal])
        (read,) = opened.views.read(_VIEWER, [frame])
        if read.image is None or not np.isfinite(center).all():
            continue
        angle = heading if np.isfinite(heading) else None
        crop = take_crop(read.image, center, crop_size=side, input_size=_SHOWN, angle=angle)
        crops[place] = crop if here.seen[0, animal] else np.asarray(cv2.addWeighted(crop, 0.4, np.full_like(crop, 90), 0.6, 0))
    return encode_picture(np.hstack(crops))
