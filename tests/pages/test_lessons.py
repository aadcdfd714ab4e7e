"""The path through the lessons, its question cards, and the presenter's mode, in Streamlit's AppTest."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1 import AppTest

from ae_core import config
from ae_core.config import CAE, DAE, FAE
from ae_core.data import select_digits
from ae_core.metrics import squared_error
from ae_core.models import reconstruct
from ae_core.runs.store import Store, default_root
from ae_core.service import worker
from pages.shared import answers, kept_answers, networks, session
from pages.shared.answers import SHARES
from pages.shared.frame import turned_page
from pages.shared.frame.path import BESIDE, PATH
from tests.conftest import PROJECT
from tests.pages.test_pages import open_page

LESSONS = [lesson.page for lesson in PATH]


def words(page: AppTest) -> str:
    return " ".join(text.value for text in page.markdown)


def revealed(page: AppTest) -> list[str]:
    return [box.value for box in [*page.success, *page.info, *page.warning]]


def kept_by_the_cae(digits) -> float:
    """Worked out here once more, from the shipped network and nothing of the page's."""
    store = Store(default_root())
    run = store.shipped_like(CAE)
    assert run is not None
    rest = squared_error(reconstruct(store.load_model(run), digits.test_nhw), digits.test_nhw).sum()
    return float(1 - rest / (digits.test_nhw - digits.test_nhw.mean(0)).square().sum())


@pytest.mark.parametrize(("here", "following"), list(pairwise(PATH)), ids=lambda lesson: lesson.page)
def test_every_lesson_leads_to_the_next(here, following):
    assert f"Next: **{following.name}**" in words(open_page(here.page))


@pytest.mark.parametrize(
    ("beside", "seen", "onward", "backward"),
    [
        ("your_digit", None, PATH[0], PATH[-1]),
        ("runs", PATH[3], PATH[4], PATH[3]),
        ("your_digit", PATH[-1], BESIDE[1], PATH[-1]),
        ("runs", PATH[-1], PATH[0], PATH[-1]),
    ],
)
def test_a_page_beside_the_path_leads_on_and_back(beside, seen, onward, backward):
    page = AppTest.from_file(str(PROJECT / "pages" / f"{beside}.py"), default_timeout=60)
    if seen:
        page.session_state["presenter_script"] = seen.page
    text = words(page.run())
    assert f"Next: **{onward.name}**" in text
    assert f"Back: **{backward.name}**" in text


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_asks_before_it_tells(lesson):
    page = open_page(lesson)
    assert "**Predict first.**" in words(page)
    locks = [button for button in page.button if button.label == "Lock my answer"]
    assert locks
    assert all(lock.disabled for lock in locks)


def test_home_leads_to_every_lesson_and_every_page_beside():
    text = words(open_page("home"))
    assert all(lesson.promise in text for lesson in PATH[1:])
    assert "Latent space" in text
    assert "Runs" in text


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_says_nothing_that_only_whoever_runs_the_server_could_do(lesson):
    page = open_page(lesson)
    for reveal in [button.key for button in page.button if button.key.endswith("_reveal")]:
        page.button(key=reveal).click().run()
    said = words(page) + " ".join([*revealed(page), *(caption.value for caption in page.caption)])
    assert re.findall(r"python -m|AE_LAB_|--\w+|first weights|marked against|\b1 numbers", said) == []


def test_every_network_is_called_by_its_full_name_where_it_first_stands():
    (told,) = [
        caption.value for caption in open_page("home").caption if "denoising autoencoder" in caption.value
    ]
    assert all(
        name in told
        for name in ("fully connected autoencoder", "convolutional autoencoder", "denoising autoencoder")
    )


def test_the_answer_is_hidden_until_it_is_locked_and_then_stays(digits):
    page = open_page("home")
    assert not any("variance" in text for text in revealed(page))
    page.radio(key="home_choice").set_value(SHARES[0]).run()
    page.button(key="home_lock").click().run()
    assert any(f"You said “{SHARES[0]}”, but it is: **{SHARES[2]}**" in text for text in revealed(page))
    assert any(f"{kept_by_the_cae(digits):.0%} of the variance" in text for text in revealed(page))
    assert page.radio(key="home_choice").disabled
    assert "home_lock" not in [button.key for button in page.button]


