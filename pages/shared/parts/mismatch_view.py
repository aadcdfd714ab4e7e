"""Noise in training against noise in the test: two tables of the lab's networks, each behind a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, product

import streamlit as st

from ae_core.config import DAE, LEVEL_HELP, NOISE_WORDS, CorruptionConfig
from ae_core.figures.heat_table import HeatTable, heat_table_html
from ae_core.runs.run_folder import StoredRun
from ae_core.study import mismatch
from ae_core.study.mismatch import BY_KIND, BY_LEVEL, KIND_LEVEL, NO_NOISE, TESTED_LEVELS, ErrorTable
from ae_core.words.sentences import say
from pages.shared import lab, question
from pages.shared.display import count_measured, number_words
from pages.shared.parts.noise_view import measure_spread
from pages.shared.question import Answer

SIZE = DAE.model.latent_size
# What is asked about: the network trained with just this noise, or one of the others?
ASKED_LEVEL = CorruptionConfig("gaussian", 0.8)
ASKED_KIND = CorruptionConfig("occlusion", KIND_LEVEL)
CORNER = say("training ↓\ntest →")
NOTHING = say("doing nothing")
Words = Callable[[CorruptionConfig], str]


def ask_which_level() -> None:
    """Ask which noise in training is best for much noise in the test; then show all levels against all."""
    st.subheader(say("How much noise in training for how much in the test?"))
    *most, last = map(level_words, BY_LEVEL)
    _ask_which(
        "denoising_levels",
        say(
            "Five networks of {number}, trained with {most} and {last}. Which is best on "
            "digits with **{level}**?",
            number=number_words(SIZE),
            most=", ".join(most),
            last=last,
            level=level_words(ASKED_LEVEL),
        ),
        ASKED_LEVEL,
        (BY_LEVEL, TESTED_LEVELS),
        level_words,
        _show_levels,
    )


def ask_which_kind() -> None:
    """Ask which kind of noise in training is best for a block wiped out; then show all kinds against all."""
    st.subheader(say("Which noise in training for which in the test?"))
    _ask_which(
        "denoising_kinds",
        say(
            "Five networks of {number}, each trained with another kind of noise, all at "
            "level {kind_level:g}. Which is best on digits of which **a block is wiped out**?",
            number=number_words(SIZE),
            kind_level=KIND_LEVEL,
        ),
        ASKED_KIND,
        (BY_KIND, BY_KIND),
        kind_words,
        _show_kinds,
    )


def _ask_which(
    key: str,
    asked: str,
    tested: CorruptionConfig,
    sides: tuple[Sequence[CorruptionConfig], Sequence[CorruptionConfig]],
    words: Words,
    show: Callable[[ErrorTable], None],
) -> None:
    """Ask which network is best at `tested`. sides: noises of training, a network each, and of the test."""
    runs = _find_networks(sides[0])
    options = {noise: say("The one trained with {words}.", words=words(noise)) for noise in sides[0]}

    def answer() -> Answer:
        table = _measure_table(*sides, runs)
        return Answer(options[table.best(tested)], because_words(table, tested, words))

    question.ask_question(
        key,
        asked,
        [*options.values()],
        answer,
        lambda: show(_measure_table(*sides, runs)),
        of={},
        networks=runs,
    )


def explain_price_on_clean() -> None:
    """Say what noise in training costs on clean digits, by how much noise it was."""
    found = {
        noise: measure_spread(run, NO_NOISE, 0).value
        for noise, run in zip(BY_LEVEL, _find_networks(BY_LEVEL), strict=True)
        if run is not None
    }
    if len(found) > 1:
        st.markdown(price_words(found))


def price_words(psnr: Mapping[CorruptionConfig, float]) -> str:
    """PSNR on clean digits of networks by the noise in their training, from least to most, and why."""
    told = ", ".join(f"{level_words(noise)} {value:.1f}" for noise, value in psnr.items())
    values = [*psnr.values()]
    measured = say("PSNR on clean digits by the noise in training, in dB: {told}", told=told)
    measured += say(" (the lab's networks of {number}).", number=number_words(SIZE))
    if not all(one > other for one, other in pairwise(values)):
        return say("**What the noise costs.** {measured}", measured=measured)
    return say(
        "**What the noise costs.** The more noise in training, the worse on clean "
        "digits. {measured} *Our explanation:* in noise, thin and faint strokes cannot "
        "be told from chance, so it pays to smooth them away; a network that has learnt "
        "to do so does it to clean digits as well.",
        measured=measured,
    )


def _find_networks(trained: Sequence[CorruptionConfig]) -> list[StoredRun | None]:
    """The lab's network of SIZE numbers trained with each of these noises; None where it is missing."""
    return [lab.store().shipped_like(replace(DAE, corruption=noise)) for noise in trained]


def level_words(noise: CorruptionConfig) -> str:
    """How much Gaussian noise: 'no noise', 'σ = 0.2'."""
    return f"σ = {noise.level:g}" if noise.level else say("no noise")


def kind_words(noise: CorruptionConfig) -> str:
    """Which noise, where all have one level: 'no noise', 'Gaussian noise', 'masking'."""
    if not noise.level:
        return say("no noise")
    return (
        say("{noise_word} noise", noise_word=NOISE_WORDS[noise.kind])
        if noise.kind == "gaussian"
        else NOISE_WORDS[noise.kind]
    )


def because_words(table: ErrorTable, tested: CorruptionConfig, words: Words) -> str:
    """Every network's error at one noise, and doing nothing's, in a sentence."""
    each = [f"{words(noise)} {table.error(noise, tested):.1f}" for noise in table.trained]
    nothing = table.nothing[table.tested.index(tested)]
    return say(
        "Squared error per image over {count_measured} held-back digits, by the noise in "
        "training: {each}; doing nothing {nothing:.1f}.",
        count_measured=count_measured(),
        each=", ".join(each),
        nothing=nothing,
    )


