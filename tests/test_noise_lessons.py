"""The lessons about noise: the denoiser, the pair and the comparison, with their dials, figures and questions."""

from __future__ import annotations

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from ae_core import config, jobs, tickets, worker
from ae_core.baselines import do_nothing
from ae_core.config import CorruptionConfig
from ae_core.data import Digits
from ae_core.metrics import psnr
from ae_core.models import reconstruct
from ae_core.robustness import noisy_digits
from ae_core.store import Store, default_root
from pages.shared import display, noise_view
from tests.test_lessons import revealed, words
from tests.test_pages import curves, no_training_process, open_page, pictures  # noqa: F401 (a fixture)


def html(page: AppTest) -> str:
    return " ".join(element.proto.body for element in page.get("html"))


def shown(page: AppTest) -> str:
    """All pictures and curves of the page, and none of its words."""
    return pictures(page) + curves(page)


def followed(page: AppTest) -> dict[str, list]:
    """What the browser is given to change the pictures by itself."""
    (follower,) = [element.proto for element in page.get("bidi_component") if element.proto.component_name.endswith("scrubber")]
    return json.loads(follower.bytes)


def measured(name: str, digits: Digits, level: float, kind: str = "gaussian") -> float:
    """The shipped network's mean PSNR over the digits measured, worked out here once more."""
    store = Store(default_root())
    run = store.shipped_like(config.preset(name))
    assert run is not None
    clean = digits.test_nhw[: display.DIGITS_MEASURED]
    noisy = noisy_digits(clean, CorruptionConfig(kind, level), 0)
    return float(psnr(reconstruct(store.load_model(run), noisy), clean).mean())


# The pair


def pair_page() -> AppTest:
    """The page of the pair with both questions answered."""
    page = open_page("difference")
    page.button(key="difference_reveal").click().run()
    return page.button(key="difference_clean_reveal").click().run()


def test_what_comes_out_of_the_pair_is_hidden_until_it_is_predicted():
    page = open_page("difference")
    assert " dB" not in html(page)
    assert "CAE gives back" not in html(page)
    assert "nothing else does" not in words(page)
    page.button(key="difference_clean_reveal").click().run()
    assert "dB ✓ better" in html(page)


def test_the_pair_is_shown_with_each_cells_measured_psnr(digits):
    page = pair_page()
    cells = re.findall(r"([\d.]+) dB( ✓ better)?", html(page))
    expected = [f"{measured(name, digits, level):.1f}" for level in (0.0, 0.4) for name in ("cae", "dae")]
    assert [figure for figure, _ in cells] == expected
    assert [bool(better) for _, better in cells] == [True, False, False, True]


def test_the_pages_claim_that_only_the_noise_differs_is_compared_and_told():
    assert "(σ = 0 and σ = 0.4), and nothing else does. Each has 109,642 parameters" in words(pair_page())


def test_both_questions_about_the_pair_are_answered_by_what_was_measured(digits):
    page = open_page("difference")
    page.button(key="difference_reveal").click().run()
    page.button(key="difference_clean_reveal").click().run()
    told = " ".join(revealed(page))
    assert f"**{noise_view.INPUT}**" in told
    assert f"**{noise_view.CLEAN_CAE}**" in told
    assert f"CAE reaches {measured('cae', digits, 0.0):.1f} dB and the DAE {measured('dae', digits, 0.0):.1f} dB" in told


def test_the_noise_at_which_the_denoiser_overtakes_is_where_the_two_are_equal(digits):
    level = float(re.search(r"overtakes the CAE at \*\*σ = ([\d.]+)", words(pair_page())).group(1))
    assert measured("dae", digits, level - 0.03) < measured("cae", digits, level - 0.03)
    assert measured("dae", digits, level + 0.03) > measured("cae", digits, level + 0.03)


@pytest.mark.parametrize(
    ("kind", "dial", "value"),
    [
        ("slider", "latent_size", 8),
        ("slider", "pair_test_noise", 0.7),
        ("selectbox", "pair_test_noise_kind", "masking"),
        ("number_input", "digits_seed", 5),
        ("number_input", "noise_seed", 5),
        ("button_group", "pair_measure", "ssim"),
    ],
)
def test_every_dial_of_the_pair_changes_what_is_shown(kind, dial, value):
    page = pair_page()
    before = shown(page)
    getattr(page, kind)(key=dial).set_value(value).run()
    assert not page.exception
    assert shown(page) != before


def test_one_button_asks_for_both_trainings_and_they_differ_in_their_noise_alone(monkeypatch):
    page = open_page("difference")
    page.slider(key="pair_epochs").set_value(3)
    page.slider(key="training_noise_level").set_value(0.6)
    page.selectbox(key="training_noise_kind").set_value("masking")
    page.slider(key="latent_size").set_value(5).run()
    asked: list[config.RunConfig] = []
    monkeypatch.setattr(jobs, "submit", lambda run, store, data_dir, visitor: asked.append(run))
    page.button(key="pair_train").click().run()
    cae, dae = asked
    assert config.differences(cae, dae) == ("corruption.kind", "corruption.level")
    assert (dae.corruption, dae.training.epochs, dae.model.latent_size) == (CorruptionConfig("masking", 0.6), 3, 5)


