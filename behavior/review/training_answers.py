"""Answers about training from the page: how the job and the score are, and the buttons that start and stop it."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from behavior.review.answering import Body, read_body, read_int
from behavior.review.desk import Desk
from behavior.review.training import describe_training, start_training

__all__ = ["list_routes"]


class _NothingBody(Body):
    """A request that says all by its address."""


def list_routes(desk: Desk) -> list[Route]:
    """Return what can be asked about training the study on `desk`."""
    answers = _TrainingAnswers(desk)
    return [
        Route("/api/training", answers.training),
        Route("/api/training/start", answers.start, methods=["POST"]),
        Route("/api/training/stop", answers.stop, methods=["POST"]),
    ]


class _TrainingAnswers:
    """What takes time is done in threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def training(self, request: Request) -> Response:
        since = read_int(request, "since", default=0)
        return JSONResponse(await run_in_threadpool(describe_training, self._desk, since))

    async def start(self, request: Request) -> Response:
        await read_body(request, _NothingBody)
        await run_in_threadpool(start_training, self._desk)
        return JSONResponse(await run_in_threadpool(describe_training, self._desk, 0))

    async def stop(self, request: Request) -> Response:
        await read_body(request, _NothingBody)
        self._desk.jobs.stop()
        return JSONResponse(await run_in_threadpool(describe_training, self._desk, 0))
