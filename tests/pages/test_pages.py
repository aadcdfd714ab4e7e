"""Every page, run by Streamlit's own test runner: alone, with its dials, and with bad luck."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from ae_core import config, data
from ae_core.data import Digits
from ae_core.runs import tickets
from ae_core.runs.store import SHIPPED, Store, default_root
from ae_core.service import jobs, worker
from pages.shared import lab
from pages.shared.frame.path import BESIDE, PATH
from pages.shared.server import page_objects
from tests.conftest import PROJECT, widget_key

# The drawing board registers itself with a running server, so its page is tested in the browser.
# test_pages_runs.py has the runs.
PAGES = ["home", "fully_connected", "convolutional", "denoising", "comparison"]
MODEL_PAGES = {
    "fully_connected": ("fae", config.FAE),
    "convolutional": ("cae", config.CAE),
    "denoising": ("dae", config.DAE),
}


def open_page(name: str, **query: str) -> AppTest:
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception, page.exception
    return page


PICTURE = re.compile(r"data:image/png;base64,[\w+/=]+")
RECONSTRUCTION = 'alt="reconstruction'
VALUES = ("x", "y", "z", "customdata")


def markup(page: AppTest) -> str:
    """The page's Markdown and HTML, in which its pictures of digits stand."""
    return "".join(
        [*(element.value for element in page.markdown), *(element.proto.body for element in page.get("html"))]
    )


def pictures(page: AppTest) -> str:
    """Every picture on the page as its file, in figures too, and none of their words: one to a line."""
    figures = [element.proto.spec for element in page.get("plotly_chart")]
    return "\n".join(PICTURE.findall("".join([markup(page), *figures])))


def curves(page: AppTest) -> str:
    """The values that the page's figures draw, and none of their words."""
    traces = [
        trace for element in page.get("plotly_chart") for trace in json.loads(element.proto.spec)["data"]
    ]
    return json.dumps([[trace.get(name) for name in VALUES] for trace in traces])


@pytest.mark.parametrize("name", PAGES)
def test_every_page_stands_alone_and_shows_a_picture_before_anybody_trains(name):
    page = open_page(name)
    assert not page.error
    assert "data:image/png;base64" in pictures(page)
    assert any("MNIST, 60,000 to learn from" in caption.value for caption in page.caption)


def test_the_router_lists_every_page_in_the_storys_order():
    router = (PROJECT / "router.py").read_text()
    listed = re.findall(r'"pages/(\w+)\.py": (?:say\()?"', router)
    assert sorted(listed) == sorted(path.stem for path in (PROJECT / "pages").glob("*.py"))
    assert listed == [*(lesson.page for lesson in PATH), "your_digit", "runs"]


def test_a_pages_file_is_looked_up_once_and_every_run_has_objects_of_its_own():
    page_objects._make_page.cache_clear()
    one, other = (
        AppTest.from_file(str(PROJECT / "router.py"), default_timeout=60).run().session_state["pages"]
        for _ in range(2)
    )
    assert list(one) == list(other)
    assert not any(one[name] is other[name] for name in one)
    assert page_objects._make_page.cache_info().misses == len(one)


@pytest.mark.parametrize("name", MODEL_PAGES)
def test_the_labs_own_networks_are_marked_as_such(name):
    page = open_page(name)
    assert any("The lab's own" in text.value for text in page.markdown)


@pytest.mark.parametrize("name", [lesson.page for lesson in (*PATH, *BESIDE)])
def test_presenting_can_be_left_on_every_page(name):
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    page.query_params["present"] = "1"
    page.run().toggle(key="present_switch").set_value(False).run()
    assert "present" not in page.query_params


@pytest.mark.parametrize("name", MODEL_PAGES)
@pytest.mark.parametrize(
    ("kind", "dial", "value"),
    [
        ("select_slider", "latent_size", 8),
        ("slider", "{}_test_noise", 0.7),
        ("selectbox", "{}_test_noise_kind", "masking"),
        ("number_input", "digits_seed", 5),
        ("number_input", "noise_seed", 5),
    ],
)
def test_every_test_dial_changes_the_pictures(name, kind, dial, value):
    prefix, _ = MODEL_PAGES[name]
    page = open_page(name)
    page.slider(key=f"{prefix}_test_noise").set_value(0.5).run()
    before = pictures(page)
    getattr(page, kind)(key=widget_key(page, dial.format(prefix))).set_value(value).run()
    assert not page.exception
    assert pictures(page) != before


@pytest.mark.parametrize("name", ["home", "comparison"])
@pytest.mark.parametrize(
    ("kind", "dial", "value"),
    [("slider", "{}_test_noise", 0.7), ("selectbox", "{}_test_noise_kind", "masking")],
)
def test_the_noise_dials_of_the_side_by_side_pages_change_the_pictures(name, kind, dial, value):
    page = open_page(name)
    page.slider(key=f"{name}_test_noise").set_value(0.4).run()
    before = pictures(page)
    getattr(page, kind)(key=dial.format(name)).set_value(value).run()
    assert not page.exception
    assert pictures(page) != before