def test_one_button_stops_both():
    page = open_page("difference")
    page.slider(key="latent_size").set_value(17).run()
    page.button(key="pair_train").click().run()
    assert len(tickets.line(Store(default_root()))) == 2
    assert len(page.get("progress")) == 2
    page.button(key="pair_stop").click().run()
    assert tickets.line(Store(default_root())) == []


def test_half_a_pair_is_not_shown_as_one(few_digits: Digits):
    runs = [config.adjusted(run, model={"latent_size": 17}, training={"epochs": 1}) for run in (config.CAE, config.DAE)]
    for run in runs:
        page = open_page("difference")
        page.slider(key="pair_epochs").set_value(1)
        page.slider(key="latent_size").set_value(17).run()
        assert "No pair with these settings" in page.info[0].value
        for _ in worker.record(run, Store(default_root()), few_digits):
            pass
    page.run()
    page.button(key="difference_clean_reveal").click().run()
    assert not any("No pair" in box.value for box in page.info)
    assert "dB ✓ better" in html(page)


def test_without_noise_in_training_the_denoiser_is_the_plain_network():
    page = pair_page()
    page.slider(key="training_noise_level").set_value(0.0).run()
    assert "the DAE is the CAE: no setting differs" in words(page)
    assert "✓ better" not in html(page)


# The denoiser


def test_the_denoising_page_tells_the_noise_that_was_clipped_and_that_was_removed():
    page = open_page("denoising")
    text = words(page)
    assert "is on average not 0 but **0.16**; clipping at black alone makes it σ/√(2π) = 0.16" in text
    assert re.search(r"took away \*\*8\d%\*\* of the noise's energy", text)
    assert "blue = darker" in html(page)
    before = html(page)
    page.slider(key="dae_test_noise").set_value(0.05).run()
    assert re.search(r"left \*\*[\d.]+ times\*\* the energy of the noise as error", words(page))
    assert html(page) != before


def test_noise_beyond_the_training_is_called_so_in_the_first_picture_and_in_the_sliders_frames():
    page = open_page("denoising")
    assert "beyond its training" not in words(page)
    page.slider(key="dae_test_noise").set_value(0.6).run()
    assert "noisy input, σ = 0.6: beyond its training (σ = 0.4)" in words(page)
    _, labels, _ = followed(page)["labels"]
    assert [f"σ = {level:g}: beyond its training (σ = 0.4)" in label for level, label in zip(display.LEVELS, labels, strict=True)] == [
        level > 0.4 for level in display.LEVELS
    ]


def test_another_kind_of_noise_than_in_training_is_called_so():
    trained = CorruptionConfig("gaussian", 0.4)
    assert display.input_label(trained, CorruptionConfig("masking", 0.2)) == "noisy input, masking 0.2: trained on σ = 0.4"
    assert "beyond" not in display.input_label(CorruptionConfig(), CorruptionConfig("gaussian", 0.2))


def test_the_denoisers_question_is_answered_by_its_gain_over_doing_nothing(digits):
    page = open_page("denoising")
    page.button(key="denoising_reveal").click().run()
    clean = digits.test_nhw[: display.DIGITS_MEASURED]
    gain = measured("dae", digits, 0.8) - do_nothing(noisy_digits(clean, CorruptionConfig("gaussian", 0.8), 0), clean)["psnr"]
    assert f"{gain:+.1f} dB." in revealed(page)[0]
    assert revealed(page)[0].startswith(f"**{noise_view.GAINS[3 if gain > 6 else 2 if gain >= 3 else 1]}**")


# The comparison


def comparison_page() -> AppTest:
    """The page of the comparison with its question answered."""
    return open_page("comparison").button(key="comparison_reveal").click().run()


def test_the_figures_of_the_comparison_are_hidden_until_they_are_predicted():
    page = open_page("comparison")
    assert not page.table
    assert "overtakes" not in words(page)
    assert comparison_page().table


def test_the_comparison_says_which_is_best_at_the_dials_noise(digits):
    page = open_page("comparison")
    page.button(key="comparison_reveal").click().run()
    assert f"**The DAE.** Mean PSNR over 500 held-back digits at σ = 0.4: FAE {measured('fae', digits, 0.4):.1f} dB" in revealed(page)[0]
    page.slider(key="comparison_test_noise").set_value(0.05).run()
    assert f"**{noise_view.NOBODY}**" in revealed(page)[0]


def test_the_comparison_names_every_crossing_and_shows_best_and_worst_digits():
    page = comparison_page()
    text = words(page)
    assert len(re.findall(r"is worse than doing nothing below \*\*σ = 0\.\d\d\*\* and better above it", text)) == 3
    assert html(page).count("best 4") == html(page).count("worst 4") == 3
    (table,) = page.table
    assert all("±" in cell for cell in table.value["PSNR, dB"])
    assert list(table.value["Parameters"])[1:] == ["345,070", "109,642", "109,642"]


def test_the_measure_of_the_comparisons_curves_can_be_changed():
    page = comparison_page()
    before = shown(page)
    page.button_group(key="comparison_measure").set_value("ssim").run()
    assert not page.exception
    assert shown(page) != before
