"""The dials. Each is in the link under its key and keeps its value from page to page.

Every range and every default comes from `ae_core.config`.
"""

from __future__ import annotations

import streamlit as st

from ae_core import config
from ae_core.config import LEVEL_HELP, LIMITS, PIXELS, RANGES, CorruptionConfig, DataConfig, RunConfig
from ae_core.words.sentences import say
from pages.shared import linked, my_room, session
from pages.shared.browser.led_dial import draw_led_dial
from pages.shared.own_digit import my_digits

LEARNING_RATES = (1e-4, 3e-4, 1e-3, 2e-3, 4e-3, 1e-2, 3e-2, 1e-1, 1.0)
BATCH_SIZES = (16, 32, 64, 128, 256, 512)
HIDDEN_SIZES = {
    say("784 → code"): (),
    say("784 → 128 → code"): (128,),
    say("784 → 192 → 96 → code"): (192, 96),
    say("784 → 512 → 256 → code"): (512, 256),
}
# Links have these words, the English ones.
NOISE_WORDS = {
    "gaussian": say("Gaussian"),
    "salt_and_pepper": say("Salt and pepper"),
    "masking": say("Masking"),
    "occlusion": say("Occlusion"),
}
LOSS_WORDS = {"mse": say("Squared error"), "bce": say("Binary cross-entropy")}
ACTIVATION_WORDS = {
    "relu": say("ReLU"),
    "gelu": say("GELU"),
    "tanh": say("tanh"),
    "none": say("none (linear)"),
}
NOISE_STEP = 0.05
# In a row of them.
DIGITS_SHOWN = 8
DIGIT_COUNTS = (100, 1_000, 10_000, config.ALL_DIGITS)


def choose_latent_size(default: int = config.CAE.model.latent_size) -> int:
    """How many numbers the code has, by the dial that all pages share, which stops where networks are."""
    size = int(
        st.select_slider(
            say("Latent size"),
            config.SHIPPED_SIZES,
            default,
            key=session.LATENT_SIZE,
            bind="query-params",
            help=say(
                "How many numbers the encoder may keep of a picture. The lab has a network "
                "of each of these sizes; any other can be trained."
            ),
        )
    )
    st.caption(
        say(
            "Code / input: {size} / {pixels} = **{share:.1%}**", size=size, pixels=PIXELS, share=size / PIXELS
        )
    )
    if size != default:  # it goes along from page to page
        st.button(
            say("Back to {default}, as the lessons begin", default=default),
            key="latent_size_back",
            type="tertiary",
            icon=":material/restart_alt:",
            on_click=_set_latent_size,
            args=(default,),
        )
    return size


def _set_latent_size(size: int) -> None:
    st.session_state[session.LATENT_SIZE] = size


def choose_run_settings(preset: RunConfig, page: str, size: int, *, denoising: bool = False) -> RunConfig:
    """The run that a model page's training dials describe, on top of its preset with codes of `size`."""
    preset = config.adjusted(preset, model={"latent_size": _choose_other_size(size)})
    preset = config.with_data(preset, _choose_digits())
    epochs = _choose_epochs(preset, page)
    corruption = choose_training_noise(preset.corruption) if denoising else preset.corruption
    with st.expander(say("Advanced")):
        model = _choose_network(preset, page)
        settings = {"epochs": epochs, **_choose_advanced(preset, page)}
    run = config.adjusted(preset, model=model, training=settings)
    return config.adjusted(run, corruption={"kind": corruption.kind, "level": corruption.level})


def choose_pair(preset: RunConfig, page: str, size: int) -> tuple[RunConfig, RunConfig]:
    """The runs of a pair by its training dials: `preset` without noise in training, and the same with it."""
    preset = config.adjusted(preset, model={"latent_size": _choose_other_size(size)})
    preset = config.with_data(preset, _choose_digits())
    corruption = choose_training_noise(config.DAE.corruption)
    plain = config.adjusted(preset, training={"epochs": _choose_epochs(preset, page)})
    return plain, config.adjusted(plain, corruption={"kind": corruption.kind, "level": corruption.level})


