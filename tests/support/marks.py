"""A language in which every sentence stands between marks, and what of a page stands outside of them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from tests import words

OPEN, CLOSE = "⟦", "⟧"
# Names, which are the same in every language: of networks, packages, people, files, units.
NAMES = {
    "FAE", "CAE", "DAE", "FCAE", "PCA", "AE", "Patches", "Keras", "Keras.io", "MNIST", "PSNR", "SSIM", "ReLU",
    "GELU", "tanh", "dB", "MB", "ms", "CPU", "CUDA", "GPU", "npy", "png", "csv", "PNG", "CSV", "zip", "html",
    "Autoencoder", "Lab",
}  # fmt: skip
# Fields of Streamlit's messages that nobody reads.
SILENT = {
    "id", "key", "form_id", "icon", "url", "spec", "config", "format", "language", "element_id", "user_key",
    "element_toolbar", "js_content", "css_content", "html_content", "component_name", "query_param_key",
    "anchor", "tag", "src", "type", "theme", "page_script_hash", "arrow_data", "data", "upload_url",
    "file_type", "page", "allowed_types", "mime", "download_url", "columns",
}  # fmt: skip
ATTRIBUTES = re.compile(r"\b(?:alt|title|aria-label|placeholder|data-title|data-text|label)=\"([^\"]*)\"")
NO_WORDS = re.compile(
    r":material/\w+:|:\w+-badge\[|\$[^$]*\$|<(style|script)\b.*?</\1>|data:[\w/+;]+,[\w+/=]*|\]\([^)]*\)"
    r"|`[^`]*`|https?://\S+|\b[0-9a-f]{6}\b|\b(?:denoising )?(?:linear )?FAE\b",
    re.DOTALL,
)


def write_marked(place: Path) -> None:
    """Write a translation into the marked language to the file `place`, which ends in .po."""
    marked = Catalog("en", fuzzy=False)
    for message in list(words.join_templates())[1:]:
        forms = (message.id,) if isinstance(message.id, str) else message.id
        said = tuple(f"{OPEN}{form}{CLOSE}" for form in forms)
        marked.add(message.id, said[0] if isinstance(message.id, str) else said)
    place.write_bytes(words.to_text(marked))


def unmarked_words(text: str) -> list[str]:
    """The words in `text`, Markdown or HTML, that stand outside of marks and are no names."""
    text = NO_WORDS.sub(" ", text)
    said = " | ".join([re.sub(r"<[^>]*>", " ", text), *ATTRIBUTES.findall(text)])
    depth, outside = 0, []
    for letter in html.unescape(said):
        depth += (letter == OPEN) - (letter == CLOSE)
        outside.append(" " if depth else letter)
    found = re.findall(r"[^\W\d_][\w.’'-]*[^\W_]", "".join(outside))
    return [word for word in found if word not in NAMES]


def texts_of(page: AppTest) -> Iterator[str]:
    """Every text of a page's elements that somebody may read, hear or be given on pointing."""
    waiting = [page._tree]
    while waiting:
        node = waiting.pop()
        proto = getattr(node, "proto", None)
        if isinstance(proto, Message):
            yield from _texts_in(proto)
        if getattr(node, "type", "") in ("table", "arrow_table", "dataframe", "arrow_data_frame"):
            yield from map(str, [*node.value.columns, *node.value.to_numpy().flat])
        waiting += getattr(node, "children", {}).values()


def _texts_in(message: Message) -> Iterator[str]:
    for field, value in message.ListFields():
        if field.name == "spec" and message.DESCRIPTOR.name == "PlotlyChart":
            yield from figure_texts(json.loads(value))
        elif message.DESCRIPTOR.name == "BidiComponent" and field.name in ("json", "bytes"):
            yield from _texts_in_data(value)
        elif field.name not in SILENT:
            for each in value if field.is_repeated else [value]:
                if isinstance(each, Message):
                    yield from _texts_in(each)
                elif isinstance(each, str):
                    yield each


def _texts_in_data(value: str | bytes) -> Iterator[str]:
    """What a script of the lab's is given to say."""
    try:
        said = json.loads(value)
    except ValueError:
        return
    if isinstance(said, dict):
        for name in ("words", "names", "clean_label", "noisy_labels", "note", "at", "notes"):
            yield from strings_in(said.get(name))


def strings_in(value: object) -> Iterator[str]:
    """Every text in a value as JSON has them, but for the keys of its tables."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from strings_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings_in(each)


def figure_texts(figure: dict) -> Iterator[str]:
    """What is written in a figure of Plotly's: titles, axes, legend, notes, labels on pointing."""
    waiting: list[object] = [figure.get("data"), figure.get("layout"), figure.get("frames")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            for name, each in value.items():
                if name in ("text", "name", "hovertemplate", "ticktext", "label", "prefix", "suffix"):
                    yield from (strings_in(each) if not isinstance(each, dict) else ())
                if name != "template":
                    waiting.append(each)
