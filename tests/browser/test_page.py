"""A run's page in Chromium, at two widths, light and dark: `pytest -m browser` (see CONTRIBUTING.md).

What is seen: nothing is wider than the window, nothing is asked of a network, the console is silent, and axe-core finds
nothing: contrast, headings, landmarks, names, what the keyboard reaches.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sternway_steps.cli.page.render import render

from tests.unit.cli.page.test_render import ATTACKS, attacked

from .shown import Shown, succeeded, whole

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SHOWN = {"whole": whole, "succeeded": succeeded, "foreign": lambda: attacked("\n".join(ATTACKS))}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="pip install '.[browser]'")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module", params=SHOWN)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    shown: Shown = SHOWN[request.param]()
    path = tmp_path_factory.mktemp("page") / "run.html"
    path.write_text(render(*shown))
    return path


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark"), (390, "light"), (1280, "dark")])
def test_it_fits_is_silent_and_can_be_read_by_all(browser: Any, file: Path, width: int, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        page, said, asked = context.new_page(), [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # What scrolls within itself would need the keyboard, and is not read on paper.
        wider = page.evaluate("[...document.querySelectorAll('body *')].filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display != 'inline' && !e.closest('svg') && !e.matches('.sr, .skip')).map(e => e.outerHTML.slice(0, 200))")  # fmt: skip
        assert wider == []
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert "color-contrast" in {rule["id"] for rule in found.response["passes"]}, "contrast was looked at"
        unsure = [rule for rule in found.response["incomplete"] if rule["id"] == "color-contrast"]
        assert unsure == [], "of each text it could be told"
        assert said == []
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_the_keyboard_reaches_all_of_it_and_is_seen(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "run.html").write_text(render(*whole()))
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page, reached = context.new_page(), []
        page.goto((tmp_path / "run.html").as_uri())
        wanted = page.evaluate("document.querySelectorAll('a, summary').length")
        for _ in range(wanted):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.textContent"))
            outline = page.evaluate(
                "(style => style.outlineStyle + style.outlineWidth)(getComputedStyle(document.activeElement))"
            )
            assert outline == "solid3px", reached
            box = page.evaluate(
                "(box => [box.width > 0, box.height > 0])(document.activeElement.getBoundingClientRect())"
            )
            assert box == [True, True]
        assert reached[0] == "Skip to the run"
        page.keyboard.press("Enter")
        assert len(set(reached)) > 6
        page.goto((tmp_path / "run.html").as_uri())
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_what_is_folded_opens_by_the_keyboard(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "run.html").write_text(render(*whole()))
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((tmp_path / "run.html").as_uri())
        page.focus("summary")
        before = page.evaluate("document.querySelector('details').open")
        page.keyboard.press("Enter")
        assert page.evaluate("document.querySelector('details').open") is not before
