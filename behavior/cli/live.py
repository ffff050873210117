"""The command that predicts while a recording goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from behavior.cli.interruption import stopping_softly
from behavior.cli.options import AsJson, parse_duration
from behavior.cli.printing import exit_on, hint, hint_next_of_ethograms, print_table
from behavior.cli.session import session
from behavior.compute.loading import load_keras
from behavior.errors import UsageError

if TYPE_CHECKING:
    from behavior.live.recorders import Recorders
    from behavior.live.results import LiveResult, SourceResult

__all__ = ["app"]

app = typer.Typer()


@app.command(epilog="Example: behavior live model --source 0 --out live")
def live(
    model: Annotated[Path | None, typer.Argument(metavar="MODEL", help="Folder of the model.")] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]NUMBER|ADDRESS|FILE",
            help="A camera (0 is the first), a stream (rtsp://...), or a video, with a name of its own: left=0; once for each.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the recordings; created if missing.")] = None,
    name: Annotated[str, typer.Option(help="Name of a source that has none; the time if not given.")] = "",
    pace: Annotated[Literal["real", "fastest"], typer.Option(help="Play a video at its own pace, or as fast as the model is.")] = "real",
    delay: Annotated[
        float, typer.Option(min=0, help="Seconds that a probability may come later than its frame, for heads that look at later frames.")
    ] = 0.0,
    center: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y",
            help="For models of crops: a fixed place in the picture, in pixels, instead of the animal's; for each source, or one for all.",
        ),
    ] = None,
    background: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="VIDEO",
            help="For models of crops: a video of the same set-up, before which the animal is looked for; for each source, or one for all.",
        ),
    ] = None,
    warm_up: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="For models of crops: estimate the background from the first seconds, which are not predicted; 10s for a camera without "
            "--background.",
        ),
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
    wait: Annotated[
        bool, typer.Option("--wait", help="Record nothing until it is started on the page; there it may be stopped and started again.")
    ] = False,
    keep_free: Annotated[float, typer.Option(min=0, help="GiB of the drive to keep free: recording stops before less is left.")] = 1.0,
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

        _print_result(recover_folder(recover), recover, as_json=as_json)
        return
    if model is None or not source or out is None:
        raise UsageError("expected a model, --source and --out; for example: behavior live model --source 0 --out live.")
    if wait and port is None:
        raise UsageError("--wait waits for the page; add --port, such as --port 8800.")
    load_keras()
    from behavior.live.request import LiveRequest
    from behavior.workflows.live import run_live

    request = LiveRequest(
        sources=tuple(source),
        name=name,
        pace=pace,
        delay_s=delay,
        centers=tuple(_parse_place(one) for one in center or []),
        backgrounds=tuple(background or []),
        warm_up_s=None if warm_up is None else parse_duration(warm_up, option="--warm-up"),
        roll_s=None if roll is None else parse_duration(roll, option="--roll"),
        duration_s=None if duration is None else parse_duration(duration, option="--duration"),
        keep_free_gib=keep_free,
        rules=_pair(when or [], do or []),
        rest_s=rest,
        waits=wait,
    )
    running: list[Recorders] = []
    stack = ExitStack()

    def begin(recorders: Recorders) -> None:
        running.append(recorders)
        if port is not None:
            hint(f"watch it at {stack.enter_context(_serving(recorders, host=host, port=port))}")
        hint("press Ctrl-C to end")

    def end() -> None:
        for recorders in running:
            recorders.end()

    with stopping_softly(end), stack:
        result = run_live(model, out, request, on_start=begin, say=session.answer)
    _print_result(result, out, as_json=as_json)


@contextmanager
def _serving(recorders: Recorders, *, host: str, port: int) -> Iterator[str]:
    """Serve the page while the block runs, and hand out its address."""
    from behavior.review.live_answers import make_live_application
    from behavior.review.live_desk import LiveDesk
    from behavior.review.serving import serving_application

    desk = LiveDesk(recorders)
    application = make_live_application(desk)
    with serving_application(application, host=host, port=port, start=int, say_last=desk.end, has_sockets=True) as running:
        yield running.address


def _print_result(result: LiveResult, out: Path, *, as_json: bool) -> None:
    rows = [[name, None if isinstance(outcome, str) else outcome] for name, outcome in result.recordings.items()]
    extra = {"sources": {name: _count(source) for name, source in result.sources.items()}, "failures": result.failures}
    print_table(["recording", "frames"], rows, as_json=as_json, extra=extra)
    for name, source in result.sources.items():
        tally = source.tally
        if tally.unfinished:
            # What the model saw beyond that is lost.
            hint(f"{name}: {source.captured:,} frames are in its videos; {', '.join(tally.unfinished)} waits to be recovered")
            continue
        if not tally.looked_at:
            continue
        shares = f"{tally.looked_at:,} seen by the model, {tally.skipped:,} skipped, {tally.undecodable:,} not decoded"
        if tally.not_predicted:
            shares += f", {tally.not_predicted:,} not predicted while the background was estimated"
        median, high = source.find_latency(50), source.find_latency(99)
        took = (
            ""
            if median is None or high is None
            else f"; from capture to probability {median * 1000:.0f} ms, {high * 1000:.0f} ms at the 99th percentile"
        )
        hint(f"{name}: {source.captured:,} frames recorded: {shares}{took}")
    if result.is_any_finished:
        hint(f"wrote RECORDING.mkv, RECORDING_ethogram.csv, RECORDING_bouts.csv and RECORDING_ethogram.json to {out}")
        hint_next_of_ethograms(out)
    exit_on(result.failures, others=result.is_any_finished)


def _count(source: SourceResult) -> dict[str, object]:
    return {
        "captured": source.captured,
        "looked_at": source.tally.looked_at,
        "skipped": source.tally.skipped,
        "not_decoded": source.tally.undecodable,
        "not_found": source.tally.not_found,
        "not_predicted": source.tally.not_predicted,
        "latency_median_s": source.find_latency(50),
        "latency_p99_s": source.find_latency(99),
        "gaps": source.gaps,
        "unfinished": source.tally.unfinished,
        "reason": source.reason or source.error,
    }


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
