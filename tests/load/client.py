"""A visitor without a browser: it speaks the protocol of the installed Streamlit's websocket."""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Common_pb2 import FileURLs, FileURLsRequest, UploadedFileInfo
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from pages.shared.session import led_dial_key

ANSWER_SECONDS = 60.0
# A picture stands in a page's HTML as a data address.
PICTURE = "data:image/png"
BOUNDARY = "a-boundary-of-the-tests"


@dataclass(frozen=True)
class Answer:
    """One run of the page: seconds to the first message that holds a picture, and to the end of the run."""

    picture_seconds: float | None
    seconds: float
    bytes: int
    failed: bool


class Visitor:
    """One session on `page` of the lab at `url`, until the block ends.

    elements: what the page shows, by its place in the page, as the browser would know it. script: Streamlit's
    hash of the page.
    """

    def __init__(
        self, url: str, page: str = "", query: str = "", cookie: str = "", session: str = ""
    ) -> None:
        self._url = url
        self._address = f"ws://{urlsplit(url).netloc}{urlsplit(url).path}/_stcore/stream"
        self._page, self._query, self._cookie = page, query, cookie
        self._widgets: dict[str, WidgetState] = {}
        self._known: dict[str, ForwardMsg] = {}
        self._fragments: dict[str, str] = {}
        self.elements: dict[tuple[int, ...], Element] = {}
        self.session = session
        self.script = ""
        self.received: list[bytes] = []
        self.keeps_frames = False

    async def __aenter__(self) -> Visitor:
        tokens = ["streamlit", "none", self.session] if self.session else ["streamlit"]
        headers = {"Cookie": self._cookie} if self._cookie else {}
        self._socket = await websockets.connect(
            self._address, subprotocols=tokens, additional_headers=headers, max_size=None, compression=None,
            open_timeout=ANSWER_SECONDS, proxy=None, ping_interval=None,
        )  # fmt: skip
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()

    async def open(self) -> Answer:
        """Run the page as a browser does when it has loaded it."""
        return await self._run(ClientState(page_name=self._page, query_string=self._query))

    async def move(self, key: str, value: float) -> Answer:
        """Move the slider `key` to `value`; only the part of the page that holds it is run again."""
        element = self.slider(key)
        state = WidgetState(id=element.id)
        state.double_array_value.data.append(value)
        return await self._set(state)

    async def press(self, key: str) -> Answer:
        """Press the button `key`."""
        pressed = WidgetState(id=self._widget(key), trigger_value=True)
        answer = await self._set(pressed)
        del self._widgets[pressed.id]
        return answer

    async def go(self, query: str) -> Answer:
        """Run the page at this address, as when the browser's "back" leads there."""
        self._query, self._widgets = query, {}
        return await self._run(ClientState(query_string=query, is_history_navigation=True))

    async def lead(self, key: str, value: float) -> Answer:
        """Have the slider `key` set as the page's script does that follows a presenter."""
        state = WidgetState(id=f"$$STREAMLIT_INTERNAL_KEY_{self._widget(led_dial_key(key))}__events")
        state.json_trigger_value = json.dumps([{"event": "value", "value": value}])
        self._fragments[state.id] = self.fragment(key)
        answer = await self._set(state)
        del self._widgets[state.id]
        return answer

    async def choose(self, key: str, value: str) -> Answer:
        """Choose one of a segmented control's or a list's options by its words."""
        state = WidgetState(id=self._widget(key))
        state.string_array_value.data.append(value)
        return await self._set(state)

    async def upload(self, key: str, name: str, content: bytes) -> Answer:
        """Choose a file in the file chooser `key` as a browser does: ask where to, bring it, say so."""
        (places,) = await self.ask_for_places(1, name)
        status = await asyncio.to_thread(self._brought, places.upload_url, name, content)
        if status != 204:
            return Answer(None, 0.0, 0, failed=True)
        info = UploadedFileInfo(name=name, size=len(content), file_id=places.file_id, file_urls=places)
        state = WidgetState(id=self._widget(key))
        state.file_uploader_state_value.uploaded_file_info.append(info)
        return await self._set(state)

    async def ask_for_places(self, count: int, name: str = "file") -> list[FileURLs]:
        """Ask as a browser does where to bring so many files."""
        asked = FileURLsRequest(file_names=[name] * count, session_id=self.session)
        await self._socket.send(BackMsg(file_urls_request=asked).SerializeToString())
        while True:
            message = ForwardMsg.FromString(await self.next())
            if message.WhichOneof("type") == "file_urls_response":
                return list(message.file_urls_response.file_urls)

    def bring(self, place: str, content: bytes) -> int:
        """Bring a file to an address that no page says it has: the status of its answer, 0 for none."""
        return self._brought(place, "file", content)

    def _brought(self, place: str, name: str, content: bytes) -> int:
        with urllib.request.urlopen(f"{self._url}/_stcore/health", timeout=ANSWER_SECONDS) as answer:
            cookie = answer.headers["set-cookie"].split(";")[0]
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        token = cookie.split("=", 1)[1].strip('"')
        headers = {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Cookie": cookie,
            "X-Xsrftoken": token,
        }
        body = head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self._url + place, body, headers, method="PUT")
            ) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except OSError:  # refused before it was all sent
            return 0

    def fragment(self, key: str) -> str:
        """Streamlit's name for the fragment that holds the widget `key`; empty if that is the whole page."""
        return self._fragments.get(self._widget(key), "")

    def slider(self, key: str) -> Element:
        """The slider with this key, as the page last drew it."""
        return next(
            element.slider
            for element in self.elements.values()
            if element.HasField("slider") and _key(element.slider.id) == key
        )

    def text(self) -> str:
        """All words of the page, and its HTML."""
        return "\n".join(_words(self.elements.values()))

    async def _set(self, state: WidgetState) -> Answer:
        self._widgets[state.id] = state
        return await self._run(
            ClientState(query_string=self._query, fragment_id=self._fragments.get(state.id, ""))
        )

    def _widget(self, key: str) -> str:
        for element in self.elements.values():
            widget = getattr(element, element.WhichOneof("type"))
            if re.fullmatch(
                rf"{key}(_\d+)?", _key(getattr(widget, "id", ""))
            ):  # some widgets have a new key after each reset
                return str(widget.id)
        raise LookupError(f"no widget {key!r} on the page")

    async def _run(self, state: ClientState) -> Answer:
        state.widget_states.widgets.extend(self._widgets.values())
        state.cached_message_hashes.extend(self._known)
        state.page_script_hash = self.script
        started = time.perf_counter()
        await self.send(state)
        picture, size, failed = None, 0, False
        if not state.fragment_id:
            self.elements.clear()
        while True:
            frame = await self.next()
            size += len(frame)
            message = ForwardMsg.FromString(frame)
            if message.WhichOneof("type") == "ref_hash":
                kept = self._known[message.ref_hash]
                message = ForwardMsg(delta=kept.delta, metadata=message.metadata)
            elif message.metadata.cacheable:
                self._known[message.hash] = message
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.script = message.new_session.page_script_hash
                self.session = message.new_session.initialize.session_id or self.session
            elif kind == "navigation":
                self.script = message.navigation.page_script_hash
            elif kind == "delta":
                if self._apply(message) and picture is None:
                    picture = time.perf_counter() - started
                failed = failed or message.delta.new_element.HasField("exception")
            elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                failed = failed or message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR
                return Answer(picture, time.perf_counter() - started, size, failed)

    async def send(self, state: ClientState) -> None:
        """Ask for a run of the page, and do not wait for it."""
        await self._socket.send(BackMsg(rerun_script=state).SerializeToString())

    async def next(self) -> bytes:
        """The next frame that comes."""
        frame = await self._socket.recv()
        assert isinstance(frame, bytes)
        if self.keeps_frames:
            self.received.append(frame)
        return frame

    def _apply(self, message: ForwardMsg) -> bool:
        """Show what the message brings; whether that is another picture than before."""
        if message.delta.WhichOneof("type") != "new_element":
            return False
        place, element = tuple(message.metadata.delta_path), message.delta.new_element
        before = self.elements.get(place)
        self.elements[place] = element
        widget = getattr(element, element.WhichOneof("type") or "", None)
        if message.delta.fragment_id and getattr(widget, "id", ""):
            self._fragments[widget.id] = message.delta.fragment_id
        return element != before and any(PICTURE in words for words in _words([element]))


def _key(widget_id: str) -> str:
    """The key that a page gave a widget, which stands at the end of its id."""
    return widget_id.split("-", 2)[-1]


def _words(elements: Iterable[Element]) -> list[str]:
    found = []
    for element in elements:
        kind = element.WhichOneof("type")
        if kind:
            part = getattr(element, kind)
            found += [
                value
                for field in ("body", "label", "message", "spec")
                if isinstance(value := getattr(part, field, None), str)
            ]
    return found
