"""A visitor's own digit: uploaded, prepared as they like, placed among others, shown in every lesson."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from ae_core.figures import base as figures
from ae_core.study.likeness import measure_crowd, measure_likeness
from pages.shared import display, living_view, session
from pages.shared.browser import browser_memory
from pages.shared.own_digit import digit_source, drawing_board, my_digit
from pages.shared.parts import network_view, noise_view
from tests.conftest import PROJECT, widget_key
from tests.pages.test_pages import markup, open_page, pictures

# the three model pages share one bench
LESSONS = ["home", "convolutional", "difference", "comparison", "latent_space"]


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def page_of_paper(digits_nhw: torch.Tensor) -> np.ndarray:
    """Digits side by side, ten times as large, dark on light paper."""
    sheet_hw = np.concatenate(
        [np.pad(np.kron(digit.numpy(), np.ones((10, 10))), 20) for digit in digits_nhw], axis=1
    )
    return (235 - 200 * sheet_hw).astype(np.uint8)


@pytest.fixture
def page(digits) -> AppTest:
    """The page Your digit after a 3 was uploaded."""
    opened = AppTest.from_file(str(PROJECT / "pages" / "your_digit.py"), default_timeout=60)
    opened.query_params["digit_source"] = "Upload"
    opened.run()
    return upload(opened, page_of_paper(digits.test_nhw[digits.test_labels_n == 3][:1]))


def upload(page: AppTest, pixels: np.ndarray | bytes) -> AppTest:
    content = pixels if isinstance(pixels, bytes) else png(pixels)
    page.file_uploader(key=widget_key(page, "own_file")).set_value(("photo.png", content, "image/png")).run()
    assert not page.exception, page.exception
    return page


def own(page: AppTest) -> torch.Tensor:
    return page.session_state[session.OWN_DIGIT]


def texts(page: AppTest) -> str:
    return " ".join(
        element.value for kind in ("markdown", "caption", "info", "error") for element in page.get(kind)
    )


def html(page: AppTest) -> str:
    return "".join(element.proto.body for element in page.get("html"))


def test_an_empty_page_says_what_to_do():
    page = AppTest.from_file(str(PROJECT / "pages" / "your_digit.py"), default_timeout=60)
    page.query_params["digit_source"] = "Upload"
    assert page.run().info[0].value == digit_source.PROMPTS["Upload"]


def test_an_uploaded_digit_goes_through_its_steps_and_all_three_networks(page, digits):
    original_hw = digits.test_nhw[digits.test_labels_n == 3][0]
    shifts = [own(page).roll((dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    assert min(float((shifted - original_hw).abs().mean()) for shifted in shifts) < 0.04
    assert html(page).count("<figure>") >= 5
    assert all(f"({name})</h4>" in markup(page) for name in ("FAE", "CAE", "DAE"))


@pytest.mark.parametrize(
    "act",
    [
        lambda page: page.toggle(key=widget_key(page, "own_flip")).set_value(True),
        lambda page: page.toggle(key=widget_key(page, "own_prepare")).set_value(False),
        lambda page: page.button(key="own_turn").click(),
        lambda page: page.slider(key=widget_key(page, "own_threshold")).set_value(0.85),
    ],
    ids=["flip", "unprepared", "turn", "threshold"],
)
def test_every_dial_of_the_preparation_changes_the_digit(digits, act):
    opened = AppTest.from_file(str(PROJECT / "pages" / "your_digit.py"), default_timeout=60)
    opened.query_params["digit_source"] = "Upload"
    # Two shades of ink, so that the threshold has something to tell apart.
    sheet = page_of_paper(digits.test_nhw[digits.test_labels_n == 5][:1])
    sheet[150:] = 235 - (235 - sheet[150:]) // 1.6
    page = upload(opened.run(), sheet)
    before = own(page).clone()
    act(page).run()
    assert page.error or not own(page).equal(before)


def test_a_new_picture_begins_without_the_last_ones_wishes(page, digits):
    page.button(key="own_turn").click().run()
    page.slider(key=widget_key(page, "own_threshold")).set_value(0.7).run()
    upload(page, page_of_paper(digits.test_nhw[digits.test_labels_n == 4][:1]))
    assert page.slider(key=widget_key(page, "own_threshold")).value == 0.5
    assert "own_turns" not in page.session_state


def test_each_of_several_digits_can_be_chosen(page, digits):
    several_nhw = torch.stack([digits.test_nhw[digits.test_labels_n == label][1] for label in (0, 6, 8)])
    upload(page, page_of_paper(several_nhw))
    seen = []
    for number in (1, 2, 3):
        page.segmented_control(key="own_which").set_value(number).run()
        seen.append(own(page).clone())
    assert not seen[0].equal(seen[1])
    assert not seen[1].equal(seen[2])


def test_a_refused_file_is_told_in_plain_words_and_the_digit_before_it_stays(page):
    before = own(page).clone()
    upload(page, b"I am not a picture.")
    assert "is not a PNG, JPEG" in page.error[0].value
    assert own(page).equal(before)


def test_a_visitor_who_sends_too_many_pictures_is_asked_to_wait(page, digits, monkeypatch):
    monkeypatch.setattr(digit_source, "MOST_A_MINUTE", 3)
    before = own(page).clone()
    for label in (4, 5, 6):
        upload(page, page_of_paper(digits.test_nhw[digits.test_labels_n == label][:1]))
    assert "Wait a moment" in page.error[0].value
    assert not own(page).equal(before)


def test_a_page_without_ink_says_so_and_offers_the_dials(page):
    upload(page, np.full((200, 200), 200, np.uint8))
    assert "no ink" in page.error[0].value
    assert page.slider(key=widget_key(page, "own_threshold"))


def test_the_surprise_is_the_one_measured(page, digits):
    from pages.shared import lab, networks

    run = networks.choose_trio(30)["CAE"]
    model = lab.load_network(run)
    few_nhw = digits.test_nhw[:1000]
    others = measure_crowd(model, few_nhw, few_nhw, digits.test_labels_n[:1000])
    measured = measure_likeness(model, own(page), own(page), others)
    shown = next(metric for metric in page.metric if metric.label.startswith("CAE"))
    assert shown.value == f"{measured.smaller:,} of {measured.count:,}"


def test_noise_and_latent_size_change_what_the_networks_make_of_it(page):
    pictures_before, surprise_before = pictures(page), [metric.value for metric in page.metric]
    page.slider(key="your_digit_test_noise").set_value(0.5).run()
    assert pictures(page) != pictures_before
    page.select_slider(key="latent_size").set_value(2).run()
    assert [metric.value for metric in page.metric] != surprise_before


def test_the_download_is_the_digit_and_says_nothing_else(page):
    file = Image.open(io.BytesIO(my_digit.encode_png(own(page))))
    assert (file.size, file.mode, file.info) == ((28, 28), "L", {})
    assert np.abs(np.asarray(file) / 255 - own(page).numpy()).max() < 1 / 255


def test_forgetting_leaves_nothing(page):
    page.button(key="own_forget").click().run()
    assert session.OWN_DIGIT not in page.session_state
    assert session.OWN_PICTURE not in page.session_state
    texts = page.session_state[session.BROWSER_MEMORY]["texts"]
    assert [texts[name] for name in ("picture", "board", "digit")] == [""] * 3  # what the browser hears
    assert "Choose a picture of a digit" in page.info[0].value


def remembered(name: str, texts: dict[str, str]) -> AppTest:
    """A page in a new session whose browser has kept `texts`."""
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    page.query_params["digit_source"] = "Upload"
    page.session_state[session.BROWSER_MEMORY] = {
        "asked": True,
        "times": 1,
        "session": "",
        "texts": browser_memory.usable_texts(texts),
    }
    page.run()
    assert not page.exception, page.exception
    return page


def test_a_new_session_has_the_digit_again_on_every_page(page):
    kept = page.session_state[session.BROWSER_MEMORY]["texts"]
    page.toggle(key="your_digit_own").set_value(False).run()
    for name, toggle in (
        ("home", "digits_own"),
        ("latent_space", "latent_own"),
        ("your_digit", "your_digit_own"),
    ):
        again = remembered(name, kept)
        assert again.toggle(key=toggle).value is False
        assert own(again).equal(own(page))


JUNK = [
    "{}",
    "no base64!",
    "QUJD",
    '{"greys": "QUJD", "shown": true}',
    '{"greys": 7, "shown": 7}',
    "[" * 4_900,
    "A" * 3_000_000,
    '{"number": 0, "strokes": [{"rubs": false, "width": 18, "points": [NaN, 1, 1]}]}',
    '{"number": -1, "strokes": []}',
    json.dumps({"greys": base64.b64encode(np.full((28, 28), 2, "<f4").tobytes()).decode(), "shown": True}),
]


@pytest.mark.parametrize("text", JUNK, ids=range(len(JUNK)))
def test_what_a_browser_says_it_has_kept_is_taken_if_it_can_be_that(text):
    assert my_digit._decode_digit(text) is None
    assert drawing_board.decode_board(text) is None


@pytest.mark.parametrize(
    "found", [None, 7, "text", [1], {"picture": 7, "else": "b", "question_../x": "a", "board": "A" * 600_001}]
)
def test_only_what_the_lab_may_have_kept_is_taken(found):
    assert browser_memory.usable_texts(found) == {}


def test_a_browsers_junk_shows_on_no_page():
    page = remembered("your_digit", {"picture": "QUJD", "digit": "{}", "board": "[]"})
    assert not page.error
    assert session.OWN_DIGIT not in page.session_state
    assert page.session_state[session.BROWSER_MEMORY]["texts"]["picture"] == ""


def stroke(**changed: object) -> dict[str, object]:
    """As the board tells one: the pen from the upper left to the middle."""
    return {"rubs": False, "width": 18, "points": [40, 40, 0.5, 90.5, 80, 0.5, 140, 140, 0.25]} | changed


def text_of(strokes: list[object], number: object = 4) -> str:
    return json.dumps({"number": number, "strokes": strokes})


def drawn(text: str) -> AppTest:
    """The page Your digit in a new session whose browser has kept this board."""
    page = AppTest.from_file(str(PROJECT / "pages" / "your_digit.py"), default_timeout=60)
    page.session_state[session.BROWSER_MEMORY] = {
        "asked": True,
        "times": 1,
        "session": "",
        "texts": browser_memory.usable_texts({"board": text}),
    }
    page.run()
    assert not page.exception, page.exception
    return page


def test_a_board_comes_back_with_its_strokes_and_is_prepared_as_a_picture():
    board = drawing_board.Board(
        3, drawing_board.drawing.read_strokes([stroke(), stroke(rubs=True, width=40)])
    )
    assert drawing_board.decode_board(drawing_board.encode_board(board)) == board
    page = drawn(text_of([stroke(), stroke(points=[200, 60, 0.5, 200, 200, 0.5])]))
    assert page.session_state[session.OWN_BOARD].number == 5  # another one, for the browser to take
    assert own(page).sum() > 20
    assert html(page).count("<figure>") >= 5
    page.button(key="own_forget").click().run()
    assert session.OWN_DIGIT not in page.session_state
    assert page.session_state[session.OWN_BOARD] == drawing_board.Board(6)


def test_what_is_rubbed_out_is_no_picture():
    page = drawn(text_of([stroke(), stroke(rubs=True, width=40)]))
    assert len(page.session_state[session.OWN_BOARD].strokes) == 2
    assert session.OWN_PICTURE not in page.session_state
    assert not page.error


@pytest.mark.parametrize(
    "bad",
    [
        {"rubs": 1},
        {"rubs": None},
        {"width": "18"},
        {"width": 3},
        {"width": float("inf")},
        {"width": 1e9},
        {"points": []},
        {"points": "40"},
        {"points": [1, 2]},
        {"points": [1, 2, True]},
        {"points": [1, 2, float("nan")]},
        {"points": [1, 281, 0.5]},
        {"points": [-1, 2, 0.5]},
        {"points": [1, 2, 1.5]},
        {"points": [[1, 2, 0.5]]},
        {"points": [1, 2, 0.5] * 6_000},
    ],
)
def test_no_stroke_that_a_pen_cannot_have_drawn_reaches_the_board(bad):
    assert drawing_board.decode_board(text_of([stroke(), stroke(**bad)])) is None


@pytest.mark.parametrize(
    "text",
    [
        text_of([stroke()] * 201),
        text_of([stroke()], -1),
        text_of([stroke()], True),
        text_of([stroke()], 1e300),
        text_of([7]),
        '{"number": 0, "strokes": {}}',
        '{"number": 0, "strokes": "abc"}',
    ],
)
def test_no_board_that_nobody_can_have_drawn_is_taken(text):
    assert drawing_board.decode_board(text) is None


def test_a_full_board_is_kept_within_bounds():
    most = [stroke(points=[123.4, 123.4, 0.55] * 30)] * 200
    text = drawing_board.encode_board(drawing_board.read_board({"number": 10, "strokes": most}))
    assert 0 < len(text) < browser_memory.MOST_CHARACTERS["board"]


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_shows_the_visitors_digit_until_it_is_switched_off(name):
    without = pictures(open_page(name)) + html(open_page(name))
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    page.session_state[session.OWN_DIGIT] = torch.rand(28, 28, generator=torch.Generator().manual_seed(1))
    page.run()
    assert not page.exception
    shown = pictures(page) + html(page)
    assert shown != without
    (switch,) = [toggle for toggle in page.toggle if toggle.key.endswith("_own")]
    switch.set_value(False).run()
    assert pictures(page) + html(page) == without


def test_the_visitors_digit_is_among_the_strange_pictures():
    page = AppTest.from_file(str(PROJECT / "pages" / "surprises.py"), default_timeout=60)
    own_hw = torch.rand(28, 28, generator=torch.Generator().manual_seed(1))
    page.session_state[session.OWN_DIGIT] = own_hw
    page.run().selectbox(key="surprises_picture").set_value("my_digit").run()
    assert "your own digit" in texts(page)
    page.button(key="surprises_my_digit_reveal").click().run()
    assert figures.png(own_hw[None]) in html(page)


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("page_name", ["home", "denoising"])
def test_pictures_of_a_visitor_with_a_digit_are_never_kept_for_others(monkeypatch, digits, shown, page_name):
    kept: list[str] = []

    def noted(keeper: display.ResultCache) -> None:
        for_all = keeper.for_all
        monkeypatch.setattr(
            keeper, "for_all", lambda *arguments: kept.append("for all") or for_all(*arguments)
        )

    keepers = [
        living_view._draw_first,
        display._rows_html,
        noise_view._noise_html,
        network_view._maps_html,
    ]
    for keeper in keepers:
        noted(keeper)
    page = AppTest.from_file(str(PROJECT / "pages" / f"{page_name}.py"), default_timeout=60)
    page.session_state[session.OWN_DIGIT], page.session_state[session.OWN_DIGIT_SHOWN] = (
        digits.test_nhw[3],
        shown,
    )
    assert not page.run().exception
    assert kept == []
    del page.session_state[session.OWN_DIGIT]
    assert not page.run().exception
    assert len(kept) == (1 if page_name == "home" else len(keepers))
