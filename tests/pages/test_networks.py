"""Whose networks a page works with: the lab's stay, a visitor's stand beside them and are nobody else's."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from ae_core import config
from ae_core.config import CorruptionConfig, DataConfig
from ae_core.runs import tickets
from ae_core.runs.store import Store, default_root
from ae_core.service.worker import record_training
from pages.shared import networks, session
from tests.pages.test_pages import markup, open_page, pictures

# What a visitor trains at the dials' defaults: another training of the very network that the lab has.
MINE = config.CAE
NAME = config.run_id(MINE)
PAGES = ["home", "convolutional", "difference", "surprises", "comparison", "latent_space"]


@pytest.fixture
def trained(few_digits) -> str:
    """The name of a CAE that somebody trained here, with few digits: a bad one."""
    for _ in record_training(MINE, Store(default_root()), few_digits):
        pass
    return NAME


def captions(page: AppTest) -> str:
    return "\n".join(caption.value for caption in page.caption)


# The lab's stay


@pytest.mark.parametrize("name", PAGES)
def test_what_somebody_trains_changes_nothing_that_others_see(name, few_digits):
    before = open_page(name)
    for _ in record_training(MINE, Store(default_root()), few_digits):
        pass
    after = open_page(name)
    assert pictures(after) == pictures(before)
    # How long a training takes is told by what was measured here.
    assert re.sub(r"in about \d+ s", "", captions(after)) == re.sub(r"in about \d+ s", "", captions(before))
    assert not [button for button in after.button_group if button.key == session.WHOSE]


def test_a_training_in_the_line_is_seen_by_who_asked_for_it_alone():
    tickets.submit_ticket(Store(default_root()), MINE, "somebody else", 10.0)
    page = open_page("convolutional")
    assert not page.get("progress")
    assert not page.button(key="cae_train").disabled


# A visitor's stand beside them


def test_a_visitors_network_stands_beside_the_labs_with_what_each_learnt_from(trained):
    page = open_page("convolutional", yours=trained)
    rows = re.findall(
        r'alt="what (the lab\'s network|yours) rebuilds \(([^)]*)\)"', markup(page).replace("&#x27;", "'")
    )
    assert [whose for whose, _ in rows] == ["the lab's network", "yours"]
    assert "60,000 digits" in rows[0][1]
    assert f"512 digits, {MINE.training.epochs} pass" in rows[1][1]


def test_one_click_works_with_the_visitors_network_and_one_goes_back(trained):
    page = open_page("convolutional", yours=trained)
    measured = page.metric[1].value
    page.button_group(key=session.WHOSE).set_value(networks.YOURS).run()
    assert float(page.metric[1].value) > float(measured)
    page.button_group(key=session.WHOSE).set_value(networks.LABS).run()
    assert page.metric[1].value == measured


@pytest.mark.parametrize("name", PAGES)
def test_the_switch_changes_the_pictures_and_the_page_says_whose_they_are(name, trained):
    page = open_page(name, yours=trained)
    if name == "difference":  # a CAE alone is no pair
        page = open_page(name, yours=trained, whose=networks.YOURS)
        assert "the lab's pair is shown" in captions(page)
        return
    before = pictures(page)
    page.button_group(key=session.WHOSE).set_value(networks.YOURS).run()
    assert not page.exception
    assert pictures(page) != before or name == "surprises"  # there a question hides them
    assert "yours" in captions(page) + markup(page)


def test_a_finished_training_is_announced_where_the_labs_network_stands_with_one_press_to_see_it(trained):
    page = open_page("convolutional", yours=trained)
    (line,) = [text.value for text in page.markdown if "Yours is finished" in text.value]
    theirs, ours = (float(found) for found in re.findall(r"([\d.]+) dB", line))
    assert theirs < ours
    assert "60,000 digits, 12 passes" in line
    assert "Yours is finished, and learnt nothing:" in line  # eight steps are too few
    assert page.metric[0].value.startswith(f"{ours:.1f}")
    page.button(key="cae_show_own").click().run()
    assert page.button_group(key=session.WHOSE).value == networks.YOURS
    assert page.query_params[session.WHOSE] in ("Yours", ["Yours"])
    assert page.metric[0].value.startswith(f"{theirs:.1f}")
    assert not [text for text in page.markdown if "Yours is finished" in text.value]
    # Whoever has seen it goes to and fro between the two, and the picture stays where it is.
    page.button_group(key=session.WHOSE).set_value(networks.LABS).run()
    assert page.metric[0].value.startswith(f"{ours:.1f}")
    assert not [text for text in page.markdown if "Yours is finished" in text.value]


def test_who_has_trained_nothing_is_told_of_no_network_of_theirs():
    assert not [text for text in open_page("convolutional").markdown if "Yours is finished" in text.value]


def test_the_link_names_the_visitors_runs_and_opens_them_elsewhere(trained):
    page = open_page("convolutional", yours=trained, whose=networks.YOURS)
    assert page.query_params["yours"] == trained
    assert "yours rebuilds" in markup(page)
    assert "yours rebuilds" not in markup(open_page("convolutional"))


def test_train_makes_a_run_the_visitors_and_puts_it_into_the_link():
    page = open_page("convolutional")
    page.button(key="cae_train").click().run()
    assert page.query_params["yours"] == NAME
    assert page.get("progress")
    assert "data:image/png" in markup(page)  # the lab's network stays in sight


def test_what_somebody_else_trained_with_these_settings_is_there_at_once(trained):
    page = open_page("convolutional")
    page.button(key="cae_train").click().run()
    assert tickets.tickets_in_line(Store(default_root())) == []
    assert "yours rebuilds" in markup(page)


def test_a_link_to_runs_that_are_gone_shows_the_labs():
    page = open_page("convolutional", yours="0123456789abcdef", whose=networks.YOURS)
    assert not page.error
    assert "reconstruction D(E(x))" in markup(page)


def test_a_row_of_reconstructions_names_the_noise_where_there_is_some():
    page = open_page("convolutional", cae_test_noise=0.3)
    assert "reconstruction D(E(x + ε))" in markup(page)
    assert "reconstruction D(E(x))" not in markup(page)


def test_the_newest_of_a_visitors_runs_are_kept():
    page = open_page("convolutional")
    for number in range(networks.KEPT + 2):
        page.session_state["own_runs"] = [*page.session_state["own_runs"], f"{number:016x}"][-networks.KEPT :]
    page.run()
    said = page.query_params["yours"]
    assert said.split(".") == [f"{number:016x}" for number in range(2, networks.KEPT + 2)]


# The nearest


@pytest.mark.parametrize(("size", "nearest"), [(1, 1), (5, 6), (20, 24), (40, 48), (256, 64)])
def test_a_size_that_the_lab_does_not_have_shows_the_nearest_and_can_be_trained(size, nearest):
    page = open_page("convolutional", latent_size=str(size))
    assert page.select_slider(key="latent_size").value == nearest
    assert networks_sizes(page) == {nearest}
    if size not in config.SHIPPED_SIZES:
        assert any(f"of {nearest}" in box.value for box in page.info)
        assert page.number_input(key="train_size").value == size


def networks_sizes(page: AppTest) -> set[int]:
    """The latent sizes that the page's figures are said to be of."""
    said = re.findall(r"network, over \d+ held-back.*?Code / input: (\d+) / 784", captions(page))
    return {int(size) for size in said}


