"""Presenting: large type, hidden dials, and the whole path under two keys.

`?present=1` in a link, or the switch at the foot of a lesson, turns it on. A clicker's keys are Page Down and Page Up, and the
full stop or B for a black screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from ae_core import config
from pages.shared import display, lab, session
from pages.shared.own_digit import my_digit

DIALS = "dials"
LINK = "present"
SCRIPT_SIZE = config.CAE.model.latent_size
# What the keys do, in the words that the list of keys and the switch have for them.
KEY_WORDS = (
    ("Page Down or →", "next step"),
    ("Page Up or ←", "one step back"),
    ("B or full stop", "black screen, and back"),
    ("D", "dials"),
    ("S", "back to the script, with every dial as it began"),
    ("U", "undo that"),
    ("?", "these keys"),
)

# Larger type for the back rows, and less room between things, so that the pictures are on the first screen.
LARGE = """<style>
html { font-size: 21px !important }
/* Streamlit's small type has 0.875 of this: 24 pixels on a projector of 1,920. */
@media (min-width: 1600px) { html { font-size: 27.5px !important } }
.lab-path, .lab-steps figcaption { font-size: 0.9rem !important }
[data-testid=stMainBlockContainer] { max-width: none; padding: 3.9rem 2rem 1rem }
[data-testid=stMainBlockContainer] [data-testid=stVerticalBlock] { gap: 0.6rem }
h1 { font-size: 1.7rem !important; padding: 0 0 0.6rem !important }
.st-key-presenter_keys, .st-key-presenter_again { position: absolute }
/* Beside the names of the pages, so that nothing on the page moves or is covered. */
.st-key-presenter_undo_button { position: fixed; top: 0.6rem; right: 1rem; width: auto !important; z-index: 999999 }
</style>"""
# The column of the dials goes, and its neighbour takes the room.
WITHOUT_DIALS = """<style>
[data-testid=stColumn]:has(.st-key-dials), .st-key-dials { display: none !important }
</style>"""
# Whoever has no keyboard has this in its place.
DIALS_BY_TOUCH = """<style>
.st-key-presenter_dials_button { display: none }
@media (any-pointer: coarse) { .st-key-presenter_dials_button { display: block } }
</style>"""

# Page Down and Page Up turn the page wherever the focus is: a clicker has no other keys, and must not move a slider. An arrow
# belongs to a slider or a choice that was reached by keyboard; what a mouse or a finger has touched lets go of the focus.
# Letters belong to whatever text is being written. They go by what the key says, and where that is no Latin letter by where
# it lies, so that a keyboard set to another script presents as well.
# While a page gives way to the next, no page can be told anything: what is pressed then waits in a line that outlives them.
LISTEN = """
export default function ({ data: { leads, list, title, black }, setTriggerValue }) {
    const words = {
        PageDown: "next", ArrowRight: "next", PageUp: "back", ArrowLeft: "back",
        b: "black", ".": "black", d: "dials", s: "script", u: "undo", "?": "list",
    };
    const byPlace = { KeyB: "b", Period: ".", KeyD: "d", KeyS: "s", KeyU: "u" };
    const text = "textarea, select, [contenteditable=true], [role=combobox], [role=textbox], [role=searchbox], "
        + "input:not([type=range], [type=radio], [type=checkbox], [type=button], [type=submit], [type=file])";
    const moved = `${text}, input, [role=slider], [role=radiogroup], [role=tablist], [role=listbox], [role=menu], [role=grid]`;
    // Milliseconds that a word may take: to another page, or to this one drawn anew, which then says the rest.
    const PATIENCE = 5000;
    const line = document.labPresenter ??= { words: [], timer: 0, listening: null };
    const app = document.querySelector("[data-testid=stApp]");

    const within = (element, kind) => Boolean(element?.closest?.(kind));
    const nameOf = ({ key, code, shiftKey }) => {
        const said = key.normalize("NFKC");
        if (/^[A-Z][A-Za-z0-9]+$/.test(said) && !["Process", "Unidentified"].includes(said)) return said;  // a key's name
        if (/^[ -~]$|^\\p{Script=Latin}$/u.test(said)) return said.toLowerCase();
        return code === "Slash" && shiftKey ? "?" : byPlace[code];
    };
    const pause = (milliseconds, then) => {
        clearTimeout(line.timer);
        line.timer = setTimeout(() => { line.timer = 0; then(); }, milliseconds);
    };
    const say = () => {
        while (line.words.length && !line.timer) {
            const said = line.words.shift();
            if (!leads[said]) continue;
            setTriggerValue("said", said);
            pause(PATIENCE, say);
        }
    };

    // Both lie over everything, in the browser alone: the page beneath stays as it is, and goes on.
    const show = (name, label, style, ...content) => {
        const dialog = Object.assign(document.createElement("dialog"), { className: name });
        dialog.setAttribute("aria-label", label);
        dialog.style.cssText = style;
        dialog.append(...content);
        dialog.addEventListener("click", () => dialog.close());
        dialog.addEventListener("close", () => dialog.remove());
        document.body.append(dialog);
        dialog.showModal();
    };
    const close = (name) => {
        const there = document.querySelector(`dialog.${name}`);
        there?.close();
        return Boolean(there);
    };
    const goBlack = () => show("lab-black", black, "position: fixed; inset: 0; width: 100vw; height: 100vh; max-width: none; "
        + "max-height: none; margin: 0; padding: 0; border: 0; outline: 0; background: black; cursor: none");
    const showList = () => {
        const { color, backgroundColor, fontFamily } = getComputedStyle(app);
        const table = document.createElement("table");
        for (const pair of list) {
            const row = table.insertRow();
            for (const cell of pair) Object.assign(row.insertCell(), { textContent: cell }).style.padding = "0.25em 1em 0.25em 0";
        }
        show("lab-keys", title, `color: ${color}; background: ${backgroundColor}; font: 1.2rem ${fontFamily}; padding: 1em 1.5em; `
            + "border: 2px solid; border-radius: 8px; margin: auto; max-width: calc(100vw - 2rem)", table);
    };

    const listen = (event) => {
        const at = event.composedPath()[0], name = event.isComposing ? undefined : nameOf(event), said = words[name];
        if (!said || event.ctrlKey || event.metaKey || event.altKey) return;
        if (!name.startsWith("Page") && within(at, name.startsWith("Arrow") ? moved : text)) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        if (event.repeat || close("lab-black")) return;
        const listed = close("lab-keys");
        if (said === "black") return goBlack();
        if (said === "list") return listed ? undefined : showList();
        if (app.dataset.testConnectionState !== "CONNECTED") return;
        document.activeElement?.blur();  // a number half typed counts
        line.words.push(said);
        say();
    };
    const letGo = () => setTimeout(() => {
        const at = document.activeElement;
        if (!within(at, text) && !within(at, "dialog, [role=listbox], [role=menu]")) at?.blur();
    });
    line.listening?.abort();
    const listening = line.listening = new AbortController();
    const on = (name, then) => window.addEventListener(name, then, { capture: true, signal: listening.signal });
    on("keydown", listen);
    on("pointerup", letGo);
    on("click", ({ detail }) => { if (detail) letGo(); });  // a label gives its choice the focus; a key's click has no detail
    clearTimeout(line.timer);
    line.timer = 0;
    say();
    return () => {
        if (line.listening !== listening) return;
        pause(PATIENCE, () => { listening.abort(); line.words = []; close("lab-black"); close("lab-keys"); });
    };
}
"""
_listener = st.components.v2.component("autoencoder_lab_presenter_keys", js=LISTEN)

# The browser sends a dial's value with everything it says for as long as the dial is on the page.
AGAIN = """
export default function ({ setTriggerValue }) {
    const app = document.querySelector("[data-testid=stApp]");
    const timer = setInterval(() => {
        if (app.dataset.testScriptState !== "notRunning") return;
        clearInterval(timer);
        setTriggerValue("again", true);
    }, 20);
    return () => clearInterval(timer);
}
"""
_asker = st.components.v2.component("autoencoder_lab_presenter_again", js=AGAIN)


@dataclass(frozen=True)
class PutAway:
    """What the script's key has put away: the page that it was pressed on, the one it led to, and the dials with their values."""

    page: str
    script: str
    dials: dict[str, Any]


