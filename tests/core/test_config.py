"""Settings: one frozen value is the experiment, its name and its file."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ae_core import config
from ae_core.commands.options import build_parser
from ae_core.commands.training import run_from_options
from ae_core.config import CorruptionConfig, DataConfig, ModelConfig, RunConfig, TrainingConfig
from ae_core.errors import ConfigError
from tests.conftest import PROJECT


def whole(name: str) -> st.SearchStrategy[int]:
    return st.integers(*config.LIMITS[name])


def fraction(name: str) -> st.SearchStrategy[float]:
    return st.floats(*config.RANGES[name])


MODELS = st.one_of(
    st.builds(
        ModelConfig,
        kind=st.just("fully_connected"),
        latent_size=whole("latent_size"),
        hidden_sizes=st.lists(whole("hidden_size"), max_size=config.LIMITS["hidden_layers"][1]).map(tuple),
        activation=st.sampled_from(config.ACTIVATIONS[:3]),
    ),
    st.builds(
        ModelConfig,
        kind=st.just("convolutional"),
        latent_size=whole("latent_size"),
        channels=st.tuples(whole("channels"), whole("channels")),
        activation=st.sampled_from(config.ACTIVATIONS[:3]),
    ),
    st.sampled_from([config.KERAS_EXAMPLE.model, config.FULLY_CONVOLUTIONAL.model, config.PATCHES.model]),
)
RUNS = st.builds(
    RunConfig,
    MODELS,
    st.builds(CorruptionConfig, st.sampled_from(config.NOISE_KINDS), fraction("noise_level")),
    st.builds(
        TrainingConfig,
        whole("epochs"),
        whole("batch_size"),
        fraction("learning_rate"),
        st.sampled_from(config.LOSSES),
        whole("seed"),
        whole("threads"),
    ),
    st.builds(
        DataConfig,
        digits=whole("digits"),
        classes=st.sets(st.sampled_from(config.CLASSES), min_size=1).map(tuple),
    ),
)
# What a run was called before the digits to learn from could be chosen.
NAMES_ON_MNIST = {
    "fae": "05aa5803400fa3b3", "cae": "f2119e3880e5f71a", "dae": "1eba1869b20a9148",
    "fully-convolutional": "6cb0797375752eae", "patches": "52e6eb60b36730bb", "keras": "68d321349c565f8c",
}  # fmt: skip
EARLIER_NAMES = {"embedded": "f5c2ecec60645680", "mnist_less_embedded_test": "dbf0dfb00bb58c76"}


def parsed_back(run: RunConfig) -> RunConfig:
    """What the command line makes of the command that names `run`."""
    python, dash_m, module, *arguments = shlex.split(config.command_line(run))
    assert (python, dash_m, module) == ("python", "-m", "ae_core")
    options = build_parser().parse_args(arguments)
    return run_from_options(options)


# A run's name


def test_a_run_has_the_same_name_in_every_process():
    program = "from ae_core import config; print(*map(config.run_id, config.PRESETS.values()))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [config.run_id(run) for run in config.PRESETS.values()]


def test_the_order_of_the_fields_does_not_change_the_name():
    fields = json.loads(config.to_json(config.DAE))
    backwards = {
        key: dict(reversed(part.items())) if isinstance(part, dict) else part
        for key, part in reversed(fields.items())
    }
    assert config.run_id(config.from_json(json.dumps(backwards))) == config.run_id(config.DAE)


@pytest.mark.parametrize(
    "changed",
    [
        config.adjusted(
            config.FAE, model={"kind": "convolutional", "channels": (16, 32), "hidden_sizes": ()}
        ),
        config.adjusted(config.FAE, model={"latent_size": 31}),
        config.adjusted(config.FAE, model={"hidden_sizes": (256, 127)}),
        config.adjusted(config.FAE, model={"activation": "tanh"}),
        config.adjusted(config.FAE, corruption={"kind": "masking"}),
        config.adjusted(config.FAE, corruption={"level": 0.1}),
        config.adjusted(config.FAE, training={"epochs": 39}),
        config.adjusted(config.FAE, training={"batch_size": 65}),
        config.adjusted(config.FAE, training={"learning_rate": 2e-3}),
        config.adjusted(config.FAE, training={"loss": "bce"}),
        config.adjusted(config.FAE, training={"seed": 1}),
        replace(config.FAE, data=DataConfig(digits=1_000)),
        replace(config.FAE, data=DataConfig(classes=(0, 1, 2, 3, 4))),
        replace(config.FAE, data=DataConfig("embedded")),
        config.adjusted(config.CAE, model={"channels": (16, 33)}),
    ],
    ids=lambda run: config.to_json(run)[-40:],
)
def test_every_setting_changes_the_name(changed):
    assert config.run_id(changed) not in {config.run_id(run) for run in config.PRESETS.values()}


@pytest.mark.parametrize(("preset", "name"), NAMES_ON_MNIST.items())
def test_a_run_on_all_of_mnist_is_called_what_it_was_called_before(preset, name):
    run = config.PRESETS[preset]
    assert config.run_id(run) == name
    assert json.loads(config.to_json(run))["data"] == {"name": "mnist"}


def test_which_digits_is_in_the_settings_only_where_it_is_not_all_of_them():
    some = replace(config.FAE, data=DataConfig(digits=100, classes=(7, 1)))
    assert json.loads(config.to_json(some))["data"] == {"name": "mnist", "digits": 100, "classes": [1, 7]}


@pytest.mark.parametrize("classes", [(7, 1), (1, 7), (1, 7, 7)])
def test_equal_classes_are_one_setting_however_they_are_listed(classes):
    assert DataConfig(classes=classes) == DataConfig(classes=(1, 7))


@pytest.mark.parametrize(("name", "run"), EARLIER_NAMES.items())
def test_a_run_of_an_earlier_version_is_read_and_called_what_it_was_called_then(name, run):
    epochs = {"embedded": 10, "mnist_less_embedded_test": 1}[name]
    earlier = config.adjusted(replace(config.DAE, data=DataConfig(name)), training={"epochs": epochs})
    assert config.from_json(config.to_json(earlier)) == earlier
    assert config.run_id(earlier) == run


def test_a_name_is_16_hexadecimal_digits():
    for run in config.PRESETS.values():
        assert len(config.run_id(run)) == 16
        assert set(config.run_id(run)) <= set("0123456789abcdef")


@pytest.mark.parametrize("level", [0, 0.0, -0.0])
def test_equal_settings_have_one_name_however_the_number_is_written(level):
    assert CorruptionConfig(level=level) == CorruptionConfig(level=0.0)
    assert config.run_id(RunConfig(corruption=CorruptionConfig(level=level))) == config.run_id(RunConfig())
    assert config.run_id(RunConfig(training=TrainingConfig(learning_rate=1))) == config.run_id(
        RunConfig(training=TrainingConfig(learning_rate=1.0))
    )


# Settings as text


@pytest.mark.parametrize("run", config.PRESETS.values(), ids=config.PRESETS)
def test_a_preset_survives_being_written_and_read(run):
    assert config.from_json(config.to_json(run)) == run


@settings(deadline=None)
@given(RUNS)
def test_any_run_survives_being_written_and_read(run):
    again = config.from_json(config.to_json(run))
    assert again == run
    assert config.run_id(again) == config.run_id(run)


JUNK = [
    "", "{", "[]", "null", "3", '"text"', "{}", '{"recipe": 2}',
    '{"recipe": 2, "model": [], "corruption": {}, "training": {}, "data": {}}',
    '{"recipe": 2, "model": {"colour": "red"}, "corruption": {}, "training": {}, "data": {}}',
    '{"recipe": 2, "model": {"hidden_sizes": 5}, "corruption": {}, "training": {}, "data": {}}',
    '{"recipe": 2, "model": {"kind": ["a"]}, "corruption": {}, "training": {}, "data": {}}',
    '{"recipe": 2, "model": {}, "corruption": {"level": NaN}, "training": {}, "data": {}}',
    '{"recipe": 2, "model": {}, "corruption": {}, "training": {"seed": "0"}, "data": {}}',
    '{"recipe": 2, "model": {}, "corruption": {}, "training": {}, "data": null}',
    '{"recipe": 2, "model": {}, "corruption": {}, "training": {}, "data": {"digits": "all"}}',
    '{"recipe": 2, "model": {}, "corruption": {}, "training": {}, "data": {"classes": []}}',
    '{"recipe": 2, "model": {}, "corruption": {}, "training": {}, "data": {"classes": 7}}',
    '{"recipe": 2, "model": {}, "corruption": {}, "training": {}, "data": {"classes": ["7"]}}',
    '{"recipe": 2, "model": {}, "corruption": {}, "training": {}, "data": {"classes": [[7]]}}',
    '{"recipe": 2, "model": {}, "corruption": {}, "training": {}, "data": {"classes": [7.5]}}',
    '{"recipe": 2, "model": {}, "corruption": {}, "training": {"seed": 1' + "0" * 400 + '}, "data": {}}',
]  # fmt: skip


@pytest.mark.parametrize("text", JUNK, ids=lambda text: text[:100])
def test_what_is_no_run_is_refused(text):
    with pytest.raises(ConfigError, match=r"\. \w+.*\.$"):
        config.from_json(text)


def test_a_run_of_another_recipe_is_refused_with_the_reason():
    other = config.to_json(config.FAE).replace(f'"recipe":{config.RECIPE}', '"recipe":77')
    with pytest.raises(ConfigError, match=r"recipe 77.*Train it again"):
        config.from_json(other)


# Limits


@pytest.mark.parametrize(
    "size",
    [0, -1, 257, 10_000, 10**400, 1.5, True, float("nan"), "32", None],
    ids=lambda size: repr(size)[:20],
)
def test_a_latent_size_out_of_range_is_refused_and_named(size):
    with pytest.raises(ConfigError, match="between 1 and 256") as refused:
        ModelConfig(latent_size=size)
    assert repr(size) in str(refused.value)
    assert "Choose" in str(refused.value)


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), 0.0, -0.01, 1.1, True, "fast"])
def test_a_learning_rate_out_of_range_is_refused_and_named(rate):
    with pytest.raises(ConfigError, match="learning rate") as refused:
        TrainingConfig(learning_rate=rate)
    assert repr(rate) in str(refused.value)
    assert "Choose" in str(refused.value)


@pytest.mark.parametrize(
    "digits", [9, 0, -1, 60_001, 10**400, 100.0, True, "100", None], ids=lambda n: repr(n)[:20]
)
def test_a_number_of_digits_out_of_range_is_refused_and_named(digits):
    with pytest.raises(ConfigError, match="digits must be a whole number between 10 and 60000") as refused:
        DataConfig(digits=digits)
    assert repr(digits) in str(refused.value)


@pytest.mark.parametrize(
    ("classes", "words"),
    [((), "no class of digits to learn from"), ((10,), "10"), ((0, -1), "-1"), ((True,), "True"),
     (("7",), "'7'"), ((0.5,), "0.5"), ((float("nan"),), "nan")],
)  # fmt: skip
def test_classes_that_are_none_or_no_digits_are_refused_with_what_to_choose(classes, words):
    with pytest.raises(ConfigError, match=rf"{words}.*Choose .*0 to 9\.$"):
        DataConfig(classes=classes)


@pytest.mark.parametrize(
    "make",
    [
        lambda: config.find_preset("vae"),
        lambda: ModelConfig(kind="vae"),
        lambda: ModelConfig(activation="vae"),
        lambda: CorruptionConfig(kind="vae"),
        lambda: TrainingConfig(loss="vae"),
        lambda: DataConfig("vae"),
    ],
    ids=["preset", "model", "activation", "noise kind", "loss", "data set"],
)
def test_an_unknown_choice_is_refused_with_the_known_ones(make):
    with pytest.raises(ConfigError, match=r"'vae'\. Choose one of: \w+"):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: ModelConfig("convolutional", channels=(16,)),
        lambda: ModelConfig("convolutional", channels=(16, 32), hidden_sizes=(8,)),
        lambda: ModelConfig("fully_connected", channels=(16, 32)),
        lambda: ModelConfig("fully_connected", hidden_sizes=(8,) * 5),
        lambda: ModelConfig("fully_connected", hidden_sizes=(0,)),
        lambda: ModelConfig("keras_example", 32),
        lambda: ModelConfig("keras_example", 1568, activation="tanh"),
        lambda: ModelConfig("patches", 1568, channels=(8,)),
        lambda: ModelConfig("fully_convolutional", 30),
        lambda: TrainingConfig(threads=0),
        lambda: TrainingConfig(threads=65),
        lambda: RunConfig(config.LINEAR.model, training=TrainingConfig(loss="bce")),
    ],
)
def test_settings_that_do_not_fit_each_other_are_refused(make):
    with pytest.raises(ConfigError):
        make()


# Presets


def test_the_denoiser_is_the_convolutional_autoencoder_with_a_corruption():
    assert replace(config.DAE, corruption=config.CAE.corruption) == config.CAE
    assert config.DAE.corruption.level > config.CAE.corruption.level == 0


def test_the_keras_example_does_not_compress():
    assert config.KERAS_EXAMPLE.model.latent_size == 1568 == 2 * config.PIXELS


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("fae", "FAE"),
        ("cae", "CAE"),
        ("dae", "DAE"),
        ("linear", "linear FAE"),
        ("keras", "Keras"),
        ("fully-convolutional", "FCAE"),
        ("patches", "Patches"),
    ],
)
def test_a_preset_is_called_what_the_lessons_call_it(name, family):
    assert config.family(config.find_preset(name)) == family


@pytest.mark.parametrize("run", config.PRESETS.values(), ids=config.PRESETS)
def test_the_command_shown_for_a_run_trains_exactly_that_run(run):
    assert config.run_id(parsed_back(run)) == config.run_id(run)


@settings(deadline=None)
@given(RUNS)
def test_the_command_of_any_run_trains_exactly_that_run(run):
    assert parsed_back(run) == run


# Which digits


@settings(deadline=None)
@given(st.sampled_from(list(config.PRESETS.values())), st.integers(*config.LIMITS["digits"]))
def test_with_fewer_digits_a_preset_goes_over_them_more_often(run, count):
    few = config.with_data(run, DataConfig(digits=count))
    shown, usual = few.training.epochs * few.data.count, run.training.epochs * run.data.count
    _, most = config.LIMITS["epochs"]
    assert few.training.epochs == most or abs(shown - usual) <= few.data.count / 2
    assert few.training.epochs >= run.training.epochs
    assert replace(few, data=run.data, training=run.training) == run


def test_with_all_digits_a_preset_stays_as_it_is():
    for run in config.PRESETS.values():
        assert config.with_data(run, DataConfig()) == run


def test_a_class_has_only_so_many_digits():
    fives = DataConfig(classes=(5,))
    assert (fives.digits, fives.count) == (60_000, 5_421)
    assert fives.left_out == (0, 1, 2, 3, 4, 6, 7, 8, 9)
    assert DataConfig().count == 60_000
    assert DataConfig().left_out == ()
    assert DataConfig("embedded").count == 4_000


@pytest.mark.parametrize(
    ("size", "nearest"), [(1, 1), (5, 6), (7, 8), (10, 12), (17, 16), (20, 24), (27, 30), (56, 64), (256, 64)]
)
def test_the_nearest_size_is_the_nearest_by_ratio(size, nearest):
    ratios = {shipped: max(shipped / size, size / shipped) for shipped in config.SHIPPED_SIZES}
    assert config.nearest_size(size) == nearest
    assert ratios[nearest] == min(ratios.values())


@given(whole("latent_size"))
def test_any_size_has_a_shipped_one_near_it_and_a_shipped_one_is_its_own(size):
    nearest = config.nearest_size(size)
    assert nearest in config.SHIPPED_SIZES
    assert size not in config.SHIPPED_SIZES or nearest == size