@pytest.mark.parametrize("button", ["new_digits", "new_noise"])
def test_the_buttons_for_new_digits_and_new_noise_change_the_pictures(button):
    page = open_page("denoising")
    before = pictures(page)
    page.button(key=button).click().run()
    assert pictures(page) != before


def asked_for(page: AppTest, monkeypatch: pytest.MonkeyPatch, prefix: str) -> config.RunConfig:
    """The run that Train would submit under the page's dials."""
    asked: list[config.RunConfig] = []
    monkeypatch.setattr(jobs, "submit_training", lambda run, store, visitor, address: asked.append(run))
    page.button(key=f"{prefix}_train").click().run()
    return asked[0]


@pytest.mark.parametrize("name", MODEL_PAGES)
def test_train_submits_the_pages_preset(name, monkeypatch):
    prefix, preset = MODEL_PAGES[name]
    assert asked_for(open_page(name), monkeypatch, prefix) == preset


@pytest.mark.parametrize(
    ("kind", "dial", "value", "field"),
    [
        ("select_slider", "latent_size", 4, "model.latent_size"),
        ("number_input", "train_size", 5, "model.latent_size"),
        ("select_slider", "train_digits", 1000, "data.digits"),
        ("pills", "train_classes", (0, 1, 2), "data.classes"),
        ("slider", "dae_epochs", 3, "training.epochs"),
        ("selectbox", "training_noise_kind", "salt_and_pepper", "corruption.kind"),
        ("slider", "training_noise_level", 0.2, "corruption.level"),
        ("selectbox", "dae_activation", "tanh", "model.activation"),
        ("select_slider", "dae_learning_rate", 0.001, "training.learning_rate"),
        ("select_slider", "dae_batch_size", 128, "training.batch_size"),
        ("selectbox", "dae_loss", "bce", "training.loss"),
        ("number_input", "seed", 9, "training.seed"),
    ],
)
def test_every_training_dial_reaches_the_run(kind, dial, value, field, monkeypatch):
    page = open_page("denoising")
    getattr(page, kind)(key=dial).set_value(value).run()
    run = asked_for(page, monkeypatch, "dae")
    part, name = field.split(".")
    assert getattr(getattr(run, part), name) == value
    assert config.run_id(run) != config.run_id(config.DAE)


def test_the_layers_dial_reaches_the_run(monkeypatch):
    page = open_page("fully_connected")
    page.selectbox(key="fae_layers").set_value("784 → code").run()
    assert asked_for(page, monkeypatch, "fae").model.hidden_sizes == ()


def test_the_comparison_sends_one_noisy_digit_through_all_three_models():
    page = open_page("comparison")
    assert re.findall(r'class="(digit|noisy|rebuilt)"', markup(page)) == ["digit", "noisy", *["rebuilt"] * 3]
    assert re.findall(r"<h4>[\w ]+\((\w+)\)</h4>", markup(page)) == ["FAE", "CAE", "DAE"]


def test_with_few_digits_the_epochs_suggested_make_about_as_many_steps(monkeypatch):
    page = open_page("convolutional")
    page.select_slider(key="train_digits").set_value(10_000).run()
    run = asked_for(page, monkeypatch, "cae")
    assert (run.data.digits, run.training.epochs) == (10_000, 6 * config.CAE.training.epochs)


def test_no_class_to_learn_from_is_told_in_plain_words_and_the_labs_network_stays():
    page = open_page("convolutional")
    page.pills(key="train_classes").set_value([]).run()
    assert not page.exception
    assert "Choose at least one of 0 to 9" in page.error[0].value
    assert RECONSTRUCTION in markup(page)


def test_settings_that_do_not_fit_together_are_told_in_plain_words():
    page = open_page("fully_connected")
    page.selectbox(key="fae_activation").set_value("none").run()
    page.selectbox(key="fae_loss").set_value("bce").run()
    assert not page.exception
    assert "Choose 'mse'" in page.error[0].value


def unfinished(run: config.RunConfig, few_digits: Digits, epochs: int) -> Store:
    """A store in which `run` was stopped after so many epochs."""
    store = Store(default_root())
    for _ in worker.record_training(run, store, few_digits, lambda: store.last_epoch(run) >= epochs):
        pass
    return store


