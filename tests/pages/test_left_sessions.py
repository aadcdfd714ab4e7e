"""A visitor's pictures are out of the server's memory within a minute of closing the tab."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.load.client import Visitor
from tests.load.isolation import picture
from tests.pages.test_gate import KEY, figures, in_a_loop_of_its_own
from tests.support.browser import App


@in_a_loop_of_its_own
async def test_a_session_with_a_picture_is_gone_a_minute_after_its_tab_and_others_stay(tmp_path: Path):
    with App(tmp_path, AE_LAB_METRICS_KEY=KEY) as app:
        async with Visitor(app.url) as stays:
            await stays.open()
            async with Visitor(app.url, "your_digit", query="digit_source=Upload") as leaves:
                await leaves.open()
                assert not (await leaves.upload("own_file", "digit.png", picture(1))).failed
                assert (await asyncio.to_thread(figures, app))["sessions_in_memory"] == 2
            left = time.monotonic()
            while (await asyncio.to_thread(figures, app))["sessions_in_memory"] > 1:
                assert time.monotonic() - left < 60
                await asyncio.sleep(1)
            assert not (await stays.move("home_test_noise", 0.6)).failed
