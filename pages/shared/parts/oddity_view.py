"""Pictures that are no digits through the three networks, and digits through one network again and again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from torch import Tensor

from ae_core.figures import base as figures
from ae_core.figures import iteration as iteration_figures
from ae_core.figures.base import Row
from ae_core.living.packing import pack_digits
from ae_core.runs.run_folder import StoredRun
from ae_core.study import iteration, oddities
from ae_core.study.iteration import DIGITS, STEPS, STEPS_SHOWN, Course
from ae_core.study.oddities import (
    AS_WELL,
    AS_WELL_TIMES,
    IN_SHORT,
    ODDITIES,
    PLACES,
    REPLACED,
    VERDICTS,
    Oddity,
    Outcome,
)
from ae_core.words.sentences import say
from pages.shared import charts, display, lab, question
from pages.shared.browser.living import draw_living, network_address
from pages.shared.own_digit import my_digits
from pages.shared.parts.oddity_sentences import (
    CHANGED,
    COURSE_WORDS,
    MANY,
    ONCE,
    ONCE_MORE,
    SETTLED_WORDS,
    UNCHANGED,
    WENT_IN,
    WHY_IT_DRIFTS,
    change_words,
    spread_words,
    times_words,
    tried_words,
    why_words,
)
from pages.shared.question import Answer

PER_ROW = 7
LABELS = (say("letters, and a face"), say("digits that were altered; a blank page; noise"))
ASKED = "CAE"
OWN = "my_digit"
FIRST_TIMES = "surprises_again_first"


def choose_picture() -> str:
    """Name of the picture that a dial chooses: of ODDITIES, or OWN for the visitor's digit."""
    names = [*ODDITIES, *([OWN] if my_digits.own_digit() is not None else [])]
    words = {name: _find_oddity(name).name for name in names}
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
    asked = _asked_model(runs)

    def answer() -> Answer:
        outcomes = {model: _measure_outcome(run, name) for model, run in runs.items()}
        mine = outcomes[asked]
        times = ", ".join(f"{model} {outcome.times_shown:.2f}" for model, outcome in outcomes.items())
        return Answer(
            mine.verdict,
            say(
                "The output is {error:.1f} away from what went in and {digit_distance:.1f} "
                "from the nearest of {held_back:,} held-back digits (squared error). Times "
                "the error of a median held-back digit: {times}.",
                error=mine.error,
                digit_distance=mine.digit_distance,
                held_back=mine.held_back,
                times=times,
            ),
        )

    words = say(
        "What comes out when the {asked}, which learnt from digits alone, is given **{name}**?",
        asked=asked,
        name=_find_oddity(name).name,
    )
    of = {
        **_question_settings(runs),
        **(
            {say("digit of yours"): display.fingerprint(_find_oddity(OWN).draw(lab.digits())[None])}
            if name == OWN
            else {}
        ),
    }
    question.ask_question(
        f"surprises_{name}",
        words,
        VERDICTS,
        answer,
        lambda: _show_close_up(name, runs),
        of=of,
        networks=[*runs.values()],
    )


def _show_close_up(name: str, runs: Mapping[str, StoredRun]) -> None:
    outcomes = {model: _measure_outcome(run, name) for model, run in runs.items()}
    went_in = _find_oddity(name).draw(lab.digits())[None]
    st.html(
        figures.columns_html(
            [(WENT_IN, went_in), *((model, one.output_hw[None]) for model, one in outcomes.items())]
        )
    )
    st.table([_row(model, one) for model, one in outcomes.items()])
    st.caption(
        say(
            "{what} “{in_short}”: the output is nearer to a held-back digit than to what "
            "went in. “{in_short_2}”: the squared error is at most {as_well_times} times a "
            "median held-back digit's in the same network. Percentile: how many in a hundred "
            "held-back digits have a smaller squared error.",
            what=_find_oddity(name).what,
            in_short=IN_SHORT[REPLACED].capitalize(),
            in_short_2=IN_SHORT[AS_WELL].capitalize(),
            as_well_times=AS_WELL_TIMES,
        )
    )
    if name in ODDITIES:
        model, oddity = _asked_model(runs), ODDITIES[name]
        st.markdown(why_words(oddity, {each: found.verdict for each, found in outcomes.items()}))
        if oddity.changed:
            changed = _measure_changed(runs[model], name)
            st.markdown(tried_words(oddity, model, outcomes[model].error, changed))


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
        say("Percentile among digits"): f"{100 * outcome.better / outcome.held_back:.0f}",
        say("What came out"): IN_SHORT[outcome.verdict],
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


@st.fragment
def show_again(name: str, runs: Mapping[str, StoredRun]) -> None:
    """Show what becomes of one picture in each network, sent through it as often as a slider says."""
    with lab.plain_errors():
        # A slider for each picture: of another one nothing is told before it is asked for.
        dial = f"surprises_times_{name}"
        times = st.slider(
            say("How many times through each network"),
            0,
            STEPS,
            0,
            key=dial,
            bind="query-params",
            help=say("0 is the picture chosen above. Each time a network is given what it drew before."),
        )
        picture_hw = _find_oddity(name).draw(lab.digits())
        with st.container(key=FIRST_TIMES):
            paths = {
                model: iteration.iterate(lab.load_network(run), picture_hw[None], times)
                for model, run in runs.items()
            }
            st.html(
                figures.columns_html(
                    [
                        (WENT_IN, picture_hw[None]),
                        *((f"{model}, {times_words(times)}", path[-1]) for model, path in paths.items()),
                    ]
                )
            )
            changes = ", ".join(f"{model}: {change_words(path)}" for model, path in paths.items())
            st.caption(f"{changes}.")
        part = {
            "part": "again",
            "networks": [network_address(run) for run in runs.values()],
            "names": list(runs),
            "picture": pack_digits(picture_hw[None]),
            "dial": dial,
            "most": STEPS,
            "settled": iteration.SETTLED,
            "words": {
                "picture": WENT_IN,
                "once": ONCE,
                "times": MANY,
                "unchanged": UNCHANGED,
                "changed": CHANGED,
                "settled": SETTLED_WORDS,
                "once_more": ONCE_MORE,
            },
        }
        draw_living("parts", "surprises_again_living", part, stands_for=FIRST_TIMES)


