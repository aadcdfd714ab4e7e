"""A visitor's own digit: uploaded, prepared as they like, placed among others, shown in every lesson."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from ae_core.figures import base as figures
from ae_core.figures.png import npy_bytes, sheet_pixels
from ae_core.pictures import writing
from ae_core.pictures.preparation import Wishes
from ae_core.study.likeness import measure_crowd, measure_likeness
from pages.shared import display, living_view, session
from pages.shared.browser import browser_memory
from pages.shared.own_digit import (
    digit_source,
    drawing_board,
    my_digits,
    tray,
    tray_text,
)
from pages.shared.own_digit.tray_text import Tray, TrayDigit
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


def upload(page: AppTest, *pictures: np.ndarray | bytes) -> AppTest:
    """Choose files at once: photo0.png, photo1.png and so on."""
    files = [
        (f"photo{i}.png", each if isinstance(each, bytes) else png(each), "image/png")
        for i, each in enumerate(pictures)
    ]
    page.file_uploader(key=widget_key(page, "own_file")).set_value(files).run()
    assert not page.exception, page.exception
    return page


def tray_of(page: AppTest) -> Tray:
    return page.session_state[session.OWN_TRAY]


def numbers(page: AppTest) -> list[int]:
    return [digit.number for digit in tray_of(page).digits]


def chosen(page: AppTest) -> TrayDigit:
    return next(digit for digit in tray_of(page).digits if digit.number == tray_of(page).chosen)


def own(page: AppTest) -> torch.Tensor:
    return chosen(page).digit_hw


def choose(page: AppTest, number: int) -> AppTest:
    page.session_state[session.OWN_TRAY] = replace(tray_of(page), chosen=number)
    return page.run()


def filled(count: int) -> Tray:
    """A tray with digits of noise."""
    digits_nhw = torch.rand(count, 28, 28, generator=torch.Generator().manual_seed(1))
    digits = tuple(TrayDigit(i + 1, tray.whole_greys(each)) for i, each in enumerate(digits_nhw))
    return Tray(digits, 1, count)


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
        lambda page: page.toggle(key=f"own_flip_{numbers(page)[0]}").set_value(True),
        lambda page: page.toggle(key=f"own_prepare_{numbers(page)[0]}").set_value(False),
        lambda page: page.button(key="own_turn").click(),
        lambda page: page.slider(key=f"own_threshold_{numbers(page)[0]}").set_value(0.85),
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


def test_a_turned_picture_is_the_same_again_after_four_turns_and_another_begins_without_wishes(page, digits):
    before = own(page)
    for _ in range(4):
        page.button(key="own_turn").click().run()
    assert own(page).equal(before)
    page.button(key="own_turn").click().run()
    upload(page, page_of_paper(digits.test_nhw[digits.test_labels_n == 4][:1]))
    assert [digit.wishes.quarter_turns for digit in tray_of(page).digits] == [1, 0]
    assert page.slider(key=f"own_threshold_{numbers(page)[1]}").value == 0.5


def test_several_files_at_once_join_the_tray_and_a_bad_one_among_them_is_told_by_name(page, digits):
    first = own(page)
    several_nhw = torch.stack([digits.test_nhw[digits.test_labels_n == label][1] for label in (0, 6, 8)])
    upload(page, page_of_paper(several_nhw), b"I am not a picture.", page_of_paper(several_nhw[:1]))
    assert [error.value.split(":")[0] for error in page.error] == ["`photo1.png`"]
    assert "is not a PNG, JPEG" in page.error[0].value
    assert len(tray_of(page).digits) == 1 + 3 + 1
    assert tray_of(page).digits[0].digit_hw.equal(first)
    page.run()
    assert len(page.error) == 1  # until other files come
    table = html(page)
    assert table.count('scope="row"') == 5
    assert all(f"{name}: error" in table for name in ("FAE", "CAE", "DAE"))


def test_dials_change_the_chosen_digit_of_a_page_alone_or_all_of_them(page, digits):
    several_nhw = torch.stack([digits.test_nhw[digits.test_labels_n == label][1] for label in (0, 6, 8)])
    upload(page, page_of_paper(several_nhw))
    choose(page, numbers(page)[2])
    before = [digit.digit_hw for digit in tray_of(page).digits]
    page.button(key="own_turn").click().run()
    after = [digit.digit_hw for digit in tray_of(page).digits]
    assert [one.equal(other) for one, other in zip(before, after, strict=True)] == [True, True, False, True]
    page.toggle(key="own_whole_picture").set_value(True).run()
    page.button(key="own_turn").click().run()
    assert [digit.wishes.quarter_turns for digit in tray_of(page).digits] == [0, 2, 2, 2]


def on_the_page(page: AppTest, act: str, *arguments: object, **dials: object) -> None:
    """Have a function of the page's be called in its session, as what a component tells has it called.

    dials: what the browser says besides of dials that the page may have let go.
    """

    def script() -> None:
        from importlib import import_module

        import streamlit as st

        name, arguments = st.session_state["asked"]
        module, function = name.split(".")
        getattr(import_module(f"pages.shared.own_digit.{module}"), function)(*arguments)

    asked = AppTest.from_function(script, default_timeout=60)
    for key in (session.OWN_TRAY, session.BROWSER_MEMORY, session.OWN_BOARD, session.TRAY_VIEW):
        if key in page.session_state:
            asked.session_state[key] = page.session_state[key]
    for key, value in dials.items():
        asked.session_state[key] = value
    asked.session_state["asked"] = (act, arguments)
    assert not asked.run().exception
    for key in (session.OWN_TRAY, session.BROWSER_MEMORY, session.OWN_BOARD, session.PREPARE_PROBLEM):
        if key in asked.session_state:
            page.session_state[key] = asked.session_state[key]


def test_digits_are_moved_and_taken_off_and_the_next_one_is_chosen(page):
    page.session_state[session.OWN_TRAY] = filled(4)
    page.session_state[session.TRAY_VIEW] = SimpleNamespace(
        told={"order": [3, 1, 4, 2], "chosen": 3, "known": [1, 2, 3, 4]}
    )
    on_the_page(page, "tray_view.obey_tray")
    assert (numbers(page), tray_of(page).chosen) == ([3, 1, 4, 2], 3)
    # what came after the browser last heard of the tray stays
    on_the_page(page, "tray.arrange_digits", [2, 1], 3, [1, 2, 3])
    assert (numbers(page), tray_of(page).chosen) == ([2, 1, 4], 1)
    on_the_page(page, "tray.remove_digits", [1])
    assert (numbers(page), tray_of(page).chosen) == ([2, 4], 4)
    assert not page.run().exception


def test_a_drawing_that_the_browsers_tray_has_not_heard_of_stays(page):
    drawing = TrayDigit(tray.ON_BOARD, tray.whole_greys(torch.rand(28, 28)), is_drawn=True)
    before = filled(2)
    page.session_state[session.OWN_TRAY] = replace(before, digits=(*before.digits, drawing), chosen=0)
    page.session_state[session.TRAY_VIEW] = SimpleNamespace(
        told={"order": [2, 1], "chosen": 2, "known": [1, 2]}  # sent just before the drawing was there
    )
    on_the_page(page, "tray_view.obey_tray")
    assert (numbers(page), tray_of(page).chosen) == ([2, 1, tray.ON_BOARD], 2)


@pytest.mark.parametrize("told", [None, 7, {}, {"order": 7, "chosen": 1, "known": [4]}, {"order": [[]]}])
def test_what_no_tray_can_have_told_changes_nothing(page, told):
    page.session_state[session.OWN_TRAY] = filled(2)
    page.session_state[session.TRAY_VIEW] = SimpleNamespace(told=told)
    on_the_page(page, "tray_view.obey_tray")
    assert numbers(page) == [1, 2]


def test_a_dial_that_is_sent_again_leaves_its_digit_as_it_is(page, digits):
    """A browser that has not heard yet of another choice still says where the last one's dials stand."""
    two_nhw = torch.stack([digits.test_nhw[digits.test_labels_n == label][1] for label in (0, 6)])
    upload(page, page_of_paper(two_nhw))
    before = tray_of(page)
    number, threshold = before.digits[1].number, before.digits[1].wishes.threshold
    on_the_page(page, "preparation._obey_dial", number, "threshold", **{f"own_threshold_{number}": threshold})
    assert tray_of(page) is before


