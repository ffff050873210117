"""What the page of a live recording may ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from behavior.errors import BehaviorError
from behavior.review.answering import Body, explain, fail, read_body, read_int, say_unknown
from behavior.review.live_desk import LiveDesk, SourceView
from behavior.review.live_socket import tell_events
from behavior.review.routes import PageFiles

__all__ = ["make_live_application"]

_SECONDS_BETWEEN_PICTURES = 0.08
_BOUNDARY = "picture"


class _Wish(Body):
    """About one source, or all."""

    source: str | None = None


class _Note(_Wish):
    text: str


def make_live_application(desk: LiveDesk) -> Starlette:
    """Return the application that shows what is on `desk`; errors are one sentence each, never a traceback."""
    pages, answers = PageFiles("live.html"), _LiveAnswers(desk)
    routes = [
        Route("/", pages.index),
        Route("/page/{name}", pages.part),
        Route("/live/state", answers.describe),
        Route("/live/pictures/{name}", answers.stream),
        Route("/live/pictures/{name}/last", answers.picture),
        Route("/live/note", answers.note, methods=["POST"]),
        Route("/live/start", answers.start, methods=["POST"]),
        Route("/live/stop", answers.stop, methods=["POST"]),
        Route("/live/end", answers.end, methods=["POST"]),
        WebSocketRoute("/events", answers.tell),
    ]
    return Starlette(routes=routes, exception_handlers={404: say_unknown, 405: say_unknown, BehaviorError: explain, Exception: fail})


class _LiveAnswers:
    def __init__(self, desk: LiveDesk) -> None:
        self._desk = desk

    async def describe(self, request: Request) -> Response:
        return JSONResponse(self._desk.describe(read_int(request, "after", default=0)))

    async def stream(self, request: Request) -> Response:
        view = self._desk.find(request.path_params["name"])
        return StreamingResponse(self._draw(view), media_type=f"multipart/x-mixed-replace; boundary={_BOUNDARY}")

    async def _draw(self, view: SourceView) -> AsyncIterator[bytes]:
        """Yield the last picture again and again; who reads slowly gets fewer of them."""
        shown = 0
        while not self._desk.is_over:
            number, jpeg = await asyncio.to_thread(view.draw)
            if number != shown:
                shown = number
                yield f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode() + jpeg + b"\r\n"
            await asyncio.sleep(_SECONDS_BETWEEN_PICTURES)

    async def picture(self, request: Request) -> Response:
        """Send the last picture if it came after the one numbered `after`: a page of many sources cannot keep a stream open for each."""
        after = read_int(request, "after", default=0)
        number, jpeg = await asyncio.to_thread(self._desk.find(request.path_params["name"]).draw)
        if number <= after:
            return Response(status_code=204)
        return Response(jpeg, media_type="image/jpeg", headers={"Picture-Number": str(number)})

    async def note(self, request: Request) -> Response:
        note = await read_body(request, _Note)
        self._desk.note(note.text, note.source)
        return JSONResponse({})

    async def start(self, request: Request) -> Response:
        self._desk.start((await read_body(request, _Wish)).source)
        return JSONResponse({})

    async def stop(self, request: Request) -> Response:
        self._desk.stop((await read_body(request, _Wish)).source)
        return JSONResponse({})

    async def end(self, request: Request) -> Response:
        await read_body(request, Body)
        self._desk.finish()
        return JSONResponse({})

    async def tell(self, socket: WebSocket) -> None:
        await tell_events(socket, self._desk)