def ask_where_it_settles(runs: Mapping[str, StoredRun]) -> None:
    """Ask what comes of one network applied to its own output, and show it afterwards."""
    models = list(runs)
    model = st.segmented_control(
        say("Which network?"),
        models,
        default=_asked_model(runs),
        required=True,
        key="surprises_model",
        bind="query-params",
    )
    assert model in runs

    def answer() -> Answer:
        one = _measure_course(runs[model])
        return Answer(
            one.commonest_end,
            say(
                "Of {digits} held-back digits, so many settle on a picture of the same "
                "digit: {count}; on one of another: {count_2}; still changing after {steps} "
                "steps: {count_3}.",
                digits=one.digits,
                count=one.counts[iteration.SAME],
                count_2=one.counts[iteration.ANOTHER],
                steps=STEPS,
                count_3=one.counts[iteration.MOVING],
            ),
        )

    words = say(
        "Apply the **{model}** to its own output {steps} times. What happens most often to a digit?",
        model=model,
        steps=STEPS,
    )
    question.ask_question(
        f"surprises_again_{model}",
        words,
        iteration.ENDS,
        answer,
        lambda: _show_course(model, runs),
        of=_question_settings(runs),
        networks=[runs[model]],
    )


def _show_course(model: str, runs: Mapping[str, StoredRun]) -> None:
    one = _measure_course(runs[model])
    st.markdown(
        say(
            "This {model} **{verdict}**: {settled} of {digits} held-back digits come to "
            "rest. The pictures at the end differ from each other {spread} the digits did. "
            "{same_class} of {digits} still have a digit of their own class as nearest "
            "neighbour; after the first step it was {same_class_at_first}.{which}",
            model=model,
            verdict=COURSE_WORDS[one.verdict],
            settled=one.settled,
            digits=one.digits,
            spread=spread_words(one.spread),
            same_class=one.same_class,
            same_class_at_first=one.same_class_at_first,
            which=WHY_IT_DRIFTS if one.verdict == "drifts" else "",
        )
    )
    strips, curve = st.columns(2, gap="medium")
    with strips:
        labels = [
            say("the digit"),
            say("once through the network"),
            *(say("{step} times", step=step) for step in STEPS_SHOWN[2:]),
        ]
        st.html(figures.rows_html([Row(*row) for row in zip(labels, one.shown_snhw, strict=True)]))
    with curve:
        alt = say(
            "How much a pixel changes per step, by the number of steps, for each network, on a log axis"
        )
        courses = {name: _measure_course(run) for name, run in runs.items()}
        charts.draw_chart(iteration_figures.change_curves(courses), f"surprises_change_{model}", alt)
    st.caption(
        say(
            "A digit converges (comes to rest) if its pixels change by less than {settled:g} "
            "(root mean square) in step {steps}; else it drifts. A network collapses if "
            "different digits end in nearly the same picture, less than {collapsed:.0%} as "
            "far apart as they were; if it does not, it is called by what most digits do. "
            "Nearest neighbour: among the digits to learn from. The curves are means over "
            "the digits.",
            settled=iteration.SETTLED,
            steps=STEPS,
            collapsed=iteration.COLLAPSED,
        )
    )


def _question_settings(runs: Mapping[str, StoredRun]) -> dict[str, object]:
    """What a question about these networks depends on besides them."""
    return {say("latent size"): next(iter(runs.values())).config.model.latent_size}


def _asked_model(runs: Mapping[str, StoredRun]) -> str:
    return ASKED if ASKED in runs else next(iter(runs))


def _find_oddity(name: str) -> Oddity:
    own_hw = my_digits.own_digit()
    if name == OWN and own_hw is not None:
        return Oddity(say("your own digit"), say("Prepared as on the page Your digit."), lambda _: own_hw)
    return ODDITIES[name]


def _measure_outcome(run: StoredRun, name: str) -> Outcome:
    if name == OWN:
        return oddities.measure_outcomes(
            lab.load_network(run), _find_oddity(OWN).draw(lab.digits())[None], lab.digits()
        )[0]
    return _measure_outcomes(run)[list(ODDITIES).index(name)]


def _measure_outcomes(run: StoredRun) -> list[Outcome]:
    return _cached_outcomes(lab.store().root, run.run_id, run.weights_sha256, lab.digits().name, run)


@st.cache_data(show_spinner=False, max_entries=64)
def _cached_outcomes(
    _root: Path, run_id: str, weights_sha256: str, digits_name: str, _run: StoredRun
) -> list[Outcome]:
    return oddities.measure_outcomes(lab.load_network(_run), _draw_pictures(lab.digits().name), lab.digits())


def _measure_course(run: StoredRun) -> Course:
    return _cached_course(lab.store().root, run.run_id, run.weights_sha256, lab.digits().name, run)


@st.cache_data(
    show_spinner=say(
        "Sending {digits} digits through the network {steps} times …", digits=DIGITS, steps=STEPS
    ),
    max_entries=64,
)
def _cached_course(
    _root: Path, run_id: str, weights_sha256: str, digits_name: str, _run: StoredRun
) -> Course:
    return iteration.measure_course(lab.load_network(_run), lab.digits())
