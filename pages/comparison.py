"""One digit and one noise through all three networks."""

import streamlit as st

from ae_core.words.sentences import say
from pages.shared import dials, display, lab, living_view, networks, question
from pages.shared.frame import lesson, turned_page
from pages.shared.frame.beats import beat
from pages.shared.parts import noise_view, verdict_view

lesson.begin_lesson("comparison")

SEE = say("One noisy digit, three answers")
VERDICT = say("Which is best, and at what?")
with beat("see", SEE):
    st.markdown(f"# {SEE}")

    st.markdown(
        say(
            "The same digit with exactly the same noise goes through all three networks. "
            "Each must rebuild it from its code alone. The last step has one line for each: "
            "[which is best, and at what?](#verdict)"
        )
    )

with lab.plain_errors():
    controls, pictures = lesson.open_columns()
    with controls, turned_page.delay_hidden():
        size = dials.choose_latent_size()
        networks.draw_whose_switch(networks.TRIO)
        runs = networks.choose_trio(size)
    with pictures:
        if runs:
            with beat("see", SEE, part=2):
                noise = dials.choose_test_noise("comparison", default=0.4)
                picture = st.container()
                digits_seed, noise_seed = dials.choose_seeds(one_digit=True)
                digit = display.chosen_digits(digits_seed)[0]
            with beat("predict", say("Which comes out best?"), breaks=False):
                question.ask_question(
                    "comparison",
                    say("At this noise, which network comes out **best**, over many digits?"),
                    noise_view.network_options(runs),
                    lambda: noise_view.judge_best_network(runs, noise, noise_seed),
                    of={say("latent size"): size, "noise": noise, say("noise's pattern"): noise_seed},
                    networks=[*runs.values()],
                    reveals_page=True,
                )
                answered = question.is_revealed("comparison")
                # Who has answered once may watch them fail as the noise grows; a room is asked anew.
                may_watch = question.has_answered("comparison") and not lab.is_presenting()
                hides = not (answered or may_watch)
                with picture:
                    living_view.show_living_picture(
                        runs, digit, noise, noise_seed, "comparison", hides_answers=hides
                    )
                    if hides:
                        st.caption(say("Answer the question below to see what each of them gives back."))
                    networks.show_whose(runs)
                if answered:
                    noise_view.show_table(runs, digit, noise, noise_seed)
                else:
                    st.caption(
                        say(
                            "Answer, or reveal, to see the figures, the curves over the "
                            "noise, and the best and worst digits of each."
                        )
                    )
            if answered:
                with beat("noise", say("How much noise can each take?")):
                    st.subheader(say("How much noise can each take?"))
                    noise_view.show_readable(runs, noise, noise_seed)
                    noise_view.show_robustness(runs, noise.kind, noise_seed, key="comparison")
                with beat("extremes", say("Best and worst digits")):
                    st.subheader(say("Best and worst digits"))
                    noise_view.show_extremes(runs, noise, noise_seed)
            with beat("verdict", VERDICT):
                st.subheader(VERDICT)
                if answered:
                    verdict_view.show_verdict(runs, digit, noise, noise_seed)
                else:
                    st.caption(
                        say(
                            "Five lines will stand here, each with its winner and the figures: clean digits, "
                            "noisy digits, a tiny code, fewest weights, speed. Answer or reveal the question "
                            "“Which comes out best?” above first."
                        )
                    )
lesson.end_lesson("comparison")