@pytest.mark.parametrize(("level", "nearest"), [(0.25, 0.2), (0.5, 0.4), (1.0, 0.8)])
def test_the_denoiser_shown_is_the_one_whose_noise_is_nearest(level, nearest):
    wanted = config.adjusted(config.DAE, corruption={"level": level})
    found = networks.find_lab_run(wanted)
    assert found is not None
    assert found.config.corruption == CorruptionConfig("gaussian", nearest)


# What it learnt from


def test_a_network_that_never_learnt_some_classes_is_shown_them_and_measured_on_them(few_digits):
    run = replace(MINE, data=DataConfig(classes=(0, 1, 2, 3, 4)))
    for _ in record_training(run, Store(default_root()), few_digits):
        pass
    page = open_page("convolutional", yours=config.run_id(run), whose=networks.YOURS)
    assert re.search(
        r"It never learnt from \*\*5, 6, 7, 8 and 9\*\*; .*\*\*[\d.]+\*\*, on the others \*\*[\d.]+\*\*",
        markup(page),
    )


def test_what_was_learnt_by_heart_is_told_by_both_errors(few_digits, digits):
    from ae_core.data import select_digits

    run = replace(config.FAE, data=DataConfig(digits=100))
    run = config.adjusted(run, training={"epochs": 100})
    for _ in record_training(run, Store(default_root()), select_digits(digits, run.data)):
        pass
    page = open_page("fully_connected", yours=config.run_id(run), whose=networks.YOURS)
    told = re.search(
        r"100 digits that it learnt from: \*\*([\d.]+)\*\*, on 10,000 that it never saw: \*\*([\d.]+)",
        markup(page),
    )
    known, new = map(float, told.groups())
    assert new > 1.5 * known
    assert "by heart" in markup(page)


def test_where_the_lab_has_no_network_of_a_size_the_nearest_is_not_called_the_visitors():
    page = open_page("fully_connected", linear="true", latent_size=1)
    said = " ".join(one.value for one in page.caption)
    assert "The lab has no such network with 1 number: the nearest, this one, has **2 numbers**" in said
    assert "Your network has" not in said
