"""Every page, run by Streamlit's own test runner: alone, with its dials, and with bad luck."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ae_core import config, data
from ae_core.data import Digits
from ae_core.runs import tickets
from ae_core.runs.store import SHIPPED, Store, default_root
from ae_core.service import jobs, worker
from pages.shared import lab
from pages.shared.frame.lesson import BESIDE, PATH
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


def open_page(name: str) -> AppTest:
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60).run()
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
    assert any("5,000 MNIST digits" in caption.value for caption in page.caption)


def test_the_router_lists_every_page_in_the_storys_order():
    router = (PROJECT / "router.py").read_text()
    listed = re.findall(r'"pages/(\w+)\.py": "', router)
    assert sorted(listed) == sorted(path.stem for path in (PROJECT / "pages").glob("*.py"))
    assert listed == [*(lesson.page for lesson in PATH), "latent_space", "your_digit", "runs"]


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
def test_shipped_runs_are_marked_as_shipped(name):
    page = open_page(name)
    assert any("Shipped with the lab" in text.value for text in page.markdown)
    # It learnt from other digits than those at hand, so it is not what the dials describe.
    assert any("This network came with the lab" in caption.value for caption in page.caption)


@pytest.mark.parametrize("name", [lesson.page for lesson in (*PATH, *BESIDE)])
def test_presenting_can_be_left_on_every_page(name):
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    page.query_params["present"] = "1"
    page.run().toggle(key="present_switch").set_value(False).run()
    assert "present" not in page.query_params


def test_who_presents_is_told_how_to_reach_the_hidden_train_button():
    for query, told in (({}, False), ({"present": "1"}, True)):
        page = AppTest.from_file(str(PROJECT / "pages" / "denoising.py"), default_timeout=60)
        for key, value in {"latent_size": "31", **query}.items():
            page.query_params[key] = value
        (info,) = [info.value for info in page.run().info if "has been trained yet" in info.value]
        assert ("The key **D**" in info) == told


@pytest.mark.parametrize("name", MODEL_PAGES)
def test_an_untrained_latent_size_says_what_to_do(name):
    page = open_page(name)
    assert RECONSTRUCTION in markup(page)
    page.slider(key="latent_size").set_value(17).run()
    assert "Press **Train**" in page.info[0].value
    assert RECONSTRUCTION not in markup(page)


@pytest.mark.parametrize("name", MODEL_PAGES)
@pytest.mark.parametrize(
    ("kind", "dial", "value"),
    [
        ("slider", "latent_size", 8),
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
    monkeypatch.setattr(jobs, "submit_training", lambda run, store, data_dir, visitor: asked.append(run))
    page.button(key=f"{prefix}_train").click().run()
    return asked[0]


@pytest.mark.parametrize("name", MODEL_PAGES)
def test_train_submits_the_pages_preset(name, monkeypatch):
    prefix, preset = MODEL_PAGES[name]
    assert asked_for(open_page(name), monkeypatch, prefix) == preset


@pytest.mark.parametrize(
    ("kind", "dial", "value", "field"),
    [
        ("slider", "latent_size", 5, "model.latent_size"),
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
    assert re.findall(r'<img [^>]*alt="(\w+)"', markup(page)) == ["digit", "noisy", "FAE", "CAE", "DAE"]


def test_the_comparison_offers_to_train_what_is_missing():
    page = open_page("comparison")
    page.slider(key="latent_size").set_value(17).run()
    assert {button.key for button in page.button} >= {
        "comparison_FAE_train",
        "comparison_CAE_train",
        "comparison_DAE_train",
    }


def test_settings_that_do_not_fit_together_are_told_in_plain_words():
    page = open_page("fully_connected")
    page.selectbox(key="fae_activation").set_value("none").run()
    page.selectbox(key="fae_loss").set_value("bce").run()
    assert not page.exception
    assert "Choose 'mse'" in page.error[0].value


def test_a_finished_run_is_shown_under_its_own_dials_only(few_digits: Digits):
    run = config.adjusted(config.DAE, model={"latent_size": 17}, training={"epochs": 1})
    for _ in worker.record_training(run, Store(default_root()), few_digits):
        pass
    page = open_page("denoising")
    page.slider(key="latent_size").set_value(17).run()
    assert page.info
    page.slider(key="dae_epochs").set_value(1).run()
    assert not page.info
    assert any("Trained here" in text.value for text in page.markdown)


def unfinished(run: config.RunConfig, few_digits: Digits, epochs: int) -> Store:
    """A store in which `run` was stopped after so many epochs."""
    store = Store(default_root())
    for _ in worker.record_training(run, store, few_digits, lambda: store.last_epoch(run) >= epochs):
        pass
    return store


def test_a_stopped_run_says_where_and_is_not_shown_as_finished(few_digits: Digits):
    run = config.adjusted(config.DAE, model={"latent_size": 17}, training={"epochs": 3})
    unfinished(run, few_digits, epochs=2)
    page = open_page("denoising")
    page.slider(key="dae_epochs").set_value(3)
    page.slider(key="latent_size").set_value(17).run()
    assert (
        "Stopped at epoch 3 of 3, not finished. Press **Continue** to go on after epoch 2."
        in page.warning[0].value
    )
    assert page.button(key="dae_train").label == "Continue"
    assert not any("Trained here" in text.value for text in page.markdown)
    assert not page.metric


def test_stop_leaves_a_run_to_those_who_want_it_too(few_digits: Digits):
    run = config.adjusted(config.DAE, model={"latent_size": 17})
    store = Store(default_root())
    tickets.submit_ticket(store, run, None, "somebody else", 10.0)
    page = open_page("denoising")
    page.slider(key="latent_size").set_value(17).run()
    page.button(key="dae_stop").click().run()
    assert "Others want it" in page.info[0].value
    assert page.button(key="dae_stop").disabled
    assert tickets.find_ticket(store, config.run_id(run)) is not None


def test_stop_takes_back_what_only_this_visitor_wants():
    run = config.adjusted(config.DAE, model={"latent_size": 17})
    page = open_page("denoising")
    page.slider(key="latent_size").set_value(17).run()
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
            store, config.adjusted(config.DAE, training={"seed": 90 + seed}), None, f"{seed}", 4.0
        )
    page = open_page("denoising")
    page.slider(key="latent_size").set_value(17).run()
    page.button(key="dae_train").click().run()
    # The bar is no element that this runner knows; its text is in its protocol buffer.
    (bar,) = page.get("progress")
    assert re.search(r"number 3 in line, starts in about 8 s", bar.proto.text)


def test_a_fourth_training_of_one_visitor_is_refused_with_the_time_to_try_again():
    page = open_page("denoising")
    for size in (17, 18, 19, 20):
        page.slider(key="latent_size").set_value(size).run()
        page.button(key="dae_train").click().run()
    assert re.search(
        r"no visitor may have more.*stop one on the page Runs\. The first should be done in about \d+ s",
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
    page = AppTest.from_file(str(PROJECT / "pages" / "denoising.py"), default_timeout=60).run()
    page.slider(key="dae_epochs").set_value(1)
    page.slider(key="latent_size").set_value(17).run()
    assert not page.exception
    assert any("damaged" in box.value for box in [*page.warning, *page.error])
    assert RECONSTRUCTION not in markup(page)


def test_a_store_that_cannot_be_written_leaves_shipped_runs_usable(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AE_LAB_STORE", str(tmp_path / "file" / "store"))
    page = open_page("denoising")
    assert "data:image/png;base64" in pictures(page)
    page.button(key="dae_train").click().run()
    assert not page.exception
    assert "AE_LAB_STORE" in page.error[0].value


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_bad_data_directory_is_reported_and_the_embedded_digits_are_used(tmp_path, monkeypatch, damage):
    if damage == "truncated":
        raw = tmp_path / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for name in (
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        ):
            (raw / name).write_bytes(b"\0" * 10)
    monkeypatch.setenv("AE_LAB_DATA_DIR", str(tmp_path))
    read = []
    damaged = data._damaged_raw_files
    monkeypatch.setattr(
        data, "_damaged_raw_files", lambda directory: read.append(directory) or damaged(directory)
    )
    page = open_page("home")
    assert "python -m ae_core download" in page.warning[0].value
    assert "data:image/png;base64" in pictures(page)
    for second in range(1, 4):  # files that have not changed are not read again
        assert lab._find_data_dir_at(str(tmp_path), default_root(), -second)[1] == lab.data_problem()
    assert len(read) == (1 if damage == "truncated" else 0)
    if damage == "truncated":
        (raw / name).write_bytes(b"")
        assert "is damaged" in lab._find_data_dir_at(str(tmp_path), default_root(), -4)[1]
        assert len(read) == 2


def test_full_mnist_is_used_and_named_where_it_is_at_hand(full_mnist, monkeypatch):
    monkeypatch.setenv("AE_LAB_DATA_DIR", str(full_mnist))
    page = open_page("denoising")
    assert any(
        "full MNIST, 60,000 to learn from and 10,000 held back" in caption.value for caption in page.caption
    )
    assert asked_for(page, monkeypatch, "dae").data.name == "mnist"


def test_a_damaged_shipped_run_is_reported_and_never_shown(tmp_path, monkeypatch):
    shipped = tmp_path / "shipped"
    shutil.copytree(SHIPPED, shipped)
    store = Store(Path(tmp_path / "store"), shipped)
    run = store.shipped_like(config.adjusted(config.DAE, model={"latent_size": 8}))
    assert run is not None
    (shipped / run.run_id / "weights.safetensors").write_bytes(b"")
    monkeypatch.setattr("pages.shared.lab._open_store", lambda root: store)
    page = open_page("denoising")
    page.slider(key="latent_size").set_value(8).run()
    assert not page.exception
    assert RECONSTRUCTION not in markup(page)
