"""Pictures that are no digits through the three networks, and digits through one network again and again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from torch import Tensor

from ae_core.figures import base as figures
from ae_core.figures.base import Row
from ae_core.runs.run_folder import StoredRun
from ae_core.study import from_noise, oddities
from ae_core.study.oddities import (
    ANSWERS,
    AS_WELL,
    LEVELS,
    LOST,
    MOST,
    NEITHER,
    ODDITIES,
    PLACES,
    REPLACED,
    SHARES,
    WORSE,
    Oddity,
    Outcome,
)
from ae_core.words.sentences import say
from pages.shared import display, lab, question
from pages.shared.own_digit import my_digits
from pages.shared.parts.oddity_sentences import (
    WENT_IN,
    figure_words,
    gone_words,
    is_refuted,
    refuted_words,
    tried_words,
    two_noises_words,
    why_words,
)
from pages.shared.question import Answer

PER_ROW = 7
LABELS = (say("letters, and a face"), say("digits that were altered; a blank page; noise"))
ASKED = "CAE"
OWN = "my_digit"


def choose_picture() -> str:
    """Name of the picture that a dial chooses: of ODDITIES, or OWN for the visitor's digit."""
    names = [*ODDITIES, *([OWN] if my_digits.own_digit() is not None else [])]
    words = {name: find_oddity(name).name for name in names}
    return st.selectbox(
        say("Which picture?"),
        names,
        format_func=words.__getitem__,
        key="surprises_picture",
        bind="query-params",
    )


def show_inputs() -> None:
    """Show all pictures that go in, and nothing of what comes out."""
    with st.container(key="surprises_first"):
        images_nhw = _draw_pictures(lab.digits().name)
        st.html(figures.rows_html([Row(*row) for row in zip(LABELS, images_nhw.split(PER_ROW), strict=True)]))


@st.cache_data(show_spinner=False, max_entries=2)
def _draw_pictures(digits: str) -> Tensor:
    """All pictures that go in, (n, 28, 28); kept.

    Letters and the face are prepared like a visitor's digit, which takes half a second.
    """
    return oddities.draw_oddities(lab.digits())


def ask_what_comes_out(name: str, runs: Mapping[str, StoredRun]) -> None:
    """Ask what comes out for one picture, and show it afterwards."""
    asked = asked_model(runs)

    def answer() -> Answer:
        outcomes = {model: _measure_outcome(run, name) for model, run in runs.items()}
        mine = outcomes[asked]
        times = ", ".join(f"{model} {outcome.times_shown:.2f}" for model, outcome in outcomes.items())
        return Answer(
            mine.answer,
            say(
                "The output is {error:.1f} away from what went in and {digit_distance:.1f} "
                "from the nearest held-back digit (squared error). Times "
                "the error of a median held-back digit: {times}.",
                error=mine.error,
                digit_distance=mine.digit_distance,
                times=times,
            ),
        )

    words = say(
        "What comes out when the {asked}, which learnt from digits alone, is given **{name}**{exactly}?",
        asked=asked,
        name=find_oddity(name).name,
        exactly=_exactly_words(name),
    )
    of = {
        **question_settings(runs),
        **(
            {say("digit of yours"): display.fingerprint(find_oddity(OWN).draw(lab.digits())[None])}
            if name == OWN
            else {}
        ),
    }
    question.ask_question(
        f"surprises_{name}",
        words,
        tuple(dict.fromkeys(ANSWERS.values())),
        answer,
        lambda: _show_close_up(name, runs),
        of=of,
        networks=[*runs.values()],
        reveals_page=True,
    )


def tell_outcome(name: str, runs: Mapping[str, StoredRun]) -> str:
    """What came out for one picture, by which figure, and why: in a line."""
    model = asked_model(runs)
    found = _measure_outcome(runs[model], name)
    picture = find_oddity(name).name
    comes = say("comes back,") if found.verdict in LEVELS else say("comes out")
    told = say(
        "**{picture}{exactly}, given to the {model}, {comes} {verdict}.** {figure}",
        picture=picture[:1].upper() + picture[1:],
        exactly=_exactly_words(name),
        model=model,
        comes=comes,
        verdict=found.verdict,
        figure=figure_words(found),
    )
    if name not in ODDITIES:
        return told
    if measured := gone_words(found, _measure_kept(runs)):
        told = f"{told} {measured}"
    oddity = ODDITIES[name]
    if oddity.changed and is_refuted(oddity, found, _measure_changed(runs[model], name)):
        return f"{told} {refuted_words(oddity)}"
    return say("{told} *Our explanation:* {why}", told=told, why=oddity.why[found.verdict])


def _exactly_words(name: str) -> str:
    exactly = find_oddity(name).exactly
    return f" ({exactly})" if exactly else ""