@pytest.mark.parametrize(
    ("share", "right", "told"),
    [
        (-0.2, 0, "show nothing of the variance"),
        (0.0, 0, "show 0% of the variance"),
        (0.003, 0, "show less than 1% of the variance"),
        (0.494, 0, "show 49% of the variance"),
        (0.496, 1, "show 50% of the variance"),
        (0.904, 1, "show 90% of the variance"),
        (0.906, 2, "show 91% of the variance"),
        (0.999, 2, "show more than 99% of the variance"),
        (1.0, 2, "show 100% of the variance"),
    ],
)
def test_a_share_of_the_variance_is_judged_by_the_figure_that_is_shown(share, right, told):
    answer = answers.variance_answer(share, 1000)
    assert answer.right == answers.SHARES[right]
    assert told in answer.because


def test_an_answer_counts_for_the_network_it_was_given_for():
    page = open_page("fully_connected")
    page.button(key="fae_reveal").click().run()
    assert any("latent size 30" in text for text in revealed(page))
    page.select_slider(key="latent_size").set_value(8).run()
    assert not any("PCA was fitted on" in text for text in revealed(page))
    page.button(key="fae_reveal").click().run()
    assert any("latent size 8" in text for text in revealed(page))


def test_a_right_answer_is_told_so():
    page = open_page("home")
    page.radio(key="home_choice").set_value(SHARES[2]).run()
    page.button(key="home_lock").click().run()
    assert page.success[0].value.startswith("That is right:")


def test_a_presenter_can_reveal_without_voting_and_ask_again():
    page = open_page("home")
    page.button(key="home_reveal").click().run()
    assert page.info[0].value.startswith(f"**{SHARES[2]}**")
    page.button(key="home_again").click().run()
    assert not page.info
    assert [radio.value for radio in page.radio if radio.key.startswith("home_choice")] == [None]


def count_hands(page: AppTest, when: str, *counts: int) -> None:
    """Type how many voted for each answer on the first card of the page."""
    page.segmented_control(key="home_votes_when").set_value(when).run()
    for field, count in zip(
        [each for each in page.number_input if "_votes_" in each.key], counts, strict=True
    ):
        field.set_value(count)
    page.run()


def test_the_rooms_votes_are_counted_in_a_row_and_drawn_when_asked_for():
    page = open_page("home")
    assert not [field for field in page.number_input if "_votes_" in field.key]
    page.button(key="home_votes").click().run()
    before = len(page.get("plotly_chart"))
    count_hands(page, "before", 3, 7, 1)
    count_hands(page, "after", 1, 1, 9)
    assert len(page.get("plotly_chart")) == before  # the second vote would follow the first's bars
    page.button(key="home_votes").click().run()
    page.toggle(key="home_votes_shown").set_value(True).run()
    *_, votes = page.get("plotly_chart")
    assert len(page.get("plotly_chart")) == before + 1
    assert '"name":"before"' in votes.proto.spec
    assert '"name":"after"' in votes.proto.spec
    assert "✓" not in str(json.loads(votes.proto.spec))  # the right one is marked with the answer, not before
    page.button(key="home_reveal").click().run()
    *_, votes = page.get("plotly_chart")
    assert str(json.loads(votes.proto.spec)).count("✓") == 2
    page.button(key="home_votes").click().run()
    assert [field.value for field in page.number_input if "_votes_before_" in field.key] == [3, 7, 1]


def test_while_presenting_the_fields_for_votes_stand_on_the_page_until_they_are_put_away():
    page = presenting("home")
    assert len([field for field in page.number_input if "_votes_before_" in field.key]) == len(SHARES)
    page.button(key="home_votes").click().run()
    assert not [field for field in page.number_input if "_votes_" in field.key]


def test_votes_stay_with_the_question_they_were_given_to():
    page = open_page("fully_connected")
    page.button(key="fae_votes").click().run()
    [first, *_] = [field for field in page.number_input if "_votes_before_" in field.key]
    first.set_value(5).run()
    fields = [field.value for field in page.number_input if "_votes_" in field.key]
    assert 5 in fields
    page.select_slider(key="latent_size").set_value(8).run()
    assert not any(field.value for field in page.number_input if "_votes_" in field.key)
    assert "fae_votes_shown" not in [toggle.key for toggle in page.toggle]
    page.select_slider(key="latent_size").set_value(30).run()
    assert [field.value for field in page.number_input if "_votes_" in field.key] == fields


