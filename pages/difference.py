"""The deck's question: if AE and DAE have the same architecture, so what is the difference?"""

import streamlit as st

from ae_core import config
from ae_core.config import CAE, DAE
from ae_core.words.sentences import say
from pages.shared import dials, lab, networks, question
from pages.shared.frame import lesson, turned_page
from pages.shared.frame.beats import beat
from pages.shared.frame.model_page import TRAINING_BOX
from pages.shared.parts import mismatch_view, noise_view, pair_view
from pages.shared.runs import training_panel, under_way

lesson.begin_lesson("difference", trains=True)

SEE = say("One architecture, two trainings")
with beat("see", SEE):
    st.markdown(say("# “If AE and DAE have the same architecture, so what is the difference?”"))
    st.caption(
        say(
            "A question from the slides of a journal-club talk on autoencoders, whose order this lab "
            "follows. Their AE is the CAE here."
        )
    )

    st.markdown(
        say(
            "Here a CAE and a DAE are trained as a **pair**: same layers, same starting "
            "weights, same digits in the same order, same number of steps. What either draws "
            "is compared with the clean digit."
        )
        if question.is_revealed("difference")
        else say(
            "Here a CAE and a DAE have been trained as a **pair**. What either draws is "
            "compared with the clean digit. What is it that makes them so unlike?"
        )
    )

with lab.plain_errors():
    controls, pictures = lesson.open_columns()
    with controls, turned_page.delay_hidden():
        with st.container():  # one place for both, however many: else the box below would close with another
            size = dials.choose_latent_size()
            networks.draw_whose_switch(["CAE", "DAE"])
        wanted = {}
        with st.expander(TRAINING_BOX, icon=":material/tune:"), lab.plain_errors():
            wanted = dict(zip(("CAE", "DAE"), dials.choose_pair(CAE, "pair", size), strict=True))
        if wanted:
            training_panel.draw_buttons_for_all([*wanted.values()], "pair")
    under_way.show_trainings_under_way(wanted.values())
    with pictures:
        if wanted:
            training_panel.watch_side_by_side(wanted, "pair")
        runs = pair_view.find_pair(config.adjusted(CAE, model={"latent_size": size}), wanted.get("DAE", DAE))
        if runs:
            networks.show_whose(runs)
            asked_of = {
                say("latent size"): runs["DAE"].config.model.latent_size,
                say("noise in training"): runs["DAE"].config.corruption,
                say("number of epochs"): runs["DAE"].config.training.epochs,
            }
            answered = question.is_revealed("difference_clean")
            # A room goes on to what comes out; a reader sees it where the inputs have been, and stays there.
            goes_on = answered and lab.is_presenting()
            asked = st.container()  # above the picture, which is the first to come
            with beat("see", SEE, part=2):
                if not goes_on:
                    noise, noise_seed = pair_view.show_pair_grid(runs, hidden=not answered)
                if question.is_revealed("difference"):
                    pair_view.show_pair_facts(runs)
            with asked, beat("predict", say("What is different?")):
                first, second = st.columns(2, gap="small")
                with first:
                    question.ask_question(
                        "difference",
                        say("Same architecture. So what is **different** about the DAE?"),
                        pair_view.DIFFERENCES,
                        lambda: pair_view.judge_difference(runs),
                        of=asked_of,
                        networks=[*runs.values()],
                        reveals_page=True,
                    )
                with second:
                    question.ask_question(
                        "difference_clean",
                        say("Give both a **clean** digit. Which rebuilds it better?"),
                        pair_view.ON_CLEAN,
                        lambda: pair_view.judge_clean(runs),
                        of=asked_of,
                        networks=[*runs.values()],
                        reveals_page=True,
                    )
            if goes_on:
                with beat("results", say("What each gives back")):
                    noise, noise_seed = pair_view.show_pair_grid(runs)
            if answered:
                with beat("noise", say("From which noise on?")):
                    st.subheader(say("From which noise on is the DAE better?"))
                    noise_view.show_robustness(runs, noise.kind, noise_seed, key="pair")
                    mismatch_view.explain_price_on_clean()
lesson.end_lesson("difference")