def _choose_other_size(size: int) -> int:
    """A size of code to train that the dial `choose_latent_size` need not have; that dial's without one."""
    low, high = LIMITS["latent_size"]
    other = st.number_input(
        say("Another size"),
        low,
        high,
        None,
        key=session.TRAIN_SIZE,
        bind="query-params",
        placeholder=say("{size}, as the dial says", size=size),
        help=say(
            "How many numbers the code of your own network has, from {low} to {high}.", low=low, high=high
        ),
    )
    return size if other is None else int(other)


def _choose_digits() -> DataConfig:
    """Which digits to learn from, by two dials. Raises ConfigError where no class is chosen."""
    count = st.select_slider(
        say("Digits to learn from"),
        DIGIT_COUNTS,
        config.ALL_DIGITS,
        format_func="{:,}".format,
        key="train_digits",
        bind="query-params",
        help=say(
            "With few, a network learns them by heart: its error on them falls far below that on others."
        ),
    )
    classes = st.pills(
        say("Which ones"),
        config.CLASSES,
        selection_mode="multi",
        default=config.CLASSES,
        key="train_classes",
        bind="query-params",
        help=say("Leave some out, and see what the network makes of digits that it never learnt from."),
    )
    return DataConfig(digits=int(count), classes=tuple(classes))


def set_training_dials(page: str, run: RunConfig) -> None:
    """Set the dials of `page` for learning rate and epochs to what `run` has. In a widget's callback only."""
    st.session_state[session.dial_key(page, "learning_rate")] = run.training.learning_rate
    st.session_state[session.dial_key(page, _epochs_dial(run))] = run.training.epochs


def _epochs_dial(run: RunConfig) -> str:
    all_digits = run.data.digits == config.ALL_DIGITS
    return "epochs" if all_digits else f"epochs_for_{run.data.digits}"


def _choose_epochs(preset: RunConfig, page: str) -> int:
    """How many passes over the digits, by a dial of its own for each number of digits.

    What suits 100 digits would take an hour with 60,000.
    """
    return st.slider(
        say("Epochs"),
        *LIMITS["epochs"],
        preset.training.epochs,
        key=session.dial_key(page, _epochs_dial(preset)),
        bind="query-params",
        help=say("How many times the network sees every digit that it learns from."),
    )


def choose_training_noise(default: CorruptionConfig) -> CorruptionConfig:
    """Kind and level of the noise that a denoiser is trained on, by two dials."""
    kind = choose_noise_kind(say("Noise in training"), "training_noise_kind", default.kind)
    low, high = RANGES["noise_level"]
    level = st.slider(
        say("Noise level in training"),
        low,
        high,
        default.level,
        NOISE_STEP,
        key="training_noise_level",
        bind="query-params",
        help=say("Fresh noise for every batch. Level 0 makes it a plain autoencoder."),
    )
    return CorruptionConfig(kind, level)


def choose_noise_kind(label: str, key: str, default: str) -> str:
    """Kind of noise, a key of NOISE_WORDS, by a dial with this label and key."""
    kinds = list(NOISE_WORDS)
    return st.selectbox(
        label,
        kinds,
        kinds.index(default),
        format_func=NOISE_WORDS.__getitem__,
        key=key,
        bind="query-params",
        help=f"{LEVEL_HELP}.",
    )


def choose_test_noise(page: str, default: float) -> CorruptionConfig:
    """Kind and level of the noise that a finished network is tried on, by the dials of `page`."""
    low, high = RANGES["noise_level"]
    slider, chooser = st.columns([3, 1], gap="medium", vertical_alignment="bottom")
    with slider:
        if my_room.followed_code():
            draw_led_dial(test_noise_key(page), default)
        level = st.slider(
            say("Noise level in the test"),
            low,
            high,
            default,
            NOISE_STEP,
            key=test_noise_key(page),
            bind="query-params",
            help=say("Changes the amount of noise and keeps its pattern. Nothing is trained again."),
        )
    with chooser:
        kind = choose_noise_kind(say("Noise in the test"), f"{page}_test_noise_kind", "gaussian")
    return CorruptionConfig(kind, level)


def test_noise_key(page: str) -> str:
    """The key of a page's slider `choose_test_noise`."""
    return f"{page}_test_noise"