def stage(page: str, path: Sequence[str]) -> None:
    """Set the page up for presenting, if that is on: type, dials, and the keys that lead along `path`."""
    if session.PRESENTING not in st.session_state:
        st.session_state[session.PRESENTING] = st.query_params.get(LINK) == "1"
    if page in path:
        st.session_state[session.SCRIPT_STEP] = page
    if not lab.presenting():
        return
    if wanted := st.session_state.pop(session.NEXT_PAGE, None):
        lab.go(wanted, {LINK: "1"})
    is_empty = st.session_state.pop(session.DRAW_EMPTY, False)
    if is_empty:
        st.query_params.from_dict({LINK: "1"})  # or the dials would take their values from the link
    st.query_params[LINK] = "1"
    st.html(LARGE)
    if not st.session_state.get(session.DIALS_SHOWN):
        st.html(WITHOUT_DIALS)
    _listen(page, path)
    if is_empty:
        _asker(key="presenter_again", on_again_change=lambda: None)
        st.stop()
    _offer_undo(page)


def script_step(path: Sequence[str]) -> str:
    """The step of the path that this visitor saw last; its first where they have seen none."""
    return str(st.session_state.get(session.SCRIPT_STEP, path[0]))


def _listen(page: str, path: Sequence[str]) -> None:
    here = script_step(path)
    leads = {
        "next": here != path[-1],
        "back": here != path[0],
        "script": True,
        "dials": True,
        "undo": session.PUT_AWAY in st.session_state,
    }
    words = {
        "list": KEY_WORDS,
        "title": "The presenter's keys",
        "black": "The screen is black. B, full stop or a touch brings it back.",
    }
    # By the count the browser hears that a key was obeyed which leads to no other page.
    data = {"leads": leads, "obeyed": st.session_state.get(session.KEYS_OBEYED, 0), **words}
    _listener(key=session.PRESENTER_KEYS, data=data, on_said_change=partial(_obey, page, here, tuple(path)))


