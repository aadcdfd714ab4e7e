"""Whose networks a page works with: the lab's own, always the same ones, or those that this visitor trained.

The lab's are the lesson's. A visitor's stand beside them and are seen by nobody else, unless their link is
opened: it names them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import streamlit as st

from ae_core import config
from ae_core.config import RunConfig
from ae_core.errors import DamagedRunError
from ae_core.runs import links, tickets
from ae_core.runs.run_folder import StoredRun
from ae_core.words.sentences import say, say_count
from pages.shared import lab, session
from pages.shared.server import presence

# As sessions and links have them, and as they are shown.
LABS, YOURS = "The lab's", "Yours"
WHOSE_WORDS = {LABS: say("The lab's"), YOURS: say("Yours")}
LINK = "yours"
# So many of a visitor's runs stay in the link, the newest ones.
KEPT = 8
TRIO = {"FAE": config.FAE, "CAE": config.CAE, "DAE": config.DAE}


# The visitor's


def read_own_names() -> list[str]:
    """Names of the runs that this visitor asked for, oldest first, finished or not. The link has them too."""
    names: list[str] | None = st.session_state.get(session.OWN_RUNS)
    said = st.query_params.get(LINK, "")
    if names is None:
        check = links.find_check(LINK)
        names = said.split(".") if said and check and check.accepts(said) else []
        st.session_state[session.OWN_RUNS] = names
    if names and said != ".".join(names):
        st.query_params[LINK] = ".".join(names)
    return names


def adopt_run(name: str) -> None:
    """From now on the run called `name` is one of this visitor's, the newest."""
    names = [other for other in read_own_names() if other != name]
    st.session_state[session.OWN_RUNS] = [*names, name][-KEPT:]
    read_own_names()


def adopt_tickets() -> None:
    """Take what is in training for this visitor among their runs: another tab may have asked for it."""
    for ticket in tickets.tickets_of(lab.store(), lab.visitor_id()):
        presence.note_waiting(lab.visitor_id())
        if not is_own(ticket.run_id):
            adopt_run(ticket.run_id)


def is_own(name: str) -> bool:
    """Whether this visitor asked for the run called `name`."""
    return name in read_own_names()


def find_own_runs(family: str | None = None) -> list[StoredRun]:
    """The visitor's finished runs, newest first, of one family or of all. A damaged one is told once."""
    found = []
    for name in reversed(read_own_names()):
        try:
            run = lab.store().find(name)
        except DamagedRunError as problem:
            st.warning(str(problem), icon=":material/warning:")
            continue
        if run is not None and family in (None, config.family(run.config)):
            found.append(run)
    return found


def find_own_run(family: str) -> StoredRun | None:
    """The visitor's newest finished run of a family such as 'CAE'; None if there is none."""
    return next(iter(find_own_runs(family)), None)


# The lab's


def find_lab_run(settings: RunConfig) -> StoredRun | None:
    """The lab's own network of this family, with the nearest noise in training and the nearest latent size.

    It learnt from all classes of digits. None where the lab brings none of the family along.
    """
    family = config.family(settings)
    shipped, _ = lab.store().shipped()
    of_family = [
        run
        for run in shipped
        if run.config.data.classes == config.CLASSES and config.family(run.config) == family
    ]
    return min(of_family, key=lambda run: _distance(settings, run.config), default=None)


def tell_damaged_networks() -> None:
    """Show which of the lab's own networks are damaged; the nearest whole ones take their place."""
    _, problems = lab.store().shipped()
    for problem in problems:
        st.warning(problem, icon=":material/warning:")


def _distance(one: RunConfig, other: RunConfig) -> tuple[float, ...]:
    """How unlike two runs of a family are to whoever looks at their pictures."""
    sizes = abs(math.log2(one.model.latent_size / other.model.latent_size))
    kinds = float(one.corruption.kind != other.corruption.kind)
    return sizes, kinds, round(abs(one.corruption.level - other.corruption.level), 6)


