"""Presenting: large type, hidden dials, and the whole path under two keys.

`?present=1` in a link, or the switch at the foot of a lesson, turns it on. A clicker's keys are Page Down and Page Up.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ae_core import config
from pages.shared import display, lab, my_digit

DIALS = "dials"
LINK = "present"
ON, SHOW_DIALS, SCRIPT, KEYS = lab.PRESENTING, "presenter_dials", "presenter_script", "presenter_keys"
SCRIPT_SIZE = config.CAE.model.latent_size

# Larger type for the back rows, and less room between things, so that the pictures are on the first screen.
LARGE = """<style>
html { font-size: 21px !important }
[data-testid=stMainBlockContainer] { max-width: none; padding: 3.2rem 2rem 1rem }
[data-testid=stMainBlockContainer] [data-testid=stVerticalBlock] { gap: 0.6rem }
h1 { font-size: 1.7rem !important; padding: 0 0 0.6rem !important }
</style>"""
# The column of the dials goes, and its neighbour takes the room.
WITHOUT_DIALS = """<style>
[data-testid=stColumn]:has(.st-key-dials), .st-key-dials { display: none !important }
</style>"""

# Arrows belong to whatever has the focus and knows what to do with them: a slider, a choice, a text.
# While a page gives way to the next, no page can be told anything: what is pressed then waits in a line that outlives them.
LISTEN = """
export default function ({ data: leads, setTriggerValue }) {
    const keys = { PageDown: "next", ArrowRight: "next", PageUp: "back", ArrowLeft: "back", b: "script", d: "dials" };
    const busy = "input, textarea, select, [role=slider], [role=radiogroup], [role=combobox], [role=tablist], [contenteditable=true]";
    // Milliseconds that a word may take: to another page, which then says the rest, or to this one drawn anew.
    const PATIENCE = 5000, SHORT = 300;
    const line = document.labPresenter ??= { words: [], listen: null, timer: 0 };
    const pause = (milliseconds, then) => {
        clearTimeout(line.timer);
        line.timer = setTimeout(() => { line.timer = 0; then(); }, milliseconds);
    };
    const say = () => {
        while (line.words.length && !line.timer) {
            const said = line.words.shift();
            if (!leads[said]) continue;
            setTriggerValue("said", said);
            pause(said === "dials" ? SHORT : PATIENCE, say);
        }
    };
    const listen = (event) => {
        const said = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
        const elsewhere = !event.key.startsWith("Page") && event.target.closest && event.target.closest(busy);
        if (!said || elsewhere || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        if (event.repeat) return;
        line.words.push(said);
        say();
    };
    document.removeEventListener("keydown", line.listen);
    document.addEventListener("keydown", listen);
    line.listen = listen;
    clearTimeout(line.timer);
    line.timer = 0;
    say();
    return () => {
        if (line.listen === listen) pause(PATIENCE, () => { document.removeEventListener("keydown", listen); line.words = []; });
    };
}
"""
_listener = st.components.v2.component("autoencoder_lab_presenter_keys", js=LISTEN)


def stage(page: str, path: Sequence[str]) -> None:
    """Set the page up for presenting, if that is on: type, dials, and the keys that lead along `path`."""
    if ON not in st.session_state:
        st.session_state[ON] = st.query_params.get(LINK) == "1"
    if not lab.presenting():
        return
    st.query_params[LINK] = "1"
    if page in path:
        st.session_state[SCRIPT] = page
    st.html(LARGE)
    if not st.session_state.get(SHOW_DIALS):
        st.html(WITHOUT_DIALS)
    here = st.session_state.get(SCRIPT, path[0])
    leads = {"next": here != path[-1], "back": here != path[0], "script": True, "dials": True}
    _obey(_listener(key=KEYS, data=leads, on_said_change=lambda: None).said, here, path)


def _obey(said: str | None, here: str, path: Sequence[str]) -> None:
    if said == "dials":
        st.session_state[SHOW_DIALS] = not st.session_state.get(SHOW_DIALS)
        st.rerun()
    if said == "script":
        back_to(here)
    if said in ("next", "back"):
        place = path.index(here) + (1 if said == "next" else -1)
        if 0 <= place < len(path):
            back_to(path[place])


def back_to(page: str) -> None:
    """The page as the script has it: every dial at its default, and out of sight."""
    for key in [key for key in st.session_state if key not in (ON, SCRIPT, lab.PAGES) and not str(key).startswith("lessons_")]:
        del st.session_state[key]
    my_digit.forget()
    lab.go(page, {LINK: "1"})


def switch() -> None:
    """Turn presenting on or off, and say which keys it knows."""
    st.toggle("Presenter mode", lab.presenting(), key="present_switch", on_change=_turn)
    if lab.presenting():
        st.caption(
            "**Page Down** or **→** next step, **Page Up** or **←** one back, **D** dials, **B** back to the script. "
            f"Ready: {prepare()} networks."
        )


def _turn() -> None:
    # Who presses a key of the presenter's at the same moment has just had every dial forgotten, this switch as well.
    st.session_state[ON] = bool(st.session_state.get("present_switch", lab.presenting()))
    if not lab.presenting():
        st.query_params.pop(LINK, None)


def prepare() -> int:
    """Have every network of the script in memory, and the slow figures; how many there are. Once for all visitors.

    At the foot of a page, so that its pictures are there first.
    """
    return _prepare(lab.store().root)


@st.cache_resource(show_spinner="Getting every step ready …")
def _prepare(_root: object) -> int:
    # Imported when first needed: Dask, which they bring along, takes a fifth of a second.
    from pages.shared import noise_view, pca_view, training_story

    trios = [display.shipped_trio(size) for size in config.SHIPPED_SIZES]
    # What the script's pages take longest to measure and to draw, at the dials they begin with, in the room's windows too.
    for trio in trios:
        for name, run in trio.items():
            lab.network(run)
            if name in pca_view.PRESETS:
                pca_view.error(run)
    pca_view.pca_error(SCRIPT_SIZE)
    script = display.shipped_trio(SCRIPT_SIZE).values()
    for run in (None, *script):
        noise_view.curve(run, "gaussian", 0, "psnr")
    for run in script:
        training_story.draw_ahead(run)
    return sum(map(len, trios))