def _obey(page: str, here: str, path: Sequence[str]) -> None:
    """Before the page is drawn again: what was set then reaches the dials that are on it."""
    said = st.session_state[session.PRESENTER_KEYS].said
    st.session_state[session.KEYS_OBEYED] = st.session_state.get(session.KEYS_OBEYED, 0) + 1
    if said == "dials":
        turn_dials()
    if said == "script":
        _go_back_to_script(page, here)
    if said == "undo":
        _undo(page)
    if said in ("next", "back"):
        place = path.index(here) + (1 if said == "next" else -1)
        if 0 <= place < len(path):
            st.session_state[session.NEXT_PAGE] = path[place]


def turn_dials() -> None:
    """Show the dials where they are hidden, hide them where they are shown."""
    st.session_state[session.DIALS_SHOWN] = not st.session_state.get(session.DIALS_SHOWN)


def _go_back_to_script(page: str, here: str) -> None:
    """Lead from `page` to `here` as the script has it: every dial at its default and out of sight, the lab's own digits."""
    st.session_state[session.PUT_AWAY] = PutAway(page, here, session.put_values_away())
    if my_digit.digit() is not None:
        st.session_state[session.OWN_DIGIT_SHOWN] = False
    _begin_anew(page, here)


def _undo(page: str) -> None:
    """Everything as it was when the script's key was pressed, on the page where it was."""
    before: PutAway | None = st.session_state.pop(session.PUT_AWAY, None)
    if before is not None:
        session.put_values_away()
        session.put_values_back(before.dials)
        _begin_anew(page, before.page)


def _begin_anew(page: str, to: str) -> None:
    """Have the dials take their values from the session: on another page, or on this one once it was empty.

    With every word it says the browser sends the value of each dial that is on the page, the old one.
    """
    st.session_state.update({session.DRAW_EMPTY: True} if page == to else {session.NEXT_PAGE: to})


def _offer_undo(page: str) -> None:
    """On the page that the script's key has led to: the way back from it, for whoever pressed it by mistake."""
    put_away: PutAway | None = st.session_state.get(session.PUT_AWAY)
    if put_away is not None and put_away.script == page:
        st.button(
            "Back as it was (U)",
            key="presenter_undo_button",
            icon=":material/undo:",
            on_click=_undo,
            args=(page,),
        )


def dials_by_touch() -> None:
    """While presenting on a device with a touch screen: a button for the dials, which the key D shows elsewhere."""
    if lab.presenting():
        st.html(DIALS_BY_TOUCH)
        label = "Hide the dials" if st.session_state.get(session.DIALS_SHOWN) else "Show the dials"
        st.button(label, key="presenter_dials_button", icon=":material/tune:", on_click=turn_dials)


def switch() -> None:
    """Turn presenting on or off, and say which keys it knows. In a box of its own: nobody who wants the next page meets it."""
    with st.expander(
        "Presenter mode", icon=":material/present_to_all:", key="presenter_box", expanded=lab.presenting()
    ):
        st.caption(
            "For a projector: large type, the dials out of sight, and the whole path under a clicker's keys."
        )
        st.toggle("Present to a room", lab.presenting(), key=session.PRESENT_SWITCH, on_change=_turn)
        if lab.presenting():
            keys = " · ".join(f"**{key}** {what}" for key, what in KEY_WORDS)
            st.caption(f"{keys}. Ready: {prepare()} networks.")


def _turn() -> None:
    st.session_state[session.PRESENTING] = bool(
        st.session_state.get(session.PRESENT_SWITCH, lab.presenting())
    )
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
    from pages.shared.parts import noise_view, pca_view
    from pages.shared.runs import training_story

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