# As the switch says


def draw_whose_switch(families: Iterable[str]) -> None:
    """Draw the switch between the lab's networks and the visitor's, where there is one of these families.

    It keeps its value over pages that are without it.
    """
    if any(find_own_run(family) for family in families):
        if session.WHOSE not in st.session_state and st.session_state.get(session.WHOSE_BEFORE) == YOURS:
            st.session_state[session.WHOSE] = YOURS
            st.query_params[session.WHOSE] = WHOSE_WORDS[YOURS]
        st.session_state[session.WHOSE_BEFORE] = st.segmented_control(
            say("Whose networks"),
            [LABS, YOURS],
            default=LABS,
            required=True,
            format_func=WHOSE_WORDS.__getitem__,
            key=session.WHOSE,
            bind="query-params",
            help=say("The lab's own are the lesson's and never change. Yours stand beside them."),
        )


def switch_to_own() -> None:
    """Turn the switch to the visitor's networks. In a callback: the switch is drawn anew afterwards."""
    st.session_state[session.WHOSE] = YOURS


def works_with_own() -> bool:
    """Whether the switch says that the page works with the visitor's networks."""
    return bool(st.session_state.get(session.WHOSE) == YOURS)


def choose_network(settings: RunConfig) -> StoredRun | None:
    """The network of the family of `settings` that the page works with: the visitor's, or the lab's nearest.

    None where there is neither.
    """
    own = find_own_run(config.family(settings)) if works_with_own() else None
    return own or find_lab_run(settings)


def choose_trio(latent_size: int) -> dict[str, StoredRun]:
    """FAE, CAE and DAE to work with, by these names."""
    wanted = {name: config.adjusted(run, model={"latent_size": latent_size}) for name, run in TRIO.items()}
    found = {name: choose_network(run) for name, run in wanted.items()}
    return {name: run for name, run in found.items() if run is not None}


# In words


def is_labs(run: StoredRun) -> bool:
    """Whether it is one of the lab's own."""
    return run.shipped


def owner_words(run: StoredRun) -> str:
    """Whose network it is: 'the lab's' or 'yours'."""
    return say("the lab's") if is_labs(run) else say("yours")


def learnt_words(run: StoredRun) -> str:
    """What it learnt from, such as '30 numbers, 60,000 digits, 12 passes'."""
    passes = run.config.training.epochs
    words = [
        say_count("{count} number", "{count} numbers", run.config.model.latent_size),
        say(
            "{train:,} digits{classes}",
            train=run.result["dataset"]["train"],
            classes=classes_words(run.config),
        ),
        say_count("{count} pass", "{count} passes", passes),
    ]
    if run.config.data.name in config.EARLIER_DATASETS:
        words.append(say("trained by an earlier version of the lab, on other digits: not comparable"))
    return ", ".join(words)


def classes_words(run: RunConfig) -> str:
    """Which classes it learnt from, such as ' (0, 1 and 2 only)'; nothing where it is all."""
    classes = [str(each) for each in run.data.classes]
    if not run.data.left_out:
        return ""
    *most, last = classes
    return (
        say(" ({most} and {last} only)", most=", ".join(most), last=last)
        if most
        else say(" ({last} only)", last=last)
    )


def show_whose(runs: Mapping[str, StoredRun]) -> None:
    """Show in one line whose networks these are and what each learnt from."""
    if all(is_labs(run) for run in runs.values()):
        each = {learnt_words(run) for run in runs.values()}
        told = each.pop() if len(each) == 1 else "; ".join(f"{n}: {learnt_words(r)}" for n, r in runs.items())
        st.caption(say("**The lab's own networks** ({told}).", told=told))
        return
    st.caption(
        "; ".join(f"**{name}: {owner_words(run)}** ({learnt_words(run)})" for name, run in runs.items()) + "."
    )
