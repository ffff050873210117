"""What other programs are told through a WebSocket while it happens: a line of JSON for each event."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from behavior.review.live_desk import LiveDesk

__all__ = ["MOST_EVENTS", "MOST_READERS", "tell_events"]

# That wait for a reader, and readers at a time.
MOST_EVENTS, MOST_READERS = 1000, 32
_TRY_LATER = 1013


async def tell_events(socket: WebSocket, desk: LiveDesk) -> None:
    """Send a reader what sources there are, then each event as it comes, until it leaves or the run is over.

    One that is too slow loses the oldest events, and is told how many.
    """
    if desk.events.n_subscriptions >= MOST_READERS:
        await socket.close(_TRY_LATER)
        return
    loop, news = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        # The loop is closed where the server has ended while a recording is finished.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(news.set)

    # Before the connection is there: who has one misses nothing.
    subscription = desk.events.subscribe(MOST_EVENTS, wake)
    leaving: asyncio.Task[None] | None = None
    try:
        await socket.accept()
        leaving = asyncio.create_task(_wait_until_left(socket))
        leaving.add_done_callback(lambda _: news.set())
        await socket.send_text(json.dumps(desk.introduce()))
        while not leaving.done():
            await news.wait()
            news.clear()
            for event in subscription.take():
                await socket.send_text(json.dumps(event))
            if desk.is_over:
                await socket.close()
                return
    except WebSocketDisconnect:
        pass
    finally:
        desk.events.unsubscribe(subscription)
        if leaving is not None:
            leaving.cancel()


async def _wait_until_left(socket: WebSocket) -> None:
    """Take what a reader sends, which means nothing, until it leaves."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