def test_a_stopped_run_says_where_and_is_not_shown_as_finished(few_digits: Digits):
    run = config.adjusted(config.DAE, model={"latent_size": 17}, training={"epochs": 3})
    unfinished(run, few_digits, epochs=2)
    page = open_page("denoising", yours=config.run_id(run))
    page.slider(key="dae_epochs").set_value(3)
    page.number_input(key="train_size").set_value(17).run()
    assert (
        "Stopped at epoch 3 of 3, not finished. Press **Continue** to go on after epoch 2."
        in page.warning[0].value
    )
    assert page.button(key="dae_train").label == "Continue"
    assert not any("Yours" in text.value for text in page.markdown)
    assert RECONSTRUCTION in markup(page)  # the lab's own stays


def test_stop_leaves_a_run_to_those_who_want_it_too(few_digits: Digits):
    run = config.adjusted(config.DAE, model={"latent_size": 17})
    store = Store(default_root())
    tickets.submit_ticket(store, run, "somebody else", 10.0)
    page = open_page("denoising")
    page.number_input(key="train_size").set_value(17).run()
    assert page.button(key="dae_stop").disabled  # it is not this visitor's
    page.button(key="dae_train").click().run()
    page.button(key="dae_stop").click().run()
    assert "Others want it" in page.info[0].value
    assert page.button(key="dae_stop").disabled
    assert tickets.find_ticket(store, config.run_id(run)) is not None


def test_stop_takes_back_what_only_this_visitor_wants():
    run = config.adjusted(config.DAE, model={"latent_size": 17})
    page = open_page("denoising")
    page.number_input(key="train_size").set_value(17).run()
    page.button(key="dae_train").click().run()
    ticket = tickets.find_ticket(Store(default_root()), config.run_id(run))
    assert ticket is not None
    assert len(ticket.owners) == 1
    page.button(key="dae_stop").click().run()
    assert tickets.tickets_in_line(Store(default_root())) == []


def test_the_place_in_the_line_is_shown():
    store = Store(default_root())
    for seed in range(2):
        tickets.submit_ticket(
            store, config.adjusted(config.DAE, training={"seed": 90 + seed}), f"{seed}", 4.0
        )
    page = open_page("denoising")
    page.number_input(key="train_size").set_value(17).run()
    page.button(key="dae_train").click().run()
    # The bar is no element that this runner knows; its text is in its protocol buffer.
    (bar,) = page.get("progress")
    assert re.search(r"number 3 in line, starts in about 8 s", bar.proto.text)


def test_a_fourth_training_of_one_visitor_is_refused_with_the_time_to_try_again():
    page = open_page("denoising")
    for size in (17, 18, 19, 20):
        page.number_input(key="train_size").set_value(size).run()
        page.button(key="dae_train").click().run()
    assert re.search(
        r"no visitor may have more.*stop one on the page Runs\. The first .* about \d+ (s|min)",
        page.error[0].value,
    )


def test_a_damaged_run_is_reported_and_never_shown(few_digits: Digits):
    run = config.adjusted(config.DAE, model={"latent_size": 17}, training={"epochs": 1})
    store = Store(default_root())
    for _ in worker.record_training(run, store, few_digits):
        pass
    weights = store.folder(config.run_id(run)) / "weights.safetensors"
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)
    page = open_page("denoising", yours=config.run_id(run), whose="Yours")
    assert any("damaged" in box.value for box in [*page.warning, *page.error])
    assert "yours rebuilds" not in markup(page)
    assert RECONSTRUCTION in markup(page)  # the lab's own


def test_a_store_that_cannot_be_written_leaves_shipped_runs_usable(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AE_LAB_STORE", str(tmp_path / "file" / "store"))
    page = open_page("denoising")
    assert "data:image/png;base64" in pictures(page)
    page.button(key="dae_train").click().run()
    assert not page.exception
    assert "AE_LAB_STORE" in page.error[0].value


def test_digits_that_are_damaged_are_told_on_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "PACKED", tmp_path / "nowhere")
    monkeypatch.setenv("AE_LAB_STORE", str(tmp_path / "fresh"))
    lab._read_digits.clear()
    page = open_page("denoising")
    assert any("install the lab again" in box.value for box in page.error)
    lab._read_digits.clear()


def test_a_damaged_shipped_run_is_reported_and_never_shown(tmp_path, monkeypatch):
    shipped = tmp_path / "shipped"
    shutil.copytree(SHIPPED, shipped)
    run = Store(tmp_path / "store", shipped).shipped_like(
        config.adjusted(config.DAE, model={"latent_size": 8})
    )
    assert run is not None
    (shipped / run.run_id / "weights.safetensors").write_bytes(b"")
    store = Store(tmp_path / "store", shipped)
    monkeypatch.setattr("pages.shared.lab._open_store", lambda root: store)
    page = open_page("denoising", latent_size="8")
    assert any("damaged" in box.value for box in page.warning)
    (words,) = {
        text.value for text in page.caption if "Code / input: " in text.value and "over" in text.value
    }
    assert f"Code / input: {run.config.model.latent_size} /" not in words  # the nearest is shown instead
    assert RECONSTRUCTION in markup(page)