# Every card whose answer hangs on a dial, and a dial that it hangs on.
CARDS = [
    ("fully_connected", "fae", "latent_size", 8, "latent size"),
    ("convolutional", "cae", "latent_size", 8, "latent size"),
    ("denoising", "denoising", "training_noise_level", 0.2, "noise in training"),
    ("difference", "difference_clean", "latent_size", 8, "latent size"),
    ("comparison", "comparison", "comparison_test_noise", 0.05, "noise"),
    ("latent_space", "latent", "latent_size", 8, "latent size"),
    ("surprises", "surprises_again_CAE", "latent_size", 8, "latent size"),
]


@pytest.mark.parametrize(("lesson", "card", "dial", "value", "word"), CARDS)
def test_a_locked_answer_belongs_to_the_dials_it_was_given_at(lesson, card, dial, value, word):
    page = open_page(lesson)
    kind = "select_slider" if dial == "latent_size" else "slider"
    at_first, choice = getattr(page, kind)(key=dial).value, page.radio(key=f"{card}_choice").options[0]
    page.radio(key=f"{card}_choice").set_value(choice).run()
    page.button(key=f"{card}_lock").click().run()
    told = [box.value for box in (*page.success, *page.warning)]
    assert told
    getattr(page, kind)(key=dial).set_value(value).run()
    assert page.button(key=f"{card}_lock")
    assert not page.success
    assert not page.warning
    assert f"The {word} has changed since you answered" in " ".join(caption.value for caption in page.caption)
    assert [radio.value for radio in page.radio if radio.key.startswith(f"{card}_choice")] == [None]
    getattr(page, kind)(key=dial).set_value(at_first).run()
    assert [box.value for box in (*page.success, *page.warning)] == told
    assert [radio.value for radio in page.radio if radio.key.startswith(f"{card}_choice")] == [choice]


def test_whoever_wants_it_has_the_locked_answer_in_the_link():
    page = open_page("fully_connected")
    choice = page.radio(key="fae_choice").options[1]
    page.radio(key="fae_choice").set_value(choice).run()
    page.button(key="fae_lock").click().run()
    told = [box.value for box in (*page.success, *page.warning)]
    assert "answers" not in page.query_params
    assert page.button(key="fae_link").label == "Put my answer into the address"
    page.button(key="fae_link").click().run()
    assert page.query_params["answers"] in ("fae.1", ["fae.1"])
    opened = open_page("fully_connected", answers="fae.1")
    assert [
        box.value
        for box in (*opened.success, *opened.warning)
        if "it is" in box.value or "right" in box.value
    ] == told
    opened.button(key="fae_again").click().run()
    assert "answers" not in opened.query_params
    assert opened.button(key="fae_lock")
    revealed = open_page("fully_connected", answers="fae.r")
    assert revealed.button(key="fae_again")


@pytest.mark.parametrize("text", ["fae.9", "fae", "fae.1.2", "other.1", "fae.-1", "<b>.1"])
def test_an_answer_in_the_link_that_was_never_one_is_passed_over(text):
    page = open_page("fully_connected", answers=text)
    assert not page.exception
    assert page.button(key="fae_lock")


MARK = "a1b2c3d4e5f6"


@pytest.mark.parametrize(
    "text",
    [
        "", "no JSON", "[1]", "null", "{}", '{"answers": 7, "votes": [], "votes_shown": 1}', "[" * 5_000,
        f'{{"answers": {{"{MARK}": {{"choice": 9.5, "of": {{}}}}}}}}',
        f'{{"answers": {{"{MARK}": {{"choice": true, "of": {{}}}}}}}}',
        f'{{"answers": {{"{MARK}": {{"choice": 0, "of": {{"a": 7}}}}}}}}',
        '{"answers": {"short": {"choice": 0, "of": {}}}}',
        f'{{"votes": {{"{MARK}": {{"before": [1, 2], "after": [1e99, NaN, -1]}}}}}}',
        f'{{"votes": {{"{MARK}": {{"before": 3}}}}}}',
    ],
)  # fmt: skip
def test_what_comes_back_from_a_browser_and_cannot_have_been_said_is_passed_over(text):
    assert kept_answers._parse_memory(text) == {"answers": {}, "votes": {}, "votes_shown": False}


def test_an_answer_that_no_option_of_the_question_is_unasks_nothing():
    page = open_page("home")
    asked = page.session_state[session.QUESTIONS_NOW]["home"]
    said = {
        "answers": {asked.mark: {"choice": 8, "of": {}}},
        "votes": {asked.votes_mark: {"before": [1] * 9, "after": []}},
    }
    page.session_state[session.BROWSER_MEMORY]["texts"]["question_home"] = json.dumps(said)
    page.run()
    assert not page.exception
    assert page.button(key="home_lock").disabled
    assert page.toggle(key="home_votes_shown").value is False


