"""Answers about the study as a whole."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from behavior.review.answering import Body, read_body
from behavior.review.desk import Desk

__all__ = ["list_routes"]


class _BehaviorBody(Body):
    name: str = Field(max_length=200)


class _ExclusiveBody(Body):
    groups: list[list[str]] = Field(max_length=50)


def list_routes(desk: Desk) -> list[Route]:
    """Return what can be asked about the study on `desk`."""
    answers = _StudyAnswers(desk)
    return [
        Route("/api/study", answers.study),
        Route("/api/behaviors", answers.add_behavior, methods=["POST"]),
        Route("/api/exclusive", answers.set_exclusive, methods=["POST"]),
    ]


class _StudyAnswers:
    """What takes time is done in threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def study(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._desk.describe))

    async def add_behavior(self, request: Request) -> Response:
        body = await read_body(request, _BehaviorBody)

        def add() -> dict[str, Any]:
            self._desk.reset_sessions()
            self._desk.reviewed.add_behavior(body.name)
            return self._desk.describe()

        return JSONResponse(await run_in_threadpool(add))

    async def set_exclusive(self, request: Request) -> Response:
        body = await read_body(request, _ExclusiveBody)
        await run_in_threadpool(self._desk.reviewed.set_exclusive, body.groups)
        return JSONResponse(self._desk.describe())
