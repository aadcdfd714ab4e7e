"""When the lab cannot be reached: what is safe and what to do, in place of Streamlit's word to its developers."""

from __future__ import annotations

import streamlit as st

# Why, by whether the browser knows of a network; then what is safe, and what to do about it.
WORDS = {
    "title": "The lab cannot be reached at the moment.",
    "offline": "This device has no network.",
    "silent": "The server does not answer.",
    "safe": "Nothing is lost: your settings are in this page's address, and a training goes on without you.",
    "next": "You need not do anything: as soon as the lab can be reached, this page goes on by itself.",
    "look": "Turn this device's network on: as soon as the lab can be reached, this page goes on by itself.",
}
# Streamlit tells whether it is connected on its outermost element, and greys what cannot be used without a word. Its own dialog
# comes up seconds later, lies over the whole page, and is closed here before it is seen; the page beneath stays of use then.
TELL = """
export default function ({ data: words }) {
    if (document.labConnection) return;
    const SECONDS = 1;  // a connection that is back sooner is not worth a word
    const app = document.querySelector("[data-testid=stApp]");
    const CLASS = "lab-unreachable";
    const style = document.createElement("style");
    style.textContent = `
        html.${CLASS} [data-testid=stDialog] { display: none !important }
        .lab-connection { position: fixed; inset: auto 0 0 0; margin: 0 auto 1rem; width: min(46rem, calc(100% - 2rem));
            box-sizing: border-box; padding: 0.8rem 1.2rem; z-index: 2147483000; border: 3px solid #E69F00; border-radius: 8px;
            box-shadow: 0 2px 12px rgb(0 0 0 / 40%) }
        .lab-connection p { margin: 0.2rem 0 }
        .lab-connection p:first-child { font-weight: 600 }`;
    document.head.append(style);
    const note = document.createElement("div");
    note.className = "lab-connection";
    note.setAttribute("role", "alert");
    const fill = () => {
        const cause = navigator.onLine ? words.silent : words.offline;
        const lines = [`${words.title} ${cause}`, words.safe, navigator.onLine ? words.next : words.look];
        const { color, backgroundColor, fontFamily } = getComputedStyle(app);
        Object.assign(note.style, { color, backgroundColor, fontFamily });
        note.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
    };
    const closeDialog = () => {
        if (document.documentElement.classList.contains(CLASS)) {
            document.querySelector("[data-testid=stDialog] button[aria-label=Close]")?.click();
        }
    };
    let timer = 0;
    const look = () => {
        const away = app.dataset.testConnectionState !== "CONNECTED";
        document.documentElement.classList.toggle(CLASS, away);
        if (!away) {
            clearTimeout(timer);
            timer = 0;
            note.remove();
        } else if (!timer) {
            timer = setTimeout(() => { fill(); document.body.append(note); }, 1000 * SECONDS);
        }
    };
    const observers = [new MutationObserver(look), new MutationObserver(closeDialog)];
    observers[0].observe(app, { attributeFilter: ["data-test-connection-state"] });
    observers[1].observe(document.body, { childList: true, subtree: true });
    for (const change of ["online", "offline"]) window.addEventListener(change, () => { if (note.isConnected) fill(); });
    document.labConnection = { note, observers };
    look();
}
"""
_teller = st.components.v2.component("autoencoder_lab_connection", js=TELL)


def tell_when_lost() -> None:
    """Have the browser say so while it cannot reach the lab, from now until the tab is closed."""
    _teller(key="connection", data=WORDS)
