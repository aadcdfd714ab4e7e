"""The link that this visitor came with: what of it was not understood, and whose run it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

from ae_core.config import LIMITS, nearest_size
from ae_core.runs import links
from ae_core.runs.links import Sender
from ae_core.words.sentences import say, translate
from pages.shared import session


def read_opened_link() -> None:
    """Keep whose run the link names, and tell what is not understood, before any dial reads the link."""
    _keep_address_gone_back_to()
    _put_words_on_dials()
    _put_size_on_dial()
    parameters = {key: st.query_params.get_all(key) for key in st.query_params}
    if found := links.read_sender(parameters):
        st.session_state[session.LINK_SENDER] = found
    tell_link_problems(links.find_problems(parameters))


def _keep_address_gone_back_to() -> None:
    """Have dials obey the whole address that the browser's "back" has led to.

    Streamlit takes out of it what belongs to dials of the page that was left, also where this page has them.
    """
    context = get_script_run_ctx()
    if context is None or not context.is_history_navigation:
        return
    address = parse_qs(context.query_string, keep_blank_values=True)
    if address == {key: st.query_params.get_all(key) for key in st.query_params}:
        return
    st.query_params.from_dict(address)
    _let_dials_begin_with_address(context)


def _let_dials_begin_with_address(context: ScriptRunContext) -> None:
    with context.session_state.query_params() as parameters:
        parameters.set_initial_query_params_from_current()


def _put_words_on_dials() -> None:
    """Make of an option's English word the one that this lab shows, where it speaks another language.

    Links that the lab makes have English words; Streamlit looks for those that its widgets show.
    """
    given = {key: st.query_params.get_all(key) for key in st.query_params if links.find_check(key)}
    spoken = {key: [*map(translate, words)] for key, words in given.items()}
    if spoken == given:
        return
    st.query_params.update(spoken)
    context = get_script_run_ctx()
    if context is not None:
        _let_dials_begin_with_address(context)


def _put_size_on_dial() -> None:
    """Make of a latent size that the dial does not have the nearest that it has, and a size to train."""
    said = st.query_params.get(session.LATENT_SIZE, "")
    low, high = LIMITS["latent_size"]
    if said.isdecimal() and len(said) < 4 and low <= int(said) <= high:
        nearest = nearest_size(int(said))
        if nearest != int(said):
            st.session_state[session.LATENT_SIZE] = nearest
            st.session_state[session.TRAIN_SIZE] = int(said)
            st.query_params.update({session.LATENT_SIZE: nearest, session.TRAIN_SIZE: said})
            st.info(
                say(
                    "The lab has no network with a code of {said} numbers: the nearest is "
                    "shown, of {nearest}. **Train**, on the pages of the three models, makes "
                    "one of {said}.",
                    said=said,
                    nearest=nearest,
                ),
                icon=":material/straighten:",
            )


def sender() -> Sender | None:
    """The run that the sender of this visitor's link saw; None without one. Lasts as long as the session."""
    return st.session_state.get(session.LINK_SENDER)


def tell_link_problems(problems: Sequence[str]) -> None:
    """Show each problem with the link once, whatever is drawn again."""
    told: set[str] = st.session_state.setdefault(session.LINK_PROBLEMS_TOLD, set())
    new = [problem for problem in problems if problem not in told]
    told.update(new)
    if new:
        st.warning(links.link_notice(new), icon=":material/link_off:")