def test_a_box_put_elsewhere_cuts_out_what_is_there(page, digits):
    two_nhw = torch.stack([digits.test_nhw[digits.test_labels_n == label][1] for label in (0, 6)])
    upload(page, page_of_paper(two_nhw))
    _, zero, six = tray_of(page).digits
    on_the_page(page, "preparation.move_box", zero.number, six.box_4)
    moved = tray_of(page).digits[1]
    assert moved.is_moved
    assert float((moved.digit_hw - six.digit_hw).abs().mean()) < 0.02
    on_the_page(page, "preparation.move_box", zero.number, (0.0, 0.0, 0.04, 0.04))  # bare paper
    assert tray_of(page).digits[1].digit_hw.equal(moved.digit_hw)
    assert not page.run().exception


def test_every_doubt_of_the_labs_comes_back_from_the_browser():
    for doubt in (writing.WIDE, writing.UNSURE):
        doubtful = replace(filled(1).digits[0], doubt=doubt)
        kept = tray_text.decode_tray(tray_text.encode_tray(Tray((doubtful,), 1, 1), is_shown=True))
        assert kept is not None
        assert kept[0].digits[0].doubt == doubt


def test_a_full_tray_says_how_many_found_no_room(page, digits):
    page.session_state[session.OWN_TRAY] = filled(59)
    two_nhw = torch.stack([digits.test_nhw[digits.test_labels_n == label][1] for label in (0, 6)])
    upload(page, page_of_paper(two_nhw))
    assert len(tray_of(page).digits) == 60
    assert "1 more found no room" in page.error[0].value
    assert tray_text.decode_tray(page.session_state[session.BROWSER_MEMORY]["texts"]["tray"])


