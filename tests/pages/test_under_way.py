"""What is under way for a visitor is told on every page: settings, progress, Stop, whatever the dials say."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from ae_core import config
from ae_core.config import RunConfig
from ae_core.runs import tickets
from ae_core.runs.store import Store, default_root
from ae_core.service.worker import record_training
from pages.shared.frame.path import BESIDE, PATH
from pages.shared.runs import training_words
from tests.conftest import PROJECT

RUN = config.adjusted(config.DAE, model={"latent_size": 17}, training={"epochs": 1})
NAME = config.run_id(RUN)
ME = "0123456789abcdef"
PAIR = [
    config.adjusted(run, model={"latent_size": 17}, training={"epochs": 1})
    for run in (config.CAE, config.DAE)
]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store of the pages; who looks at them is called ME."""
    monkeypatch.setattr("pages.shared.lab.visitor_id", lambda: ME)
    return Store(default_root())


def ask(store: Store, run: RunConfig = RUN, visitor: str = ME) -> None:
    tickets.submit_ticket(store, run, visitor, 10.0)


def opened(name: str, **link: object) -> AppTest:
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    for key, value in link.items():
        page.query_params[key] = str(value)
    page.run()
    assert not page.exception, page.exception
    return page


def bars(page: AppTest) -> list[str]:
    return [bar.proto.text for bar in page.get("progress") if "The store holds" not in bar.proto.text]


def stops(page: AppTest) -> list[str]:
    """The runs that have a Stop of their own, away from the dials."""
    return [
        button.key.removeprefix("under_way_stop_")
        for button in page.button
        if str(button.key).startswith("under_way_stop_")
    ]


# The drawing board registers itself with a running server, so its page is seen in the browser.
@pytest.mark.parametrize("name", [lesson.page for lesson in (*PATH, *BESIDE) if lesson.page != "your_digit"])
def test_every_page_tells_what_is_under_way_for_its_visitor_and_stops_it(name, store):
    ask(store)
    ask(store, config.adjusted(RUN, training={"seed": 1}), "somebody else")
    page = opened(name)
    (bar,) = bars(page)
    assert re.search(r"\*\*DAE\*\*, latent size 17, noise σ = 0.4, 60,000 digits, 1 epoch · ", bar)
    assert stops(page) == [NAME]
    page.button(key=f"under_way_stop_{NAME}").click().run()
    assert not page.exception
    assert tickets.tickets_of(store, ME) == []
    assert (bars(page), stops(page)) == ([], [])


def test_a_dial_moved_during_a_training_hides_nothing_of_it(store):
    ask(store)
    page = opened("denoising", latent_size=17, dae_epochs=1)
    assert len(bars(page)) == 1
    assert stops(page) == []  # the page shows it itself, with its own Stop
    page.number_input(key="train_size").set_value(18).run()
    (bar,) = bars(page)
    assert "latent size 17" in bar
    assert stops(page) == [NAME]
    assert not page.button(key="dae_train").disabled
    page.number_input(key="train_size").set_value(17).run()
    assert (len(bars(page)), stops(page)) == (1, [])


def test_dials_that_do_not_fit_together_hide_no_training_either(store):
    ask(store)
    page = opened("fully_connected", fae_activation="none (linear)", fae_loss="Binary cross-entropy")
    assert "Choose 'mse'" in page.error[0].value
    assert stops(page) == [NAME]


def test_who_asked_for_nothing_is_told_of_nothing(store):
    ask(store, visitor="somebody else")
    page = opened("home")
    assert (bars(page), stops(page)) == ([], [])


def test_the_end_of_a_training_is_told_on_whatever_page(store, few_digits):
    ask(store)
    page = opened("reading")
    for _ in record_training(RUN, store, few_digits):
        pass
    tickets.remove_ticket(store, NAME)
    page.run()
    (told,) = page.toast
    assert told.value.startswith("Trained: **DAE**, latent size 17")
    assert not page.run().toast


def test_a_failed_training_tells_its_reason_on_whatever_page(store):
    ask(store)
    page = opened("reading")
    store.start_log(RUN).append({"event": "failed", "message": "The disk was full. Make room."})
    tickets.remove_ticket(store, NAME)
    assert "The disk was full" in page.run().toast[0].value


def test_settings_in_words_name_every_setting_that_is_not_as_its_page_begins():
    assert training_words.settings_in_words(config.FAE) == "**FAE**, latent size 30, 60,000 digits, 2 epochs"
    assert training_words.settings_in_words(config.LINEAR) == (
        "**linear FAE**, latent size 30, 60,000 digits, 4 epochs"
    )
    other = config.adjusted(
        config.FAE,
        model={"hidden_sizes": (128,), "activation": "tanh"},
        training={"learning_rate": 1e-3, "batch_size": 32, "loss": "bce", "seed": 3},
    )
    assert training_words.settings_in_words(other) == (
        "**FAE**, latent size 30, 60,000 digits, 2 epochs, layers 784 → 128 → code, tanh, "
        "learning rate 0.001, batches of 32, binary cross-entropy, seed 3"
    )


# A pair


def test_a_pair_in_training_has_a_column_and_a_bar_each_and_nobody_is_told_to_press_train(store):
    for run in PAIR:
        ask(store, run)
    page = opened("difference", latent_size=17, pair_epochs=1)
    assert len(bars(page)) == 2
    assert not any("press" in box.value.lower() for box in page.info if "is shown" not in box.value)
    columns = [
        column
        for column in page.columns
        if any(text.value in ("**CAE**", "**DAE**") for text in column.markdown)
    ]
    assert [len(column.get("progress")) for column in columns if not column.columns] == [1, 1]
    assert stops(page) == []


def test_when_one_of_a_pair_is_done_its_digits_stay_beside_the_others_bar(store, few_digits):
    for _ in record_training(PAIR[0], store, few_digits):
        pass
    ask(store, PAIR[1])
    page = opened("difference", latent_size=17, pair_epochs=1, yours=config.run_id(PAIR[0]))
    assert bars(page)[0] == "Trained"
    assert len(bars(page)) == 2
    assert sum("reconstruction after" in element.proto.body for element in page.get("html")) == 1
    assert not any("press" in box.value.lower() for box in page.info if "is shown" not in box.value)


# Why a button is grey


@pytest.mark.parametrize(("name", "keys"), [("denoising", "dae"), ("difference", "pair")])
def test_a_trained_run_says_on_the_page_why_train_and_stop_are_grey(name, keys, store, few_digits):
    for run in PAIR:
        for _ in record_training(run, store, few_digits):
            pass
    yours = ".".join(map(config.run_id, PAIR))
    page = opened(name, latent_size=17, yours=yours, **{f"{keys}_epochs": 1})
    assert page.button(key=f"{keys}_train").disabled
    assert page.button(key=f"{keys}_stop").disabled
    assert any("You have trained this one" in caption.value for caption in page.caption)
    page.slider(key=f"{keys}_epochs").set_value(2).run()
    assert not any("You have trained this one" in caption.value for caption in page.caption)
