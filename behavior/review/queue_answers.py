"""Answers about the clips to label next."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from behavior.review.answering import Body, read_body
from behavior.review.desk import Desk
from behavior.review.suggesting import Suggester

__all__ = ["list_routes"]


class _RefreshBody(Body):
    count: int = Field(ge=1, le=500)
    random_share: Annotated[float, Field(ge=0, le=1)]
    clip_s: Annotated[float, Field(ge=0.2, le=60)]


class _StateBody(Body):
    recording: str = Field(max_length=200)
    start: int = Field(ge=0, le=2**53)
    stop: int = Field(ge=0, le=2**53)
    state: Literal["open", "done", "skipped", "unsure"]


def list_routes(desk: Desk) -> list[Route]:
    """Return what can be asked about the clips of the study on `desk`."""
    answers = _QueueAnswers(Suggester(desk))
    return [
        Route("/api/queue", answers.queue),
        Route("/api/queue/refresh", answers.refresh, methods=["POST"]),
        Route("/api/queue/state", answers.decide, methods=["POST"]),
    ]


class _QueueAnswers:
    """What takes time is done in threads."""

    def __init__(self, suggester: Suggester) -> None:
        self._suggester = suggester

    async def queue(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._suggester.describe))

    async def refresh(self, request: Request) -> Response:
        body = await read_body(request, _RefreshBody)

        def begin() -> dict[str, Any]:
            self._suggester.refresh(count=body.count, random_share=body.random_share, clip_s=body.clip_s)
            return self._suggester.describe()

        return JSONResponse(await run_in_threadpool(begin))

    async def decide(self, request: Request) -> Response:
        body = await read_body(request, _StateBody)
        return JSONResponse(await run_in_threadpool(self._suggester.decide, body.recording, body.start, body.stop, body.state))
