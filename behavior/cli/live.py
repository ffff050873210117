"""The command that predicts while a recording goes on."""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from behavior.cli.interruption import stopping_softly
from behavior.cli.options import AsJson, parse_duration
from behavior.cli.printing import exit_on, hint, print_table
from behavior.cli.session import session
from behavior.compute.loading import load_keras
from behavior.errors import UsageError

if TYPE_CHECKING:
    from behavior.live.capturing import Capture
    from behavior.live.session import LiveSession
    from behavior.workflows.live import LiveResult

__all__ = ["app"]

app = typer.Typer()


class _Pace(StrEnum):
    """How fast a file is played."""

    real = "real"
    fastest = "fastest"


@app.command(epilog="Example: behavior live model --source 0 --background empty_cage.mp4 --out live")
def live(
    model: Annotated[Path | None, typer.Argument(metavar="MODEL", help="Folder of the model.")] = None,
    source: Annotated[
        str | None, typer.Option(metavar="NUMBER|ADDRESS|FILE", help="A camera (0 is the first), a stream (rtsp://...), or a video.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the recordings; created if missing.")] = None,
    name: Annotated[str, typer.Option(help="Of the recording; the time if not given.")] = "",
    pace: Annotated[_Pace, typer.Option(help="Play a video at its own pace, or as fast as the model is.")] = _Pace.real,
    delay: Annotated[
        float, typer.Option(min=0, help="Seconds that a probability may come later than its frame, for heads that look at later frames.")
    ] = 0.0,
    center: Annotated[
        str | None,
        typer.Option(metavar="X,Y", help="For models of crops: a fixed place in the picture, in pixels, instead of the animal's."),
    ] = None,
    background: Annotated[
        Path | None,
        typer.Option(metavar="VIDEO", help="For models of crops: a video of the same set-up, before which the animal is looked for."),
    ] = None,
    roll: Annotated[str | None, typer.Option(metavar="DURATION", help="Begin another recording after this time, such as 30m.")] = None,
    duration: Annotated[str | None, typer.Option(metavar="DURATION", help="Stop after this time, such as 8h.")] = None,
    when: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Act when a behavior is probable: grooming>0.8, or for half a second, grooming>0.8:0.5s."),
    ] = None,
    do: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS|COMMAND|-",
            help="What to do then, one for each --when or one for all: an HTTP POST, a program, or a line of JSON on standard output.",
        ),
    ] = None,
    rest: Annotated[float, typer.Option(min=0, help="Least seconds between two events of a rule.")] = 1.0,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Show it on a page at this port, or the next free one; no page if not given.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address of the page. Other than 127.0.0.1, it asks for the token in its address.")
    ] = "127.0.0.1",
    keep_free: Annotated[float, typer.Option(min=0, help="GiB of the drive that stay free: recording stops before.")] = 1.0,
    recover: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Instead of recording: finish the recordings in this folder that were broken off.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Predict behavior while it is recorded, frame by frame; ends on Ctrl-C."""
    if recover is not None:
        if model is not None or source is not None or out is not None:
            raise UsageError("--recover takes no model, --source or --out; give the folder alone.")
        from behavior.workflows.live import recover_folder

        _print_result(recover_folder(recover), as_json=as_json)
        return
    if model is None or source is None or out is None:
        raise UsageError("expected a model, --source and --out; for example: behavior live model --source 0 --out live.")
    load_keras()
    from behavior.workflows.live import LiveRequest, run_live

    request = LiveRequest(
        source=source,
        name=name,
        pace=pace.value,
        delay_s=delay,
        center=None if center is None else _parse_place(center),
        background=background,
        roll_s=None if roll is None else parse_duration(roll, option="--roll"),
        duration_s=None if duration is None else parse_duration(duration, option="--duration"),
        keep_free_gib=keep_free,
        rules=_pair(when or [], do or []),
        rest_s=rest,
    )
    captures: list[Capture] = []
    stack = ExitStack()
    desk = None
    if port is not None:
        from behavior.review.live_answers import make_live_application
        from behavior.review.live_desk import LiveDesk
        from behavior.review.serving import serving_application

        desk = LiveDesk(out)

    def begin(live_session: LiveSession, capture: Capture) -> None:
        captures.append(capture)
        if desk is not None:
            assert port is not None
            desk.begin(live_session, capture)
            application = make_live_application(desk)
            running = stack.enter_context(serving_application(application, host=host, port=port, start=int, close=desk.end))
            hint(f"watch it at {running.address}")
        hint("press Ctrl-C to end")

    def end() -> None:
        for capture in captures:
            capture.stop()

    with stopping_softly(end), stack:
        result = run_live(model, out, request, observers=[] if desk is None else [desk], on_start=begin, say=session.answer)
    _print_result(result, as_json=as_json)


def _print_result(result: LiveResult, *, as_json: bool) -> None:
    tally = result.tally
    rows = [[name, None if isinstance(outcome, str) else outcome] for name, outcome in sorted(tally.recordings.items())]
    latencies = {f"latency_{name}_s": result.find_latency(percentile) for name, percentile in (("median", 50), ("p99", 99))}
    extra = {
        "captured": result.captured,
        "looked_at": tally.looked_at,
        "skipped": tally.skipped,
        "not_decoded": tally.undecodable,
        "not_found": tally.not_found,
        **latencies,
        "gaps": result.gaps,
        "reason": result.reason,
        "failures": result.failures,
    }
    print_table(["recording", "frames"], rows, as_json=as_json, extra=extra)
    if tally.looked_at:
        shares = f"{tally.looked_at:,} seen by the model, {tally.skipped:,} skipped, {tally.undecodable:,} not decoded"
        median, high = latencies.values()
        took = (
            ""
            if median is None or high is None
            else f"; from capture to probability {median * 1000:.0f} ms, {high * 1000:.0f} ms at the 99th percentile"
        )
        hint(f"{result.captured:,} frames recorded: {shares}{took}")
    exit_on(result.failures)


def _pair(rules: list[str], actions: list[str]) -> tuple[tuple[str, str], ...]:
    if len(actions) == 1:
        actions = actions * len(rules)
    if len(rules) != len(actions):
        raise UsageError(
            f"--when is given {len(rules)} times and --do {len(actions)} times; give one --do for each --when, or one for all."
        )
    return tuple(zip(rules, actions, strict=True))


def _parse_place(text: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--center {text}: expected two numbers of pixels, such as 320,240.") from None
    return x, y
