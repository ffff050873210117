"""Training from the page in a real browser, with jobs that take no time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fake_jobs
import pytest
from page_actions import wait_for_text


def open_tab(page: Any) -> None:
    page.click("[aria-controls='training-tab']")


def test_a_job_is_followed_in_two_tabs_and_stopped(
    serve: Callable[..., Any], open_page: Callable[..., Any], study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("behavior.review.training.train_study", fake_jobs.wait)
    client = serve(study)
    first, second = open_page(client), open_page(client)
    open_tab(first)
    wait_for_text(first, "advice", "Nothing is trained yet.")
    first.click("#train")
    wait_for_text(first, "job-step", "of 1000 steps, patiently")
    assert first.locator("#train").is_disabled()
    # The other tab sees the same job, and ends it.
    open_tab(second)
    wait_for_text(second, "job-step", "waiting, ")
    wait_for_text(second, "job-lines", "at work")
    assert float(second.evaluate("document.getElementById('job-progress').value")) > 0
    second.click("#stop-job")
    for page in (first, second):
        wait_for_text(page, "job-state", "Stopped. Finished work is kept")
        assert page.locator("#train").is_enabled()


def test_the_curve_is_drawn_and_the_page_says_whether_to_go_on(
    serve: Callable[..., Any], open_page: Callable[..., Any], study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("behavior.review.training.train_study", fake_jobs.add_round)
    page = open_page(serve(study))
    open_tab(page)
    for number in range(1, 5):
        page.click("#train")
        wait_for_text(page, "job-state", f"Round {number} is done.")
        page.wait_for_selector(f"#rounds tr:nth-child({number + 1})")
    canvas = page.locator("#curve")
    # The first round was scored on other frames, and is not joined to the others.
    assert (canvas.get_attribute("data-points"), canvas.get_attribute("data-series")) == ("4", "2")
    painted = page.evaluate(
        "() => { const { width, height } = document.getElementById('curve');"
        "return document.getElementById('curve').getContext('2d').getImageData(0, 0, width, height).data.some((value) => value > 0); }"
    )
    assert painted
    wait_for_text(page, "advice", "10 more minutes")
    wait_for_text(page, "curve-legend", "the human ceiling, F1 0.95 between raters")
    assert page.locator("#rounds tr:nth-child(2)").inner_text().split() == ["4", "20.0", "0.88", "random", "clips"]


def test_a_refusal_is_shown(serve: Callable[..., Any], open_page: Callable[..., Any], study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("behavior.review.training.train_study", fake_jobs.refuse)
    page = open_page(serve(study))
    open_tab(page)
    page.click("#train")
    wait_for_text(page, "job-state", "too few labels to train on: rear has no bout yet.")
    assert "bad" in (page.locator("#job-state").get_attribute("class") or "")


def test_new_predictions_replace_the_old_ones_without_loading_the_page_again(
    serve: Callable[..., Any], open_page: Callable[..., Any], study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("behavior.review.training.train_study", fake_jobs.predict_all)
    page = open_page(serve(study))
    page.wait_for_function("() => document.querySelector('#behaviors .probability')?.textContent === '0.10'")
    open_tab(page)
    page.click("#train")
    page.wait_for_function("() => document.querySelector('#behaviors .probability')?.textContent === '0.75'")
