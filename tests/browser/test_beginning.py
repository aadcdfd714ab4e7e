"""A page that is opened stays where it is while its parts arrive."""

from __future__ import annotations

import pytest

from tests.benchmarks.pages import come_to_rest
from tests.support.browser import PHONE, PROJECTOR

# Runs before the page's own scripts: where its heading has stood, frame by frame, in pixels from the top.
WATCH = """() => {
    window.labTops = [];
    const look = () => {
        const heading = document.querySelector("[data-testid=stMain] h1");
        const top = heading && Math.round(heading.getBoundingClientRect().top);
        if (top !== null && top !== labTops.at(-1)) labTops.push(top);
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


@pytest.mark.parametrize("viewport", [PROJECTOR, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("lesson", ["convolutional", "difference", "latent_space", "your_digit"])
def test_what_is_not_seen_takes_no_room_while_it_is_awaited(tabs, app, lesson, viewport):
    page = tabs.open(viewport=viewport)
    page.add_init_script(f"({WATCH})()")
    page.goto(f"{app.url}/{lesson}")
    come_to_rest(page)
    tops = page.evaluate("labTops")
    assert max(tops) - min(tops) <= 4, tops


def test_the_style_of_every_page_gives_way_to_that_of_presenting(page, app):
    """Of two rules that say the same of an element, a browser takes the later one."""
    page.goto(f"{app.url}/reading?present=1")
    path = page.locator(".lab-path")
    path.wait_for(state="attached")
    come_to_rest(page)
    assert path.is_hidden()
