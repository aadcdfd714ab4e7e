"""What a network learnt from, and how it shows: classes it never saw, digits it knows by heart."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
import torch
from torch import Tensor

from ae_core import config
from ae_core.config import ALL_DIGITS, PIXELS, CorruptionConfig
from ae_core.metrics import squared_error
from ae_core.models import reconstruct
from ae_core.runs.run_folder import StoredRun
from ae_core.training import CURVE_DIGITS, seeded
from ae_core.words.sentences import say
from pages.shared import display, lab, networks, session
from pages.shared.display import DIGITS_SHOWN
from pages.shared.own_digit import my_digits
from pages.shared.runs import stuck_words

# How a visitor's training ended, by whether its network learnt nothing.
FINISHED = {
    False: say(":material/check_circle: **Yours is finished:**"),
    True: say(":material/warning: **Yours is finished, and learnt nothing:**"),
}


def row_label(run: StoredRun, *, alone: bool, noisy: bool) -> str:
    """What stands above a row of reconstructions, of noisy or clean input; whose, where there are two."""
    if alone:
        return say("reconstruction D(E(x + ε))") if noisy else say("reconstruction D(E(x))")
    whose = say("the lab's network rebuilds") if run.shipped else say("yours rebuilds")
    return say("what {whose} ({learnt})", whose=whose, learnt=networks.learnt_words(run))


def choose_digits_for(run: StoredRun, seed: int) -> Tensor:
    """Held-back digits (n, 28, 28) to try a network on, drawn with this seed; the visitor's own first.

    For a network that never learnt some classes, those come second: half of the digits are of these, and
    are held-back ones, whatever the visitor wrote.
    """
    if not run.config.data.left_out:
        return display.chosen_digits(seed)
    digits = lab.digits()
    order_n = torch.randperm(len(digits.test_nhw), generator=seeded(seed, "digits"))
    is_new_n = torch.isin(digits.test_labels_n[order_n], torch.tensor(run.config.data.left_out))
    half = DIGITS_SHOWN // 2
    chosen_n = torch.cat([order_n[~is_new_n][:half], order_n[is_new_n][: DIGITS_SHOWN - half]])
    return my_digits.put_own_digits_first(digits.test_nhw[chosen_n], half)


def show_classes_left_out(run: StoredRun) -> None:
    """Show, for a network that never learnt some classes, its error on those and on the others."""
    left_out = run.config.data.left_out
    if not left_out:
        return
    known, new = measure_known_and_new(run)
    words = say(
        "It never learnt from **{list}**; the digits on the right are such. Squared "
        "error per image, over all that are held back, on the classes it learnt from: **{known:.1f}**, on "
        "the others **{new:.1f}**.",
        list=_list_words(left_out),
        known=known,
        new=new,
    )
    if new > known:
        words += say(" A network knows what its data taught it, and draws everything else with that.")
    st.markdown(words)


def measure_known_and_new(run: StoredRun) -> tuple[float, float]:
    """Squared error per image on held-back digits of the classes a run learnt from, and of all others."""
    return _measure_known_and_new(*display.run_name(run), run)


@st.cache_data(show_spinner=False, max_entries=100)
def _measure_known_and_new(run_id: str, weights_sha256: str, _run: StoredRun) -> tuple[float, float]:
    digits = lab.digits()
    is_new_n = torch.isin(digits.test_labels_n, torch.tensor(_run.config.data.left_out))
    model = lab.load_network(_run)
    known, new = (
        float(squared_error(reconstruct(model, images_nhw), images_nhw).mean())
        for images_nhw in (digits.test_nhw[~is_new_n], digits.test_nhw[is_new_n])
    )
    return known, new


def show_learnt_by_heart(run: StoredRun) -> None:
    """Show, for a network that learnt from fewer digits than there are, its error on those and on others."""
    train_mse = run.result.get("train_mse")
    count = run.result["dataset"]["train"]
    if train_mse is None or run.config.data.digits == ALL_DIGITS:
        return
    which = say("the") if count <= CURVE_DIGITS else say("{curve_digits} of the", curve_digits=CURVE_DIGITS)
    known, new = train_mse * PIXELS, run.result["test"]["mse"] * PIXELS
    words = say(
        "Squared error per image on {which} {count:,} digits that it learnt from: "
        "**{known:.1f}**, on 10,000 that it never saw: **{new:.1f}**.",
        which=which,
        count=count,
        known=known,
        new=new,
    )
    if new > 1.5 * known:
        words += say(" It knows its digits partly **by heart**, which does not help with others.")
    st.markdown(words)


def show_both_measured(runs: Sequence[StoredRun], noise: CorruptionConfig, noise_seed: int) -> None:
    """Show metrics of the lab's network and the visitor's beside each other, where there are both."""
    if len(runs) > 1:
        rows = {f"{networks.owner_words(run)}: {networks.learnt_words(run)}": run for run in runs}
        display.show_metrics_table(rows, noise, noise_seed)


def announce_own_network(labs: StoredRun, page: str) -> None:
    """Beside the lab's network: how good the visitor's of its family is, where there is one; a way to it.

    Both at the noise that the lab's was trained with. Once they have seen it, they know. Not before a room:
    there the height belongs to the picture, and whoever presents has seen the training end.
    """
    own = networks.find_own_run(config.family(labs.config))
    if own is None or lab.is_presenting():
        return
    seen: set[str] = st.session_state.setdefault(session.OWN_RUNS_SEEN, set())
    if networks.works_with_own():
        seen.add(own.run_id)
    if own.run_id in seen or own.run_id == labs.run_id:
        return
    noise = labs.config.corruption
    ours, theirs = (display.measure(run, noise, 0)[0]["psnr"] for run in (labs, own))
    with st.container(key=f"{page}_own_finished", border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            say(
                "{how} {theirs} ({their_learnt}), the lab's {ours} ({our_learnt}): PSNR on "
                "held-back digits, {noise}. What is shown here is still the lab's.",
                how=FINISHED[stuck_words.has_learnt_nothing(own)],
                theirs=display.decibel_words(theirs),
                their_learnt=networks.learnt_words(own),
                ours=display.decibel_words(ours),
                our_learnt=networks.learnt_words(labs),
                noise=display.noise_words(noise),
            )
        )
        st.button(
            say("Show yours"),
            key=f"{page}_show_own",
            type="primary",
            icon=":material/visibility:",
            on_click=networks.switch_to_own,
        )


def _list_words(numbers: Sequence[int]) -> str:
    *most, last = map(str, numbers)
    return say("{most} and {last}", most=", ".join(most), last=last) if most else last