def _show_close_up(name: str, runs: Mapping[str, StoredRun]) -> None:
    outcomes = {model: _measure_outcome(run, name) for model, run in runs.items()}
    went_in = find_oddity(name).draw(lab.digits())[None]
    st.html(
        figures.columns_html(
            [(WENT_IN, went_in), *((model, one.output_hw[None]) for model, one in outcomes.items())]
        )
    )
    st.table([_row(model, one) for model, one in outcomes.items()])
    mine = outcomes[asked_model(runs)]
    st.caption(
        say(
            "{what} Percentile: how many in a hundred of the network's own held-back digits have a "
            "smaller squared error. Up to {as_well:.0f}: “{as_well_words}”, up to {most:.0f}: "
            "“{most_words}”, beyond: “{worse_words}”. “{lost_words}”: above an error of {lost:.1f}, half "
            "that of always drawing the mean digit for digits, and near no digit. “{replaced_words}”: "
            "nearer to a digit than to what went in; “{neither_words}”: nearer to a digit too, but near "
            "none: farther than {near:.0f} from every one; {usual:.0%} of digits have another digit nearer "
            "than that.",
            what=find_oddity(name).what,
            as_well=100 * SHARES[AS_WELL],
            as_well_words=AS_WELL,
            most=100 * SHARES[MOST],
            most_words=MOST,
            worse_words=WORSE,
            lost_words=LOST.capitalize(),
            lost=mine.lost,
            replaced_words=REPLACED.capitalize(),
            neither_words=NEITHER,
            near=mine.near,
            usual=from_noise.NEAR,
        )
    )
    if name in ODDITIES:
        model, oddity = asked_model(runs), ODDITIES[name]
        kept = _measure_kept(runs)
        measured = next((words for one in outcomes.values() if (words := gone_words(one, kept))), "")
        changed = {each: _measure_changed(run, name) for each, run in runs.items()} if oddity.changed else {}
        st.markdown(why_words(oddity, outcomes, measured, changed))
        if oddity.exactly and "DAE" in runs:
            st.markdown(two_noises_words(runs["DAE"].config.corruption))
        if oddity.changed:
            st.markdown(tried_words(oddity, model, outcomes[model].error, changed[model]))


def _measure_kept(runs: Mapping[str, StoredRun]) -> list[Outcome]:
    """What the first network made of those pictures that came back from every network."""
    by_picture = zip(*(_measure_outcomes(run) for run in runs.values()), strict=True)
    return [those[0] for those in by_picture if all(one.verdict in LEVELS for one in those)]


def _measure_changed(run: StoredRun, name: str) -> float:
    return _cached_changed(run.run_id, run.weights_sha256, lab.digits().name, name, run)


@st.cache_data(show_spinner=False, max_entries=256)
def _cached_changed(run_id: str, weights_sha256: str, digits_name: str, name: str, _run: StoredRun) -> float:
    """Squared error of a network on an oddity with one thing changed."""
    change = ODDITIES[name].changed
    assert change is not None
    changed_nhw = change(lab.digits())[None]
    return oddities.measure_outcomes(lab.load_network(_run), changed_nhw, lab.digits())[0].error


def _row(model: str, outcome: Outcome) -> dict[str, str]:
    return {
        "": model,
        say("Squared error"): f"{outcome.error:.{PLACES}f}",
        say("A median digit's"): f"{outcome.median:.{PLACES}f}",
        say("Times"): f"{outcome.times_shown:.2f}",
        say("Percentile among digits"): f"{100 * outcome.better / outcome.held_back:.1f}",
        say("What came out"): outcome.verdict,
    }


@st.fragment
def show_all_outputs(runs: Mapping[str, StoredRun]) -> None:
    """Show all pictures and what each network makes of them, where a switch is on."""
    with lab.plain_errors():
        if not st.toggle(say("Show what comes out of all of them"), key="surprises_all", bind="query-params"):
            return
        images_nhw = _draw_pictures(lab.digits().name)
        rows = [Row(WENT_IN, images_nhw)]
        for model, run in runs.items():
            rows.append(
                Row(say("out of the {model}", model=model), oddities.stack_outputs(_measure_outcomes(run)))
            )
        for part in range(0, len(images_nhw), PER_ROW):
            st.html(
                figures.rows_html([Row(row.label, row.images_nhw[part : part + PER_ROW]) for row in rows])
            )


def question_settings(runs: Mapping[str, StoredRun]) -> dict[str, object]:
    """What a question about these networks depends on besides them."""
    return {say("latent size"): next(iter(runs.values())).config.model.latent_size}


def asked_model(runs: Mapping[str, StoredRun]) -> str:
    """Name of the network that a question is about where it is about one: ASKED, or the first there is."""
    return ASKED if ASKED in runs else next(iter(runs))


def find_oddity(name: str) -> Oddity:
    """The picture called `name`: of ODDITIES, or the visitor's own digit."""
    own_hw = my_digits.own_digit()
    if name == OWN and own_hw is not None:
        return Oddity(say("your own digit"), say("Prepared as on the page Your digit."), lambda _: own_hw)
    return ODDITIES[name]


def _measure_outcome(run: StoredRun, name: str) -> Outcome:
    if name == OWN:
        return oddities.measure_outcomes(
            lab.load_network(run), find_oddity(OWN).draw(lab.digits())[None], lab.digits()
        )[0]
    return _measure_outcomes(run)[list(ODDITIES).index(name)]


def _measure_outcomes(run: StoredRun) -> list[Outcome]:
    return _cached_outcomes(lab.store().root, run.run_id, run.weights_sha256, lab.digits().name, run)


@st.cache_data(show_spinner=False, max_entries=64)
def _cached_outcomes(
    _root: Path, run_id: str, weights_sha256: str, digits_name: str, _run: StoredRun
) -> list[Outcome]:
    return oddities.measure_outcomes(lab.load_network(_run), _draw_pictures(lab.digits().name), lab.digits())
