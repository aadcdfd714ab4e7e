"""A run to share and to take along: link, files, and whether it is the one that a link's sender saw."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from urllib.parse import quote, urlencode

import streamlit as st

from ae_core import config, data
from ae_core.config import CorruptionConfig, DataConfig, RunConfig
from ae_core.runs import history, links, notebook, report, run_file
from ae_core.runs.run_folder import StoredRun
from ae_core.words.sentences import find_english, say
from pages.shared import lab, networks, opened_link, session
from pages.shared.dials import ACTIVATION_WORDS, LOSS_WORDS, NOISE_WORDS
from pages.shared.runs.training_panel import BUSY

# Choices stand in a link by their words, the English ones.
WORDS = {"noise_kind": NOISE_WORDS, "activation": ACTIVATION_WORDS, "loss": LOSS_WORDS}


def compare_with_sender(run: RunConfig, found: StoredRun | None) -> None:
    """Show whether the run here is the one that a link's sender saw, to the last bit.

    run: as the dials say. found: what is shown for it. Under other dials than the link's nothing is said.
    """
    sender = opened_link.sender()
    if sender is None:
        return
    just_opened = st.session_state.get(session.LINK_COMPARED) != sender.run_id
    st.session_state[session.LINK_COMPARED] = sender.run_id
    if found is not None and found.run_id == sender.run_id:
        show, icon = (
            (st.success, ":material/check:")
            if links.is_identical(sender, found)
            else (st.warning, ":material/difference:")
        )
        show(links.weights_verdict(sender, found), icon=icon)
    elif config.run_id(run) == sender.run_id:
        if history.status_of(sender.run_id, lab.store()) not in (*BUSY, "finished"):
            st.info(
                say(
                    "The run the sender saw is not here. Press **Train**; afterwards the lab "
                    "says whether the weights are identical."
                ),
                icon=":material/link:",
            )
    elif sender.digits and config.run_id(replace(run, data=DataConfig(sender.digits))) == sender.run_id:
        st.info(
            say(
                "The sender's run learnt from other digits ({word}), so it is another run.",
                word=data.WORDS[sender.digits],
            ),
            icon=":material/link:",
        )
    elif just_opened:
        opened_link.tell_link_problems([links.other_run_notice(sender)])


def offer_link_and_files(run: StoredRun, page: str, noise: CorruptionConfig, noise_seed: int) -> None:
    """Show the full link, the run's files and its code in a box; files are made when asked for."""
    expander = st.expander(
        say("Share and take along"), key=session.share_key(page), icon=":material/share:", on_change="rerun"
    )
    if not expander.open:  # what nobody looks at is not made for every move of a slider
        return
    with expander:
        st.markdown(say("**The link** to this run and every dial on this page:"))
        st.code(full_link(run, page), language=None, wrap_lines=True)
        st.caption(
            say(
                "Opened elsewhere, it sets the same dials. Once the run is trained there, "
                "the lab says whether the weights are identical."
            )
        )
        name = f"{config.family(run.config)}-{run.run_id}".replace(" ", "-")
        at_hand = (run, lab.load_network(run), lab.digits())
        with st.container(horizontal=True):
            _draw_download(
                say("Run"),
                partial(run_file.export_run, lab.store(), run.run_id),
                f"{name}.zip",
                "application/zip",
                page,
                say(
                    "Weights, settings and log in one file, to be uploaded on the page Runs, "
                    "here or elsewhere."
                ),
            )
            _draw_download(
                say("Report"),
                partial(_make_report, *at_hand, noise, noise_seed),
                f"{name}.html",
                "text/html",
                page,
                say(
                    "One page for any browser, offline: the network itself to paint on and "
                    "to pull, settings, curve, pictures, metrics."
                ),
            )
            _draw_download(
                say("Notebook"),
                partial(notebook.export_notebook, *at_hand),
                f"{name}-notebook.zip",
                "application/zip",
                page,
                say(
                    "A Jupyter notebook in plain PyTorch, without this lab: the layers "
                    "written out, the trained weights, all 10,000 test digits. It reaches "
                    "the figures that were measured here."
                ),
            )
            _draw_download(
                say("Metrics"),
                partial(report.metrics_csv, *at_hand, noise.kind, noise_seed),
                f"{name}.csv",
                "text/csv",
                page,
                say("A table (CSV) of every metric at several noise levels, and the same for doing nothing."),
            )
        st.markdown(
            say(
                "**The code** that trains it again. {code_requirements}",
                code_requirements=report.code_requirements(run),
            )
        )
        st.code(report.training_code(run), language="python")


def redraw_link(page: str) -> None:
    """Draw the whole page if its link is in sight: for a dial in a fragment, since the link names it."""
    if st.session_state.get(session.share_key(page)):
        st.rerun()


def full_link(run: StoredRun, page: str) -> str:
    """This page's address with all its dials and the run shown.

    Defaults too, since another version of the lab may have others.
    """
    whose = {} if run.shipped else {session.WHOSE: networks.YOURS, networks.LINK: run.run_id}
    parameters = {**_dial_values(page), **whose, **links.sender_fields(run)}
    return f"{st.context.url or ''}?{urlencode(parameters, doseq=True, safe=':,', quote_via=quote)}"


def _dial_values(page: str) -> dict[str, str | list[str]]:
    """Each dial of the page by its key, as it stands in links; one that is empty in none."""
    shown = {str(key): value for key, value in st.session_state.items() if links.find_check(str(key))}
    return {
        key: _link_word(key, value)
        for key, value in sorted(shown.items())
        if value is not None and (key in links.SHARED or key.startswith(f"{page}_"))
    }


def _link_word(key: str, value: object) -> str | list[str]:
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    if key == "train_digits":
        return f"{value:,}"
    words = next((words for part, words in WORDS.items() if key.endswith(part)), {})
    return find_english(str(words.get(value, str(value).lower() if isinstance(value, bool) else value)))


def _make_report(run: StoredRun, *more: object) -> str:
    return report.report_html(run, history.read_progress(run.run_id, lab.store()), *more)


def _draw_download(label: str, make: partial, file: str, kind: str, page: str, help_: str) -> None:
    st.download_button(
        label,
        make,
        file,
        kind,
        key=f"{page}_share_{label.lower()}",
        icon=":material/download:",
        on_click="ignore",
        help=help_,
    )