def choose_seeds(*, one_digit: bool = False, whole_page: bool = False) -> tuple[int, int]:
    """Seed of the digits shown and seed of their noise, with a button for new ones of each.

    one_digit: only the first digit is shown, so that one of the visitor's own leaves no other to be seen.
    whole_page: parts of the page outside of these dials' fragment show the digits too.
    """
    own = my_digits.count_shown()
    hidden = own >= (1 if one_digit else DIGITS_SHOWN)
    with st.container(horizontal=True, vertical_alignment="center"):
        _draw_next_button(
            say("New digits"), "new_digits", "digits_seed", disabled=hidden, whole_page=whole_page
        )
        _draw_next_button(say("New noise"), "new_noise", "noise_seed", icon=":material/grain:")
        my_digits.draw_digit_switch("digits")
        with st.popover(say("Seeds")):
            seeds = (
                _choose_seed(say("Digits drawn with seed"), "digits_seed", whole_page=whole_page),
                _choose_seed(say("Noise drawn with seed"), "noise_seed"),
            )
    if hidden:
        switch, whose = my_digits.switch_words(), my_digits.whose()
        first = "chosen" if whose == "your" else "newest"
        st.caption(
            say(
                "This is **{whose}** digit. Switch **{switch}** off to see others, and new ones.",
                whose=whose,
                switch=switch,
            )
            if one_digit
            else say(
                "These are **{whose}** {own} digits, the {first} one first. Switch **{switch}** "
                "off to see others, and new ones.",
                whose=whose,
                own=own,
                first=first,
                switch=switch,
            )
        )
    return seeds


def choose_digits_seed(key: str) -> int:
    """Seed of the digits shown, with another button for new ones, further down a page."""
    hidden = my_digits.count_shown() >= DIGITS_SHOWN
    _draw_next_button(say("New digits"), key, "digits_seed", disabled=hidden)
    return linked.read_value("digits_seed", 0)


def _draw_next_button(
    label: str,
    key: str,
    seed: str,
    *,
    icon: str = ":material/casino:",
    disabled: bool = False,
    whole_page: bool = False,
) -> None:
    st.button(label, key=key, icon=icon, on_click=_advance_seed, args=(seed, whole_page), disabled=disabled)


def _choose_seed(label: str, key: str, *, whole_page: bool = False) -> int:
    """A seed that buttons change too."""
    seed = linked.read_value(key, 0)
    st.number_input(
        label,
        *LIMITS["seed"],
        seed,
        key=linked.widget_key(key),
        on_change=_adopt_seed,
        args=(key, whole_page),
    )
    return seed


def _adopt_seed(key: str, whole_page: bool) -> None:
    linked.adopt_widget_value(key)
    if whole_page:
        st.rerun()


def _advance_seed(key: str, whole_page: bool) -> None:
    _, high = LIMITS["seed"]
    linked.set_value(key, (linked.read_value(key, 0) + 1) % (high + 1))
    if whole_page:
        st.rerun()


def _choose_network(preset: RunConfig, page: str) -> dict[str, object]:
    activations = list(ACTIVATION_WORDS)
    activation = st.selectbox(
        say("Activation"),
        activations,
        activations.index(preset.model.activation),
        format_func=ACTIVATION_WORDS.__getitem__,
        key=f"{page}_activation",
        bind="query-params",
    )
    if preset.model.kind != "fully_connected":
        return {"activation": activation}
    shapes = list(HIDDEN_SIZES)
    shape = st.selectbox(
        say("Layers"),
        shapes,
        list(HIDDEN_SIZES.values()).index(preset.model.hidden_sizes),
        key=f"{page}_layers",
        bind="query-params",
    )
    return {"activation": activation, "hidden_sizes": HIDDEN_SIZES[shape]}


def _choose_advanced(preset: RunConfig, page: str) -> dict[str, object]:
    default = preset.training
    rate = st.select_slider(
        say("Learning rate"),
        LEARNING_RATES,
        default.learning_rate,
        key=f"{page}_learning_rate",
        bind="query-params",
    )
    batch = st.select_slider(
        say("Batch size"), BATCH_SIZES, default.batch_size, key=f"{page}_batch_size", bind="query-params"
    )
    losses = list(LOSS_WORDS)
    loss = st.selectbox(
        say("Loss"),
        losses,
        losses.index(default.loss),
        format_func=LOSS_WORDS.__getitem__,
        key=f"{page}_loss",
        bind="query-params",
    )
    seed = int(st.number_input(say("Seed"), *LIMITS["seed"], default.seed, key="seed", bind="query-params"))
    return {"learning_rate": rate, "batch_size": batch, "loss": loss, "seed": seed}
