"""The lab's server, for one visitor or a hundred: Streamlit's, behind a gate, and telling how it is.

`router.py` is what each visitor runs.
"""

import streamlit as st
from starlette.middleware import Middleware

from pages.shared.frame.beginning import find_beginning
from pages.shared.server import health as server
from pages.shared.server.gate import Gate

server.check_settings()
app = st.App(
    "router.py",
    lifespan=server.lifespan,
    routes=server.list_routes(),
    middleware=[Middleware(Gate, find_beginning)],
    on_script_error=server.tell_error,
)