def test_more_files_than_are_taken_at_once_are_told_by_name(page, digits, monkeypatch):
    monkeypatch.setattr(digit_source, "MOST_FILES", 2)
    upload(page, *[page_of_paper(digits.test_nhw[digits.test_labels_n == 3][:1])] * 3)
    assert len(tray_of(page).digits) == 3
    assert page.error[0].value.startswith("`photo2.png`: ")


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


def test_a_picture_without_a_digit_is_looked_at_again_with_another_idea_of_ink(page, digits):
    """White on light grey: paper so light is taken for paper, and what is lighter for nothing."""
    before = numbers(page)
    upload(page, 200 + (235 - page_of_paper(digits.test_nhw[:1])) // 4)
    refused = page.session_state[session.OWN_WITHOUT_DIGIT]
    assert numbers(page) == before
    assert page.error[0].value.startswith("`photo0.png`: ")
    page.slider(key=f"own_retry_threshold_{refused.file_id}").set_value(0.3).run()  # that alone is no help
    assert len(page.error) == 2
    page.toggle(key=f"own_retry_flip_{refused.file_id}").set_value(True).run()
    assert not page.exception
    assert not page.error
    assert len(numbers(page)) == len(before) + 1
    assert chosen(page).wishes == Wishes(flip=True, threshold=0.3)
    assert session.OWN_WITHOUT_DIGIT not in page.session_state
    # A browser that has not heard of it yet sends its dials again.
    dials = {f"own_retry_threshold_{refused.file_id}": 0.3, f"own_retry_flip_{refused.file_id}": True}
    on_the_page(page, "another_try._look_again", refused, **dials)
    assert len(numbers(page)) == len(before) + 1
    upload(page, np.full((300, 300), 200, np.uint8))
    assert session.OWN_WITHOUT_DIGIT in page.session_state
    page.button(key="own_forget").click().run()
    assert session.OWN_WITHOUT_DIGIT not in page.session_state


def test_a_picture_that_is_looked_at_again_for_a_full_tray_is_kept_and_the_tray_is_said_to_be_full(
    page, digits
):
    page.session_state[session.OWN_TRAY] = filled(tray.MOST_DIGITS)
    upload(page, 200 + (235 - page_of_paper(digits.test_nhw[:1])) // 4)
    refused = page.session_state[session.OWN_WITHOUT_DIGIT]
    page.toggle(key=f"own_retry_flip_{refused.file_id}").set_value(True).run()
    assert any("Your tray is full" in error.value for error in page.error)
    assert session.OWN_WITHOUT_DIGIT in page.session_state
    page.session_state[session.OWN_TRAY] = filled(1)
    page.toggle(key=f"own_retry_flip_{refused.file_id}").set_value(False).run()
    page.toggle(key=f"own_retry_flip_{refused.file_id}").set_value(True).run()
    assert len(numbers(page)) == 2
    assert session.OWN_WITHOUT_DIGIT not in page.session_state


def test_why_a_digit_could_not_be_prepared_is_said_beside_that_digit_alone(page, digits):
    two_nhw = torch.stack([digits.test_nhw[digits.test_labels_n == label][1] for label in (0, 6)])
    upload(page, page_of_paper(two_nhw))
    _, zero, six = tray_of(page).digits
    on_the_page(page, "preparation.move_box", zero.number, (0.0, 0.0, 0.04, 0.04))  # bare paper
    assert "The digit stays as it was." in texts(choose(page, zero.number))
    assert "stays as it was" not in texts(choose(page, six.number))


def test_a_page_without_ink_says_so(page):
    upload(page, np.full((200, 200), 200, np.uint8))
    assert "no ink" in page.error[0].value
    assert len(tray_of(page).digits) == 1


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


def test_the_downloads_are_the_digits_and_say_nothing_else():
    digits_nhw = torch.stack([digit.digit_hw for digit in filled(12).digits])
    sheet = sheet_pixels(digits_nhw, 10)
    assert sheet.shape == (56, 280)
    assert (sheet[28:, :28] == (255 * digits_nhw[10]).round().numpy()).all()
    assert (sheet[28:, 56:] == 0).all()
    loaded = np.load(io.BytesIO(npy_bytes(digits_nhw)))
    assert (loaded.dtype, loaded.shape) == (np.float32, (12, 28, 28))
    assert (loaded == digits_nhw.numpy()).all()


def test_forgetting_leaves_nothing(page):
    page.button(key="own_forget").click().run()
    assert session.OWN_TRAY not in page.session_state
    assert session.OWN_PICTURE not in page.session_state
    texts = page.session_state[session.BROWSER_MEMORY]["texts"]
    assert [name for name, text in texts.items() if text] == []  # what the browser hears
    assert {"tray", "picture_1"} <= set(texts)
    assert "Choose pictures of digits" in page.info[0].value


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
    page.toggle(key="your_digit_own").set_value(False).run()
    kept = page.session_state[session.BROWSER_MEMORY]["texts"]
    for name, toggle in (
        ("home", "digits_own"),
        ("latent_space", "latent_own"),
        ("your_digit", "your_digit_own"),
    ):
        again = remembered(name, kept)
        assert again.toggle(key=toggle).value is False
        assert own(again).equal(own(page))
        assert (chosen(again).box_4, chosen(again).wishes) == (
            pytest.approx(chosen(page).box_4, abs=1e-4),
            Wishes(),
        )


JUNK = [
    "{}",
    "no base64!",
    "QUJD",
    '{"digits": [], "chosen": null, "newest": 0, "shown": true}',
    '{"digits": 7, "shown": 7}',
    "[" * 4_900,
    "A" * 3_000_000,
    '{"number": 0, "strokes": [{"rubs": false, "width": 18, "points": [NaN, 1, 1]}]}',
    '{"number": -1, "strokes": []}',
    *(
        tray_text.encode_tray(filled(2), is_shown=True).replace(said, changed)
        for said, changed in (
            ('"chosen":1', '"chosen":3'),
            ('"number":2', '"number":1'),
            ('"newest":2', '"newest":1'),
            ("[0.0,0.0,1.0,1.0]", "[0.5,0.0,0.5,1.0]"),
            ("[0.0,0.0,1.0,1.0]", "[NaN,0.0,1.0,1.0]"),
            ("[false,0.5,0,true]", "[false,7,0,true]"),
            ('"doubt":""', '"doubt":"<b>"'),
            ('"picture":null', '"picture":-1'),
            ('"greys":"', '"greys":"AAAA'),
        )
    ),
]


@pytest.mark.parametrize("text", JUNK, ids=range(len(JUNK)))
def test_what_a_browser_says_it_has_kept_is_taken_if_it_can_be_that(text):
    assert tray_text.decode_tray(text) is None
    assert drawing_board.decode_board(text) is None


@pytest.mark.parametrize(
    "found",
    [None, 7, "text", [1], {"picture_1": 7, "else": "b", "question_../x": "a", "board": "A" * 600_001}],
)
def test_only_what_the_lab_may_have_kept_is_taken(found):
    assert browser_memory.usable_texts(found) == {}


def test_a_browsers_junk_shows_on_no_page():
    text = tray_text.encode_tray(
        Tray((TrayDigit(1, torch.ones(28, 28), 1), TrayDigit(2, torch.ones(28, 28))), 1, 2), is_shown=True
    )
    page = remembered("your_digit", {"picture_1": "QUJD", "tray": text, "board": "[]"})
    assert not page.error
    assert len(tray_of(page).digits) == 2
    assert page.session_state[session.BROWSER_MEMORY]["texts"]["picture_1"] == ""
    assert session.OWN_TRAY not in remembered("your_digit", {"tray": "{}"}).session_state


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
    assert session.OWN_TRAY not in page.session_state
    assert page.session_state[session.OWN_BOARD] == drawing_board.Board(6)


def test_what_is_rubbed_out_is_no_picture():
    page = drawn(text_of([stroke(), stroke(rubs=True, width=40)]))
    assert len(page.session_state[session.OWN_BOARD].strokes) == 2
    assert session.OWN_TRAY not in page.session_state
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


def test_a_rows_digits_are_the_trays_the_chosen_one_first_and_the_labs_after_them(monkeypatch, digits):
    for count, given_way, most in ((3, 3, None), (9, 8, None), (9, 4, 4), (2, 2, 4)):
        on_it = replace(filled(count), chosen=2)
        monkeypatch.setattr(tray, "read_tray", lambda on_it=on_it: on_it)
        first, *others = [on_it.digits[1], on_it.digits[0], *on_it.digits[2:]]
        expected = [each.digit_hw for each in (first, *others)]
        row_nhw = my_digits.put_own_digits_first(digits.test_nhw[:8], most)
        assert row_nhw.equal(torch.cat([torch.stack(expected), digits.test_nhw[given_way:8]]))


@pytest.mark.parametrize("name", ["fully_connected", "convolutional", "denoising", "difference"])
def test_a_lessons_rows_hold_as_many_digits_as_the_visitor_has(name):
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    page.session_state[session.OWN_TRAY] = on_it = filled(13)
    page.run()
    assert not page.exception
    shown = pictures(page) + html(page)
    own_nhw = torch.stack([digit.digit_hw for digit in on_it.digits])
    per_line = 8 if name == "difference" else 4
    assert all(figures.png(line_nhw) in shown for line_nhw in own_nhw.split(per_line))


@pytest.mark.parametrize(("count", "is_idle"), [(7, False), (8, True)])
def test_new_digits_can_be_drawn_beside_pca_while_any_but_the_visitors_are_shown(count, is_idle):
    page = AppTest.from_file(str(PROJECT / "pages" / "fully_connected.py"), default_timeout=60)
    page.session_state[session.OWN_TRAY] = filled(count)
    page.run().button(key="fae_reveal").click().run()
    button = page.button(key="pca_digits")
    assert button.disabled == is_idle
    before = pictures(page) + html(page)
    if not is_idle:
        assert pictures(button.click().run()) + html(page) != before


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_shows_the_visitors_digit_until_it_is_switched_off(name):
    without = pictures(open_page(name)) + html(open_page(name))
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    page.session_state[session.OWN_TRAY] = filled(9)
    page.run()
    assert not page.exception
    shown = pictures(page) + html(page)
    assert shown != without
    (switch,) = [toggle for toggle in page.toggle if toggle.key.endswith("_own")]
    switch.set_value(False).run()
    assert pictures(page) + html(page) == without


def test_the_visitors_digit_is_among_the_strange_pictures():
    page = AppTest.from_file(str(PROJECT / "pages" / "surprises.py"), default_timeout=60)
    page.session_state[session.OWN_TRAY] = filled(1)
    own_hw = own(page)
    page.run().selectbox(key="surprises_picture").set_value("my_digit").run()
    assert "your own digit" in texts(page)
    page.button(key="surprises_my_digit_reveal").click().run()
    assert figures.png(own_hw[None]) in html(page)


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("page_name", ["home", "denoising"])
def test_pictures_of_a_visitor_with_a_digit_are_never_kept_for_others(monkeypatch, shown, page_name):
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
    page.session_state[session.OWN_TRAY] = filled(2)
    page.session_state[session.OWN_DIGITS_SHOWN] = shown
    assert not page.run().exception
    assert kept == []
    del page.session_state[session.OWN_TRAY], page.session_state[session.BROWSER_MEMORY]
    assert not page.run().exception
    assert len(kept) == (1 if page_name == "home" else len(keepers))


@pytest.mark.parametrize(
    ("address", "is_withheld"),
    [
        ("http://192.168.1.5:8501/your_digit", True),
        ("http://lab.example.org/your_digit", True),
        ("https://lab.example.org/your_digit", False),
        ("http://localhost:8501/your_digit", False),
        ("http://127.0.0.1:8501/", False),
        ("http://[::1]:8501/", False),
        ("", False),
    ],
)
def test_the_camera_is_said_to_need_https_where_it_does(address, is_withheld):
    assert digit_source.is_camera_withheld(address) == is_withheld