def presenting(name: str) -> AppTest:
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    page.query_params["present"] = "1"
    return page.run()


def test_presenting_makes_type_large_and_hides_the_dials():
    styles = " ".join(element.proto.body for element in presenting("denoising").get("html"))
    assert "font-size: 21px" in styles
    assert ".st-key-dials { display: none" in styles
    assert "font-size: 21px" not in " ".join(
        element.proto.body for element in open_page("denoising").get("html")
    )


def test_presenting_leaves_the_link_alone_that_says_so_already(monkeypatch):
    sent = []
    link = type(st.query_params)
    write = link.__setitem__
    monkeypatch.setattr(
        link, "__setitem__", lambda self, key, value: sent.append(key) or write(self, key, value)
    )
    presenting("denoising").run()
    assert "present" not in sent  # with it the whole link goes back: the value of a dial that moves meanwhile


def test_a_page_turned_to_waits_once_after_its_first_step(monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr(turned_page, "time", SimpleNamespace(sleep=waited.append))
    page = AppTest.from_file(str(PROJECT / "pages" / "reading.py"), default_timeout=60)
    page.run()
    assert waited == []
    page.session_state[session.FIRST_BEAT] = ""
    page.run()
    assert waited == [turned_page.BREATH]
    page.run()
    assert waited == [turned_page.BREATH]


@pytest.mark.parametrize("shown", [False, True], ids=["dials hidden", "dials shown"])
@pytest.mark.parametrize("name", ["fully_connected", "difference", "surprises", "comparison"])
def test_dials_out_of_sight_are_sent_after_the_first_step_of_a_page_turned_to(name, shown, monkeypatch):
    sent: list[str] = []
    enqueue = ForwardMsgQueue.enqueue

    def note(queue: ForwardMsgQueue, message: ForwardMsg) -> None:
        drawn = str(message.delta.new_element)
        if "Latent size" in drawn:
            sent.append("dial")
        if "<img" in drawn and "picture" not in sent:
            sent.append("picture")
        enqueue(queue, message)

    monkeypatch.setattr(ForwardMsgQueue, "enqueue", note)
    monkeypatch.setattr(turned_page, "time", SimpleNamespace(sleep=lambda _: sent.append("pause")))
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    page.session_state[session.PRESENTING] = True
    page.session_state[session.FIRST_BEAT] = ""
    page.session_state[session.DIALS_SHOWN] = shown
    page.run()
    assert sent == (["dial", "picture", "pause"] if shown else ["picture", "pause", "dial"])
    assert not page.exception
    assert session.DELAYED not in page.session_state
    page.run()
    assert sent[3:] == ["dial"]


def test_what_is_no_drawing_is_sent_in_its_order_while_dials_are_delayed(monkeypatch):
    def script() -> None:
        import streamlit as st

        from pages.shared.frame import turned_page

        with turned_page.delay_hidden():
            st.query_params["size"] = "8"
            st.write("a dial")
        st.query_params["noise"] = "0.2"
        turned_page.end_turn()

    sent: list[str] = []
    enqueue = ForwardMsgQueue.enqueue

    def note(queue: ForwardMsgQueue, message: ForwardMsg) -> None:
        if message.WhichOneof("type") == "page_info_changed":
            sent.append(message.page_info_changed.query_string)
        if "a dial" in str(message.delta.new_element):
            sent.append("a dial")
        enqueue(queue, message)

    monkeypatch.setattr(ForwardMsgQueue, "enqueue", note)
    page = AppTest.from_function(script, default_timeout=60)
    page.session_state[session.PRESENTING] = True
    page.session_state[session.FIRST_BEAT] = "see"
    page.run()
    assert sent == ["size=8", "size=8&noise=0.2", "a dial"]


@pytest.mark.parametrize("presenting", [True, False])
def test_a_turn_ends_with_its_page_though_that_has_but_one_step(presenting, monkeypatch):
    monkeypatch.setattr(networks, "choose_trio", lambda size: {})
    page = AppTest.from_file(str(PROJECT / "pages" / "comparison.py"), default_timeout=60)
    page.session_state[session.PRESENTING] = presenting
    page.session_state[session.FIRST_BEAT] = ""
    page.run()
    assert not page.exception
    assert [slider.label for slider in page.select_slider] == ["Latent size"]
    assert session.FIRST_BEAT not in page.session_state


def test_presenting_has_every_network_ready():
    networks = 3 * len(config.SHIPPED_SIZES)
    assert any(f"Ready: {networks} networks" in caption.value for caption in presenting("home").caption)


def test_the_switch_turns_presenting_on_and_off():
    page = open_page("home")
    page.toggle(key="present_switch").set_value(True).run()
    assert any("Page Down" in caption.value for caption in page.caption)
    page.toggle(key="present_switch").set_value(False).run()
    assert not any("Page Down" in caption.value for caption in page.caption)


def test_a_control_whose_dials_the_presenters_keys_have_just_forgotten_breaks_nothing():
    def script() -> None:
        from pages.shared.frame import presenter
        from pages.shared.own_digit import digit_source, my_digits
        from pages.shared.parts import latent_bench
        from pages.shared.runs import run_list

        presenter._toggle_presenting()
        my_digits._store_switch("home_own")
        run_list._import_upload("runs_upload_0")
        latent_bench._choose_clicked_digit()
        latent_bench._choose_clicked_place()
        digit_source.forget_everything()

    assert not AppTest.from_function(script, default_timeout=60).run().exception


# After a training at defaults


@pytest.fixture
def all_trained(request: pytest.FixtureRequest, digits) -> None:
    """FAE, CAE and DAE as their pages' dials begin, trained in this store; the latter two are a pair.

    On 10,000 digits, which takes seconds and is enough to learn something; in the full form on all.
    """
    few = select_digits(digits, config.DataConfig(digits=10_000))
    learnt_from = digits if request.config.getoption("--chaos") == "full" else few
    for run in (FAE, CAE, DAE):
        for _ in worker.record_training(run, Store(default_root()), learnt_from):
            pass


UNTRUE_NOW = (
    "has been trained yet",
    "The lab has no network",
    "stands in for",
    "Nothing has been trained here yet",
    "The log of this run has no",
    "measuring …",
)
TRAINED_HERE = {"fully_connected": "fae", "convolutional": "cae", "denoising": "dae", "difference": "pair"}


def faults_after_training(lesson: str, whose: str) -> list[str]:
    """What is wrong with a lesson whose networks its visitor has trained, opened, every question revealed."""
    yours = ".".join(config.run_id(run) for run in (FAE, CAE, DAE))
    page = open_page(lesson, yours=yours, whose=whose)
    while hidden := [button for button in page.button if button.label == "Reveal without answering"]:
        hidden[0].click().run()
        assert not page.exception, (lesson, page.exception)
    told = " ".join(str(text.value) for text in [*page.markdown, *page.caption, *page.info, *page.success])
    drawn = " ".join(
        [element.proto.body for element in page.get("html")]
        + [figure.proto.spec for figure in page.get("plotly_chart")]
    )
    text = re.sub(r"data:image/[^\"' ]+", "", told)
    faults = [f"a box: {box.value}" for box in [*page.error, *page.warning]]
    faults += [f"says: {words}" for words in UNTRUE_NOW if words in told + drawn]
    faults += [f"prints: {number}" for number in re.findall(r"\b(?:nan|inf)\b", text)]
    if lesson not in ("reading", "runs") and "data:image/png;base64" not in told + drawn:
        faults.append("shows no picture")
    if lesson in TRAINED_HERE:
        pair_of_the_lab = lesson == "difference" and whose == "The lab's"
        if ("Yours" not in text and not pair_of_the_lab) or "The lab's own" not in text + told:
            faults.append("does not show both beside each other")
        if (
            not page.button(key=f"{TRAINED_HERE[lesson]}_train").disabled
            or "You have trained this one" not in text
        ):
            faults.append("offers to train again what is trained")
    return [f"{lesson}, {whose}: {fault}" for fault in faults]


@pytest.mark.parametrize("whose", ["The lab's", "Yours"])
def test_any_lesson_after_a_training_at_defaults_shows_pictures_and_says_nothing_that_is_no_longer_so(
    all_trained, whose
):
    lessons = [*LESSONS, "runs"]
    assert [fault for lesson in lessons for fault in faults_after_training(lesson, whose)] == []


def test_a_latent_size_that_came_along_is_put_back_by_a_button():
    page = open_page("convolutional", latent_size="2")
    page.button(key="latent_size_back").click().run()
    assert page.select_slider(key="latent_size").value == 30
    assert "latent_size_back" not in [button.key for button in page.button]
