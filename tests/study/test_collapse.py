"""A network that learnt nothing is named, one that learnt is not, and nobody cries wolf."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from ae_core import config
from ae_core.baselines import measure_floors
from ae_core.config import CAE, DAE, FAE, LINEAR, CorruptionConfig, DataConfig, RunConfig
from ae_core.data import mean_digit, select_digits
from ae_core.models import Autoencoder
from ae_core.study.collapse import (
    Cause,
    Verdict,
    count_steps,
    find_dead_numbers,
    find_usual_cause,
    judge_run,
    measure_collapse,
    measure_dead_units,
    measure_likeness,
    measure_spread,
    offer_retraining,
    pick_digits_to_judge,
    preset_like,
    seems_stuck,
    with_preset_rate,
)
from ae_core.training import EpochDone, Finished, Snapshot, build_untrained, train

FEW = DataConfig(digits=1_000)


def small(preset: RunConfig, rate: float, epochs: int = 4) -> RunConfig:
    """A training of a second or two."""
    run = replace(preset, data=FEW)
    return config.adjusted(run, training={"learning_rate": rate, "epochs": epochs})


def trained(run: RunConfig, digits) -> tuple[Finished, list[bool]]:
    """The end of a training, and what was noticed at each look at it."""
    few = select_digits(digits, run.data)
    few = replace(few, test_nhw=few.test_nhw[:200], test_labels_n=few.test_labels_n[:200])
    looks, errors, steps = [], [], count_steps(run)
    for event in train(run, few):
        if isinstance(event, EpochDone):
            errors.append((steps * event.epoch // run.training.epochs, event.test_squared_error))
        if isinstance(event, Snapshot):
            clean_nhw = few.test_nhw[:8]
            looks.append(seems_stuck(event.reconstructions_nhw, clean_nhw, errors, 52.9, event.step, steps))
    return event, looks


class OnePicture(nn.Module):
    """Gives the same picture whatever comes in."""

    def __init__(self, picture_hw: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(picture_hw)

    def forward(self, codes_bl: torch.Tensor) -> torch.Tensor:
        return self.weight.expand(len(codes_bl), 1, 28, 28)


class Changed(nn.Module):
    """Gives each picture back, changed."""

    def __init__(self, change) -> None:
        super().__init__()
        self.change, self.weight = change, nn.Parameter(torch.zeros(()))

    def forward(self, codes_bl: torch.Tensor) -> torch.Tensor:
        return self.change(codes_bl).reshape(-1, 1, 28, 28)


def network(decoder: nn.Module) -> Autoencoder:
    """Its code is the pixels themselves."""
    return Autoencoder(nn.Sequential(nn.Flatten()), nn.Sequential(decoder))


@pytest.fixture(scope="module")
def clean(digits):
    return digits.test_nhw[:300]


# The spread


def test_the_spread_is_the_standard_deviation_beside_that_of_the_digits(clean):
    assert measure_spread(clean, clean) == pytest.approx(1)
    assert measure_spread(0.03 * clean + 0.5, clean) == pytest.approx(0.03)
    assert measure_spread(clean.mean(0).expand_as(clean), clean) == 0
    by_hand = math.sqrt(clean[:2].var(0, correction=0).sum() / clean.var(0, correction=0).sum())
    assert measure_spread(clean[:2], clean) == pytest.approx(by_hand)


def test_pixels_that_are_always_black_count_for_nothing(clean):
    middle = clean[:, 10:18, 10:18]
    padded = torch.nn.functional.pad(middle, (10, 10, 10, 10))
    assert measure_spread(0.5 * padded, padded) == pytest.approx(measure_spread(0.5 * middle, middle))


def test_likeness_is_that_of_the_differences_whatever_their_size(clean):
    assert measure_likeness(0.1 * clean + 0.4, clean) == pytest.approx(1, abs=1e-4)
    assert measure_likeness(1 - clean, clean) == pytest.approx(-1, abs=1e-4)
    assert abs(measure_likeness(clean.flip(0), clean)) < 0.1
    assert measure_likeness(torch.zeros_like(clean), clean) == 0


# Verdicts


@pytest.mark.parametrize(
    ("picture_of", "verdict"),
    [
        (lambda clean: clean.mean(0), Verdict.MEAN_DIGIT),
        (lambda clean: torch.zeros(28, 28), Verdict.BLACK),
        (lambda clean: 0.1 * clean.mean(0), Verdict.BLACK),
        (lambda clean: 0.5 * clean.mean(0), Verdict.ONE_PICTURE),
        (lambda clean: torch.ones(28, 28), Verdict.WORSE_THAN_BLACK),
    ],
)
def test_one_picture_for_all_is_named_by_what_it_is(clean, picture_of, verdict):
    found = measure_collapse(network(OnePicture(picture_of(clean))), clean, clean)
    assert (found.verdict, found.learnt_nothing, found.is_one_picture, found.spread) == (
        verdict,
        True,
        True,
        0,
    )


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda x: x, Verdict.FINE),
        (lambda x: 0.1 * x, Verdict.FINE),  # a copy, if a dark one
        (lambda x: 0.2 * x.flip(0), Verdict.NO_BETTER),
        (lambda x: 1 - x, Verdict.WORSE_THAN_BLACK),
        (lambda x: x.flip(0), Verdict.WORSE_THAN_BLACK),  # another digit's picture
    ],
)
def test_pictures_that_differ_and_are_worse_than_the_mean_digit_are_named_too(clean, change, verdict):
    found = measure_collapse(network(Changed(change)), clean, clean)
    assert (found.verdict, found.is_one_picture) == (verdict, False)


def test_the_errors_beside_it_are_those_of_black_and_of_the_mean_digit(clean):
    found = measure_collapse(network(OnePicture(torch.zeros(28, 28))), clean, clean)
    floors = measure_floors(clean)
    assert found.error == pytest.approx(found.always_black) == pytest.approx(floors.black)
    assert found.always_mean == pytest.approx(floors.mean_digit)
    assert measure_collapse(network(OnePicture(clean.mean(0))), clean, clean).error == pytest.approx(
        floors.mean_digit, rel=1e-5
    )


def test_what_was_learnt_by_heart_is_no_failure(clean):
    other = network(Changed(lambda x: x.flip(0)))
    assert measure_collapse(other, clean, clean, train_error=3.0).verdict is Verdict.FINE
    assert measure_collapse(other, clean, clean, train_error=90.0).learnt_nothing


@pytest.mark.parametrize("count", [1, 2, 10])
def test_few_digits_give_no_false_alarm_and_no_nan(digits, count):
    few = digits.test_nhw[:count]
    found = measure_collapse(network(Changed(lambda x: 0.5 * x)), few, few)
    assert found.verdict is Verdict.FINE
    assert not math.isnan(found.spread + found.error + found.always_mean)
    assert measure_collapse(build_untrained(CAE), few, few).dead == ()


def test_a_network_that_repeats_the_noise_is_marked_against_the_clean_digit_and_yet_learnt_to_copy(clean):
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    found = measure_collapse(network(Changed(lambda x: x)), (clean + 0.8 * noise).clamp(0, 1), clean)
    assert found.error > found.always_black
    assert found.verdict is Verdict.FINE


# Real trainings


@pytest.mark.parametrize(
    ("preset", "rate"), [(CAE, 1.0), (CAE, 0.3), (FAE, 1.0)], ids=["CAE 1.0", "CAE 0.3", "FAE 1.0"]
)
def test_a_learning_rate_far_too_high_is_named_after_the_training_and_while_it_goes_on(digits, preset, rate):
    run = small(preset, rate)
    end, looks = trained(run, digits)
    found = judge_run(run, end.model, digits, config.PIXELS * end.train_mse)
    assert found.spread < 0.05
    assert found.learnt_nothing
    assert looks[-1]
    assert not any(looks[:3])
    assert find_usual_cause(run, found.dead_units) is Cause.RATE_TOO_HIGH


@pytest.mark.parametrize(
    "run",
    [
        small(CAE, CAE.training.learning_rate, 8),
        config.adjusted(small(FAE, FAE.training.learning_rate, 8), model={"latent_size": 1}),
        config.adjusted(small(LINEAR, LINEAR.training.learning_rate, 20), model={"latent_size": 2}),
        replace(small(FAE, FAE.training.learning_rate, 8), corruption=CorruptionConfig("gaussian", 1.0)),
        replace(small(FAE, FAE.training.learning_rate, 60), data=DataConfig(digits=20)),
        replace(small(FAE, FAE.training.learning_rate, 8), data=DataConfig(digits=500, classes=(1,))),
    ],
    ids=["CAE", "FAE 1", "linear FAE 2", "noise 1.0", "20 digits", "only ones"],
)
def test_a_network_that_learnt_is_left_alone(digits, run):
    end, looks = trained(run, digits)
    found = judge_run(run, end.model, digits, config.PIXELS * end.train_mse)
    assert (found.verdict, found.dead) == (Verdict.FINE, ())
    assert not looks[-1]


# Dead numbers


def test_dead_numbers_are_those_that_never_change_whatever_the_activation():
    codes = torch.randn(200, 6, generator=torch.Generator().manual_seed(0))
    codes[:, 1] = 0  # ReLU
    codes[:, 3] = -1  # tanh
    codes[:, 4] = 0.3 + 1e-8 * codes[:, 4]  # a bias, and rounding
    assert find_dead_numbers(codes) == ((1, 3, 4), 6)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_codes_own_scale_decides_not_its_size(scale):
    codes = scale * torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    codes[:, 2] *= 1e-4
    codes[:, 3] *= 1e-2
    assert find_dead_numbers(codes) == ((2,), 4)


def test_a_code_of_which_nothing_changes_is_all_dead():
    codes = torch.tensor([[0.3, 0.0, -7.0]]).repeat(50, 1)
    codes[::2, 0] += 1e-7
    assert find_dead_numbers(codes) == ((0, 1, 2), 3)


def test_a_code_of_one_number_and_one_digit_are_not_called_dead():
    assert find_dead_numbers(torch.rand(50, 1)) == ((), 1)
    assert find_dead_numbers(torch.rand(1, 5)) == ((), 5)


def test_a_map_is_dead_only_where_all_of_it_is():
    codes = torch.rand(50, 3, 49)
    codes[:, 0, :40] = 0
    codes[:, 2] = 0
    assert find_dead_numbers(codes.flatten(1), maps=3) == ((2,), 3)
    found = measure_collapse(build_untrained(config.PATCHES), torch.rand(20, 28, 28), torch.rand(20, 28, 28))
    assert (found.code_size, found.is_maps) == (32, True)


def test_dead_units_are_those_of_the_worst_layer(clean):
    model = build_untrained(FAE)
    assert measure_dead_units(model, clean) < 0.9
    with torch.no_grad():
        model.decoder[0].bias.fill_(-1e6)
    assert measure_dead_units(model, clean) == 1
    assert measure_dead_units(build_untrained(LINEAR), clean) == 0
    assert find_usual_cause(FAE, 1.0) is Cause.DEAD_UNITS


# While it trains


@pytest.fixture
def alike(clean):
    return clean.mean(0).expand(8, 28, 28)


def test_nothing_is_said_before_a_third_of_the_steps(clean, alike):
    assert not seems_stuck(alike, clean[:8], [], 52.9, 299, 900)
    assert seems_stuck(alike, clean[:8], [], 52.9, 300, 900)
    assert not seems_stuck(alike, clean[:8], [], 52.9, 0, 0)


def test_an_error_below_the_mean_digits_is_believed_more_than_eight_pictures(clean, alike):
    assert not seems_stuck(alike, clean[:8], [(500, 40.0)], 52.9, 600, 900)
    assert seems_stuck(alike, clean[:8], [(500, 52.7)], 52.9, 600, 900)
    assert seems_stuck(alike, clean[:8], [(100, 40.0)], 52.9, 600, 900)  # told too early to count
    assert not seems_stuck(clean[:8], clean[:8], [(500, 60.0)], 52.9, 600, 900)


# What is offered


def test_the_presets_rate_is_offered_and_all_else_stays():
    run = config.adjusted(DAE, model={"latent_size": 7}, training={"learning_rate": 0.5, "seed": 3})
    offered = offer_retraining(run)
    assert offered == with_preset_rate(run)
    assert config.differences(run, offered) == ("training.learning_rate",)
    assert offered.training.learning_rate == CAE.training.learning_rate


@pytest.mark.parametrize("preset", config.PRESETS.values(), ids=config.PRESETS)
def test_a_preset_is_its_own_and_has_nothing_to_be_offered(preset):
    assert preset_like(preset).training.learning_rate == preset.training.learning_rate
    assert offer_retraining(preset) is None


def test_too_few_steps_are_the_cause_and_more_are_offered():
    run = replace(config.adjusted(CAE, training={"epochs": 2}), data=DataConfig(digits=100))
    assert count_steps(run) == 4
    assert find_usual_cause(run) is Cause.FEW_STEPS
    offered = offer_retraining(run)
    assert count_steps(offered) >= 300
    assert offered.training.learning_rate == run.training.learning_rate


@pytest.mark.parametrize(
    ("rate", "cause"), [(0.1, Cause.RATE_TOO_HIGH), (1e-4, Cause.RATE_TOO_LOW), (1e-2, Cause.UNKNOWN)]
)
def test_the_rate_is_held_against_the_presets(rate, cause):
    assert find_usual_cause(config.adjusted(CAE, training={"learning_rate": rate})) is cause


# Which digits


def test_a_network_is_judged_on_held_back_digits_of_the_classes_that_it_learns(digits):
    run = replace(CAE, data=DataConfig(classes=(1, 7)))
    input_nhw, clean_nhw = pick_digits_to_judge(run, digits)
    of_classes = torch.isin(digits.test_labels_n, torch.tensor([1, 7]))
    assert len(clean_nhw) == 1000
    assert clean_nhw.equal(digits.test_nhw[of_classes][:1000])
    assert input_nhw.equal(clean_nhw)


def test_a_denoiser_is_judged_on_noisy_digits_against_the_clean_ones(digits):
    input_nhw, clean_nhw = pick_digits_to_judge(DAE, digits)
    assert clean_nhw.equal(digits.test_nhw[:1000])
    assert 0.1 < (input_nhw - clean_nhw).abs().mean() < 0.3


def test_the_floors_of_mnists_test_digits_are_the_published_figures(digits):
    floors = measure_floors(digits.test_nhw, mean_digit(digits.train_bytes_nhw))
    assert floors.black == pytest.approx(89.3, abs=0.05)
    assert floors.mean_digit == pytest.approx(52.9, abs=0.05)
    assert floors.entropy == pytest.approx(0.0581, abs=5e-5)
    assert floors.grey_entropy == pytest.approx(0.693, abs=5e-4)
    assert measure_floors(digits.test_nhw).mean_digit < floors.mean_digit
