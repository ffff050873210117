"""Answers about why the model predicts what it predicts."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from behavior.errors import UsageError
from behavior.review.answering import read_int
from behavior.review.desk import Desk

__all__ = ["list_routes"]


def list_routes(desk: Desk) -> list[Route]:
    """Return what can be asked about predictions of the study on `desk`."""
    answers = _ExplanationAnswers(desk)
    return [Route("/api/recordings/{recording}/explanation", answers.explanation), Route("/api/explanation", answers.progress)]


class _ExplanationAnswers:
    """What takes time is done in threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def explanation(self, request: Request) -> Response:
        """Answer with the numbers; waits until they are there."""
        opened = await run_in_threadpool(self._desk.open, request.path_params["recording"])
        behavior = request.query_params.get("behavior", "")
        if behavior not in self._desk.reviewed.behaviors:
            raise UsageError(f"{behavior[:60]!r} is not a behavior of this study; load the page again.")
        frame, is_bout = read_int(request, "frame"), bool(read_int(request, "bout", most=1, default=0))
        viewer = request.query_params.get("viewer", "")[:100]
        asked = self._desk.explanations.ask
        return JSONResponse(await run_in_threadpool(asked, opened.recording.id, frame, behavior, is_bout=is_bout, viewer=viewer))

    async def progress(self, request: Request) -> Response:
        """Answer with how far the one at work is."""
        return JSONResponse(self._desk.explanations.describe())
