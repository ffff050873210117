"""What a search leaves for people: the table of its trials, the best study, two pictures and a summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.trial import FrozenTrial, TrialState

from behavior.config import Search
from behavior.figures.rendering import render_png
from behavior.figures.search import draw_front, draw_history, draw_importance
from behavior.files.atomic import write_bytes, write_text
from behavior.files.cells import write_table
from behavior.files.claims import CLAIM_SECONDS
from behavior.files.markdown import format_markdown_table, write_markdown
from behavior.files.result_folders import replace_results
from behavior.files.study import study_as_yaml
from behavior.search.front import find_front
from behavior.search.space import SearchSpace, describe_setting, format_value
from behavior.search.storage import (
    FINISHED,
    HOST,
    INTERRUPTED,
    MOST_DEATHS,
    PID,
    REASON,
    REPEATS,
    SharedSearch,
    is_given_up,
)

__all__ = ["BEST_FILE", "RENAMED", "SCORES", "SUMMARY", "TRIALS_FILE", "SearchResult", "summarise_search", "write_search"]

TRIALS_FILE = "trials.csv"
BEST_FILE = "best.yaml"
HISTORY_PICTURE, IMPORTANCE_PICTURE, FRONT_PICTURE, SUMMARY = "history.png", "importance.png", "front.png", "summary.md"
# What trials carry: the score of every behavior.
SCORES = "scores"
# What searches carry: the old and the new name of each behavior that was renamed since its first trial.
RENAMED = "renamed"
STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
OBJECTIVES = {
    "average_precision": "pooled out-of-fold average precision",
    "f1": "pooled out-of-fold F1 at the threshold that suits the behavior best",
    "f2": "pooled out-of-fold F2 at the threshold that suits the behavior best",
}
# Fewer trials say little about what their scores depend on.
LEAST_FOR_IMPORTANCE = 8
SHOWN = 10
# More than a claim lasts whose process is gone: the other workers outlive it.
PATIENCE_S = CLAIM_SECONDS + 60.0


@dataclass(frozen=True)
class SearchResult:
    """How far a search is.

    Attributes
    ----------
    table
        `trials.csv`: a row for each trial.
    limit
        Number of trials that are to be complete or pruned.
    counts
        Number of trials by state: complete, pruned, failed, running.
    best
        Number of the best complete trial; None while there is none.
    score
        Its score; NaN while there is none.
    setting
        What it set, by key.
    importances
        By key; empty while there are too few trials.
    """

    table: pd.DataFrame
    limit: int
    counts: dict[str, int]
    best: int | None
    score: float
    setting: dict[str, Any]
    importances: dict[str, float]

    @property
    def finished(self) -> int:
        """Number of trials that are complete or pruned."""
        return self.counts["complete"] + self.counts["pruned"]


def summarise_search(shared: SharedSearch, space: SearchSpace, search: Search, *, limit: int) -> SearchResult:
    """Return how far a search is."""
    trials = shared.list_trials()
    # Trials that were stopped, or whose worker died, are none of these: they are run again under another number.
    states = [STATES[trial.state] for trial in trials if trial.state != TrialState.FAIL or _has_failed(trial, trials)]
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    best = max(complete, key=lambda trial: (trial.value, -trial.number), default=None)
    return SearchResult(
        table=_tabulate(trials, space, search, renamed=shared.study.user_attrs.get(RENAMED, [])),
        limit=limit,
        counts={state: states.count(state) for state in ("complete", "pruned", "failed", "running")},
        best=None if best is None else best.number,
        score=float("nan") if best is None else float(best.value),
        setting={} if best is None else dict(best.params),
        importances=_find_importances(shared.study, complete, space),
    )


def write_search(out: Path, result: SearchResult, space: SearchSpace, search: Search, *, address: str, with_pictures: bool = True) -> None:
    """Write everything that a search leaves to the folder `out`, in place of what was there; workers wait for each other.

    Parameters
    ----------
    address
        Storage and name of the search.
    with_pictures
        Whether to draw the pictures again; those that are there stay otherwise.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or another process goes on writing there for minutes.
    """
    replaced = [TRIALS_FILE, BEST_FILE, *([HISTORY_PICTURE, IMPORTANCE_PICTURE, FRONT_PICTURE] if with_pictures else [])]
    with replace_results(
        out, mark=SUMMARY, find_earlier=lambda folder: [folder / name for name in replaced], patience_s=PATIENCE_S
    ) as folder:
        write_table(folder / TRIALS_FILE, result.table)
        if with_pictures:
            _draw(folder, result, search)
        if result.best is not None:
            text = study_as_yaml(space.make_study(result.setting))
            objective = search.objective.replace("_", " ")
            head = f"# Trial {result.best} of a search, the best of {result.finished}: {objective} {result.score:.4f},\n"
            write_text(folder / BEST_FILE, head + "# which is optimistic, because the best was chosen by it.\n" + text)
        write_markdown(folder / SUMMARY, _write_summary(result, space, search, address))


def _draw(out: Path, result: SearchResult, search: Search) -> None:
    scored = result.table[result.table["value"].notna() & result.table["state"].isin(["complete", "pruned"])]
    if len(scored):
        figure = draw_history(
            scored["number"].to_numpy(),
            scored["value"].to_numpy(dtype=np.float64),
            (scored["state"] == "pruned").to_numpy(),
            score=search.objective.replace("_", " "),
            title="Search",
        )
        write_bytes(out / HISTORY_PICTURE, render_png(figure))
    complete = result.table[result.table["state"] == "complete"]
    if "front" in complete and len(complete):
        figure = draw_front(
            complete["seconds"].to_numpy(dtype=np.float64),
            complete["value"].to_numpy(dtype=np.float64),
            complete["front"].to_numpy(dtype=bool),
            complete["number"].to_numpy(),
            score=search.objective.replace("_", " "),
            title="What no other trial beats",
        )
        write_bytes(out / FRONT_PICTURE, render_png(figure))
    if result.importances:
        figure = draw_importance(result.importances, title="What the score depended on")
        write_bytes(out / IMPORTANCE_PICTURE, render_png(figure))


def _tabulate(trials: Sequence[FrozenTrial], space: SearchSpace, search: Search, *, renamed: Sequence[tuple[str, str]]) -> pd.DataFrame:
    keys = [parameter.key for parameter in space.parameters]
    names = list(space.study.behaviors)
    rows = []
    for trial in trials:
        took = trial.datetime_complete - trial.datetime_start if trial.datetime_complete and trial.datetime_start else None
        scores = dict(trial.user_attrs.get(SCORES, {}))
        for old, new in renamed:
            if old in scores:
                scores[new] = scores.pop(old)
        rows.append(
            {
                "number": trial.number,
                "state": STATES[trial.state],
                "value": trial.value if trial.state in FINISHED else None,
                **{key: _name_value(trial.params[key]) if key in trial.params else None for key in keys},
                **{f"{search.objective}_{name}": scores.get(name) for name in names},
                "epochs": len(trial.intermediate_values),
                "seconds": None if took is None else round(took.total_seconds(), 1),
                "host": trial.user_attrs.get(HOST),
                "pid": trial.user_attrs.get(PID),
                "repeats": trial.user_attrs.get(REPEATS),
                "reason": _explain(trial, trials),
            }
        )
    table = pd.DataFrame(rows, columns=_list_columns(keys, names, search))
    numbers = ["value", "seconds", *(name for name in table.columns if name.startswith(f"{search.objective}_"))]
    if search.beside == "seconds":
        # What was pruned has the score of fewer epochs.
        scores = table["value"].where(table["state"] == "complete").to_numpy(dtype=np.float64)
        table.insert(3, "front", find_front(scores, table["seconds"].to_numpy(dtype=np.float64)))
    return table.astype({"pid": "Int64", "repeats": "Int64", **dict.fromkeys(numbers, "float64")})


def _list_columns(keys: Sequence[str], names: Sequence[str], search: Search) -> list[str]:
    scores = [f"{search.objective}_{name}" for name in names]
    return ["number", "state", "value", *keys, *scores, "epochs", "seconds", "host", "pid", "repeats", "reason"]


def _has_failed(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> bool:
    return REASON in trial.user_attrs or is_given_up(trial, trials)


def _name_value(value: Any) -> Any:
    """Return a drawn value as a table shows it; null is a value, and not a cell that was left empty."""
    return "null" if value is None else value


def _explain(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> str:
    if trial.state != TrialState.FAIL:
        return ""
    if REASON in trial.user_attrs:
        return str(trial.user_attrs[REASON])
    if is_given_up(trial, trials):
        return f"its process died, and {MOST_DEATHS - 1} times before with the same setting; not run again"
    what = "it was stopped" if INTERRUPTED in trial.user_attrs else "its process died"
    again = next((other.number for other in trials if other.user_attrs.get(REPEATS) == trial.number), None)
    return f"{what}; to be run again" if again is None else f"{what}; run again as trial {again}"


def _find_importances(study: optuna.Study, complete: Sequence[FrozenTrial], space: SearchSpace) -> dict[str, float]:
    """Return how much of the differences between scores each key explains; empty where nothing can be said.

    See the default evaluator of `optuna.importance.get_param_importances`: PED-ANOVA, Watanabe, Bansal and Hutter (2023), IJCAI.
    """
    varied = [parameter.key for parameter in space.parameters if len({trial.params.get(parameter.key) for trial in complete}) > 1]
    if len(complete) < LEAST_FOR_IMPORTANCE or not varied or len({trial.value for trial in complete}) < 2:
        return {}
    importances = optuna.importance.get_param_importances(study, params=varied)
    return {key: float(value) for key, value in importances.items()}


def _write_summary(result: SearchResult, space: SearchSpace, search: Search, address: str) -> str:
    counts = result.counts
    lines = [
        "# Search",
        "",
        f"- {result.finished} of {result.limit} trials are done: {counts['complete']} complete, {counts['pruned']} pruned. "
        f"{counts['failed']} failed, {counts['running']} running.",
        f"- Objective: the mean over {', '.join(space.study.behaviors)} of the {OBJECTIVES[search.objective]}.",
    ]
    if result.best is None:
        lines.append("- No trial is complete yet.")
    else:
        lines += [
            f"- Best: trial {result.best} with {result.score:.4f}: {describe_setting(result.setting)} (`{BEST_FILE}`).",
            "- This score is optimistic, because the best of many was chosen by it, on recordings that its models were compared on. An "
            f"honest number comes from recordings with split=test, which no search looks at: `behavior train {BEST_FILE}` scores them.",
        ]
    if "front" in result.table:
        front = result.table[result.table["front"]].sort_values("seconds")
        listed = "; ".join(f"{row.value:.4f} in {row.seconds:,.0f} s (trial {row.number})" for row in front.itertuples())
        lines.append(f"- No other trial beats these in both score and time: {listed or 'no trial is complete yet'} (`{FRONT_PICTURE}`).")
    size = space.size
    lines.append(
        f"- {'All' if search.sampler == 'grid' else 'Chosen by ' + search.sampler + ' from'} {'endless' if size is None else f'{size:,}'} "
        f"settings of {', '.join(parameter.key for parameter in space.parameters)}; pruning: {search.pruning.rule}."
    )
    if result.importances:
        listed = ", ".join(f"{key} {value:.2f}" for key, value in result.importances.items())
        lines.append(f"- What the score depended on, of complete trials: {listed}.")
    lines.append(f"- Storage: {address}; `optuna-dashboard` shows it live.")
    failed = result.table[result.table["state"] == "failed"]
    lines += [f"- Trial {number} failed: {reason.rstrip('.')}." for number, reason in zip(failed["number"], failed["reason"], strict=True)]
    ranked = result.table[result.table["state"] == "complete"].sort_values("value", ascending=False, kind="stable").head(SHOWN)
    if len(ranked):
        keys = [parameter.key for parameter in space.parameters]
        rows = [[str(row["number"]), f"{row['value']:.4f}", *(format_value(row[key]) for key in keys)] for _, row in ranked.iterrows()]
        lines += ["", f"## The best {len(ranked)}", "", format_markdown_table(["trial", search.objective, *keys], rows)]
    return "\n".join(lines) + "\n"
