"""Values that a button and a widget both change have one owner, and a link."""

from __future__ import annotations

import pytest
from streamlit.elements.lib import policies
from streamlit.testing.v1 import AppTest

from ae_core.service import jobs
from tests.conftest import PROJECT, widget_key
from tests.pages.test_share import open_link

# The drawing board registers itself with a running server, so its page is tested in the browser.
PAGES = sorted(path.stem for path in (PROJECT / "pages").glob("*.py") if path.stem != "your_digit")


@pytest.fixture(autouse=True)
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "submit_training", lambda *asked: None)


def open_page(name: str, **link: str) -> AppTest:
    return open_link(name, link)


@pytest.mark.parametrize(
    ("name", "link"), [*((name, {}) for name in PAGES), ("latent_space", {"latent_size": "2"})]
)
def test_no_button_writes_what_a_widget_with_a_default_owns(name, link, monkeypatch):
    told: list[str] = []
    monkeypatch.setattr(policies, "_shown_default_value_warning", False)
    monkeypatch.setattr(
        policies._LOGGER, "warning", lambda message, *about, **_: told.append(f"{message} {about}")
    )
    page = open_page(name, **link)
    for button in page.button:
        if not button.disabled:
            button.click()
    page.run()
    assert not page.exception, page.exception
    assert told == []


def test_a_typed_seed_and_the_buttons_go_on_from_each_other():
    page = open_page("home", digits_seed="4", noise_seed="99999999999")
    assert (page.session_state["digits_seed"], page.session_state["noise_seed"]) == (4, 0)
    page.button(key="new_digits").click().run()
    assert page.number_input(key=widget_key(page, "digits_seed")).value == 5
    page.number_input(key=widget_key(page, "digits_seed")).set_value(8).run()
    assert page.query_params["digits_seed"] == "8"
    page.button(key="new_digits").click().run()
    page.button(key="new_noise").click().run()
    assert (page.query_params["digits_seed"], page.query_params["noise_seed"]) == ("9", "1")
    page.number_input(key=widget_key(page, "digits_seed")).set_value(0).run()
    assert "digits_seed" not in page.query_params


def test_the_places_in_the_space_of_codes_stay_in_their_link_until_they_are_reset():
    page = open_page("latent_space", latent_a="3", latent_direction_2="1.5")
    page.button(key="latent_others").click().run()
    assert [page.number_input(key=widget_key(page, key)).value for key in ("latent_a", "latent_b")] == [
        10,
        12,
    ]
    page.button(key="latent_reset").click().run()
    assert page.slider(key=widget_key(page, "latent_direction_2")).value == 0.0
    assert set(page.query_params) == {"latent_a", "latent_b"}


def test_a_pictures_number_is_not_taken_for_its_digit():
    page = open_page("latent_space")
    labels = {page.number_input(key=widget_key(page, key)).label for key in ("latent_a", "latent_b")}
    assert labels == {"A: picture no.", "B: picture no."}
    drawn = "".join(element.proto.body for element in page.get("html"))
    assert "A: a 7 (picture no. 0)" in drawn
