"""What the page may ask the server, and who answers it."""

from __future__ import annotations

from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from behavior.errors import BehaviorError
from behavior.review import (
    difference_answers,
    explanation_answers,
    queue_answers,
    recording_answers,
    study_answers,
    track_answers,
    training_answers,
)
from behavior.review.answering import explain, fail, say_unknown
from behavior.review.desk import Desk

__all__ = ["PageFiles", "make_application"]

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


def make_application(desk: Desk) -> Starlette:
    """Return the application that answers for what is on `desk`; errors are one sentence each, never a traceback."""
    pages = PageFiles("index.html")
    routes = [
        Route("/", pages.index),
        Route("/page/{name}", pages.part),
        *study_answers.list_routes(desk),
        *recording_answers.list_routes(desk),
        *track_answers.list_routes(desk),
        *difference_answers.list_routes(desk),
        *queue_answers.list_routes(desk),
        *explanation_answers.list_routes(desk),
        *training_answers.list_routes(desk),
    ]
    return Starlette(routes=routes, exception_handlers={404: say_unknown, 405: say_unknown, BehaviorError: explain, Exception: fail})


class PageFiles:
    """The files of the pages, by their names; `first` is the one to begin with."""

    def __init__(self, first: str) -> None:
        self._first = first
        self._folder = files("behavior.review") / "page"
        self._names = {entry.name for entry in self._folder.iterdir() if entry.is_file()}

    async def index(self, request: Request) -> Response:
        """Send the page."""
        return self._send(self._first)

    async def part(self, request: Request) -> Response:
        """Send a file of it."""
        name = request.path_params["name"]
        if name not in self._names:
            return await say_unknown(request)
        return self._send(name)

    def _send(self, name: str) -> Response:
        return Response((self._folder / name).read_bytes(), media_type=_TYPES["." + name.rpartition(".")[2]])
