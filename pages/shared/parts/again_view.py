"""One network applied to its own output, again and again: a picture's way, and where digits end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from ae_core.figures import base as figures
from ae_core.figures import iteration as iteration_figures
from ae_core.figures.base import Row
from ae_core.living.packing import pack_digits
from ae_core.runs.run_folder import StoredRun
from ae_core.study import iteration
from ae_core.study.iteration import DIGITS, STEPS, STEPS_SHOWN, Course
from ae_core.words.sentences import say
from pages.shared import charts, lab, question
from pages.shared.browser.living import draw_living, network_address
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
    read_at_first_words,
    read_words,
    spread_words,
    times_words,
)
from pages.shared.parts.oddity_view import asked_model, find_oddity, question_settings
from pages.shared.question import Answer

FIRST_TIMES = "surprises_again_first"


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
        picture_hw = find_oddity(name).draw(lab.digits())
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


def ask_where_it_settles(runs: Mapping[str, StoredRun]) -> str:
    """Ask what comes of one network applied to its own output, and show it afterwards. Which network."""
    models = list(runs)
    model = st.segmented_control(
        say("Which network?"),
        models,
        default=asked_model(runs),
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
        of=question_settings(runs),
        networks=[runs[model]],
        reveals_page=True,
    )
    return model


def tell_course(model: str, runs: Mapping[str, StoredRun]) -> str:
    """What became of digits in one network again and again, by which figure, and why: in a line."""
    one = _measure_course(runs[model])
    return say(
        "**The {model} given its own output {steps} times: it {verdict}.** {read} {settled} of {digits} "
        "held-back digits come to rest.{why}",
        model=model,
        steps=STEPS,
        verdict=COURSE_WORDS[one.verdict],
        read=read_words(one),
        settled=one.settled,
        digits=one.digits,
        why=WHY_IT_DRIFTS if one.verdict == "drifts" else "",
    )


def _show_course(model: str, runs: Mapping[str, StoredRun]) -> None:
    one = _measure_course(runs[model])
    st.markdown(
        say(
            "{read} {read_at_first} This {model} **{verdict}**: {settled} of {digits} held-back digits come "
            "to rest. The pictures at the end differ from each other {spread} the digits did.{which}",
            read=read_words(one),
            read_at_first=read_at_first_words(one),
            model=model,
            verdict=COURSE_WORDS[one.verdict],
            settled=one.settled,
            digits=one.digits,
            spread=spread_words(one.spread),
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
            "Whether it settled on the same digit is told by the nearest digit to learn from; what is "
            "read in it, by the lab's classifier: the two need not agree. The curves are means "
            "over the digits.",
            settled=iteration.SETTLED,
            steps=STEPS,
            collapsed=iteration.COLLAPSED,
        )
    )


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