def levels_words(table: ErrorTable) -> str:
    """Whether the diagonal wins among the levels, and what too little and too much noise in training cost."""
    little, much = BY_LEVEL[1], ASKED_LEVEL
    too_little, too_much = table.times_best(little, much), table.times_best(much, little)
    clean, clean_at_best = table.error(much, NO_NOISE), table.error(NO_NOISE, NO_NOISE)
    words = say(
        "{diagonal} Too little noise in training: trained with {level} and tested with "
        "{much}, the error is **{too_little:.1f} times** the best one's. Too much: the "
        "other way round, it is **{too_much:.1f} times** the best one's. *Our "
        "explanation:* how much of an input to believe depends on how noisy it is, and "
        "each network has learnt one answer. The one trained with {much} has an error "
        "of {clean:.1f} even on clean digits, the one that never saw noise {clean_at_best:.1f}.",
        diagonal=_diagonal_words(table, level_words),
        level=level_words(little),
        much=level_words(much),
        too_little=too_little,
        too_much=too_much,
        clean=clean,
        clean_at_best=clean_at_best,
    )
    noisy = table.error(much, little)
    if round(noisy, 1) >= round(clean, 1):
        return words
    return say(
        "{words} At {level} it has only {noisy:.1f}, *our explanation:* it never learnt from a digit without "
        "noise.",
        words=words,
        level=level_words(little),
        noisy=noisy,
    )


def kinds_words(table: ErrorTable) -> str:
    """Whether the diagonal wins among the kinds, and how often a network does harm at another's noise."""
    pairs = [(row, column) for row, column in product(table.trained, table.tested) if row != column]
    noisy = [(row, column) for row, column in pairs if column.level]
    nothing = dict(zip(table.tested, table.nothing, strict=True))
    harmful = sum(table.error(row, column) > nothing[column] for row, column in noisy)
    row, column = max(pairs, key=lambda pair: table.times_best(*pair))
    times = table.times_best(row, column)
    return say(
        "{diagonal} In the noisy columns stand {count} pairs of a network and a noise that it was "
        "not trained with: in **{harmful} of {count}** the network does worse than doing nothing. "
        "Farthest from the best: "
        "trained with {kind}, tested with {column}, **{times:.1f} times** the best one's "
        "error. *Our explanation:* a denoiser does not learn what noise is, but what "
        "digits look like behind the noise that it was shown.",
        diagonal=_diagonal_words(table, kind_words),
        harmful=harmful,
        count=len(noisy),
        kind=kind_words(row),
        column=kind_words(column),
        times=times,
    )


def _diagonal_words(table: ErrorTable, words: Words) -> str:
    wins, matched = table.matched_wins, table.matched
    if wins == matched:
        return say(
            "**The diagonal wins in all {count} columns that have a network of their own "
            "noise**: best is the one trained for the test.",
            count=len(matched),
        )
    others = [
        say("{words} (best: {best})", words=words(noise), best=words(table.best(noise)))
        for noise in matched
        if noise not in wins
    ]
    return say(
        "**The diagonal wins in {count} of {matched} columns**, and not at {others}.",
        count=len(wins),
        matched=len(matched),
        others=", ".join(others),
    )


def _show_levels(table: ErrorTable) -> None:
    _show_table(table, level_words, say("Squared error by the noise level in training and in the test"))
    st.markdown(levels_words(table))


def _show_kinds(table: ErrorTable) -> None:
    _show_table(table, kind_words, say("Squared error by the kind of noise in training and in the test"))
    st.markdown(kinds_words(table))
    st.caption(
        say(
            "Every noise has level {kind_level:g}: {level_help}.",
            kind_level=KIND_LEVEL,
            level_help=LEVEL_HELP[0].lower() + LEVEL_HELP[1:],
        )
    )


def _show_table(table: ErrorTable, words: Words, alt: str) -> None:
    trained, tested = [[words(noise) for noise in those] for those in (table.trained, table.tested)]
    places = {noise: table.tested.index(noise) for noise in table.tested}
    st.html(
        heat_table_html(
            HeatTable(
                CORNER,
                tested,
                trained,
                table.errors,
                frozenset((table.trained.index(noise), places[noise]) for noise in table.matched),
                frozenset((table.trained.index(table.best(noise)), places[noise]) for noise in table.tested),
                (NOTHING, table.nothing),
            ),
            alt,
        )
    )
    st.caption(
        say(
            "Squared error per image over {count_measured} held-back digits; lower is "
            "better. A row is a network of {number} by the noise it was trained with, a "
            "column the noise it is tested with. ✓: the best of the column. Framed: trained "
            "with just that noise.",
            count_measured=count_measured(),
            number=number_words(SIZE),
        )
    )


def _measure_table(
    trained: Sequence[CorruptionConfig], tested: Sequence[CorruptionConfig], runs: Sequence[StoredRun | None]
) -> ErrorTable:
    """Measure every network at every noise, and tell how far it is; each is kept for all visitors."""
    run_of = dict(zip(trained, runs, strict=True))
    cells = [*product([None, *trained], tested)]
    bar = st.empty()
    errors = {}
    for done, (row, column) in enumerate(cells):
        bar.progress(
            done / len(cells),
            say(
                "{count_measured} digits, {done} of {count} times …",
                count_measured=count_measured(),
                done=done,
                count=len(cells),
            ),
        )
        run = run_of[row] if row else None
        errors[row, column] = measure_spread(run, column, 0, "squared_error").value
    bar.empty()
    return mismatch.fill_table(trained, tested, lambda row, column: errors[row, column])
