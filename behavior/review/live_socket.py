"""What other programs are told through a WebSocket while it happens: a line of JSON for each event."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from behavior.live.events import Subscription
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
    try:
        await socket.accept()
        telling = asyncio.create_task(_tell(socket, desk, subscription, news))
        leaving = asyncio.create_task(_wait_until_left(socket))
        # A reader that does not read would be waited for beyond the end of the run.
        await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        has_left = leaving.done()
        telling.cancel()
        leaving.cancel()
        for outcome in await asyncio.gather(telling, leaving, return_exceptions=True):
            if isinstance(outcome, Exception) and not (has_left or isinstance(outcome, WebSocketDisconnect)):
                raise outcome
    finally:
        desk.events.unsubscribe(subscription)


async def _tell(socket: WebSocket, desk: LiveDesk, subscription: Subscription, news: asyncio.Event) -> None:
    await socket.send_text(json.dumps(desk.introduce()))
    while True:
        # Asked before the events are taken: the last of them is published before the run is over.
        is_over = desk.is_over
        for event in subscription.take():
            await socket.send_text(json.dumps(event))
            is_over = is_over or event["event"] == "over"
        if is_over:
            await socket.close()
            return
        await news.wait()
        news.clear()


async def _wait_until_left(socket: WebSocket) -> None:
    """Ignore what a reader sends, and return when it disconnects."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
