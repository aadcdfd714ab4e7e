"""Pages and links: what is shared, what a link from elsewhere brings, and links that cannot be understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from ae_core import config
from ae_core.errors import StoreError
from ae_core.runs import links, run_file
from ae_core.runs.run_log import EventLog
from ae_core.runs.store import Store, default_root
from ae_core.service.worker import record_training
from tests.conftest import PROJECT, widget_key

MODEL_PAGES = {
    "fully_connected": ("fae", config.FAE),
    "convolutional": ("cae", config.CAE),
    "denoising": ("dae", config.DAE),
}
SEEDS = {"digits_seed", "noise_seed"}
DIALS = ("slider", "select_slider", "selectbox", "number_input")
NOT_HERE = "The run the sender saw is not here"
# Quick to train, and nothing that ships has its latent size.
QUICK = config.adjusted(
    config.FAE, model={"latent_size": 3, "hidden_sizes": ()}, training={"epochs": 1, "batch_size": 512}
)
LAYERS = {
    "latent_size": "3",
    "fae_layers": "784 → code",
    "fae_epochs": "1",
    "fae_batch_size": "512",
    "whose": "Yours",
    "yours": config.run_id(QUICK),
}


def open_link(name: str, link: dict[str, str | list[str]]) -> AppTest:
    page = AppTest.from_file(str(PROJECT / "pages" / f"{name}.py"), default_timeout=60)
    for key, value in link.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception, page.exception
    return page


def bound(page: AppTest) -> set[str]:
    """The keys under which the page's dials stand in links."""
    by_widgets = {
        key for node in page._tree if (key := getattr(getattr(node, "proto", None), "query_param_key", ""))
    }
    return by_widgets | SEEDS


def dials(page: AppTest) -> dict[str, object]:
    keys = {widget_key(page, key): key for key in bound(page)}
    return {keys[dial.key]: dial.value for kind in DIALS for dial in getattr(page, kind) if dial.key in keys}


def open_box(page: AppTest) -> None:
    """Open what a model's page has to share."""
    for preset, _ in MODEL_PAGES.values():
        page.session_state[f"{preset}_share"] = True
    page.run()


def shared(page: AppTest) -> dict[str, str | list[str]]:
    """The parameters of the link that the page offers, once its box is opened."""
    open_box(page)
    address = next(code.value for code in page.code if "run=" in code.value)
    return {
        key: values if key == "train_classes" else values[0]
        for key, values in parse_qs(address.split("?", 1)[1], strict_parsing=True).items()
    }


def said(page: AppTest) -> str:
    return "\n".join(box.value for kind in ("info", "success", "warning") for box in getattr(page, kind))


def train_here(digits) -> None:
    for _ in record_training(QUICK, Store(default_root()), digits):
        pass


@pytest.mark.parametrize("name", MODEL_PAGES)
def test_a_shared_link_holds_every_dial_of_the_page_defaults_too_and_its_run(name):
    page = open_link(name, {})
    link = shared(page)
    left_empty = {"train_size"}
    assert bound(page) - left_empty | {"run", "weights", "recipe", "digits", "versions"} == set(link)
    assert links.find_problems({k: v if isinstance(v, list) else [v] for k, v in link.items()}) == []


def test_a_shared_link_sets_the_same_dials_wherever_it_is_opened():
    first = open_link("denoising", {})
    for key, value in {"latent_size": 8, "train_size": 5, "dae_test_noise": 0.7, "digits_seed": 4}.items():
        next(
            dial for kind in DIALS for dial in getattr(first, kind) if dial.key == widget_key(first, key)
        ).set_value(value)
    first.selectbox(key="dae_test_noise_kind").set_value("salt_and_pepper")
    first.selectbox(key="dae_loss").set_value("bce")
    first.select_slider(key="train_digits").set_value(1_000)
    first.pills(key="train_classes").set_value([0, 3])
    first.run()
    second = open_link("denoising", shared(first))
    assert dials(second) == dials(first)
    assert dials(second)["dae_loss"] == "bce"
    assert list(second.pills(key="train_classes").value) == [0, 3]
    assert "identical to the sender's weights" in second.success[0].value


def test_a_run_that_is_not_here_is_to_be_trained_and_then_compared(digits):
    sender = links.Sender(config.run_id(QUICK), "0" * 16, "mnist", {})
    link = {**LAYERS, "run": sender.run_id, "weights": sender.weights, "recipe": str(config.RECIPE)}
    page = open_link("fully_connected", link)
    assert NOT_HERE in said(page)
    train_here(digits)
    page.run()
    assert NOT_HERE not in said(page)
    assert "**differ**" in page.warning[0].value
    page.button_group(key="whose").set_value("The lab's").run()
    assert "differ" not in said(page)


def test_the_same_weights_are_called_identical_and_the_labs_are_not(digits):
    train_here(digits)
    link = shared(open_link("fully_connected", LAYERS))
    page = open_link("fully_connected", link)
    assert "identical to the sender's weights" in page.success[0].value
    page.button_group(key="whose").set_value("The lab's").run()
    assert "identical" not in said(page)


def test_a_sender_with_other_digits_is_told_of(digits):
    elsewhere = replace(QUICK, data=config.DataConfig("embedded"))
    link = {
        **LAYERS,
        "run": config.run_id(elsewhere),
        "weights": "0" * 16,
        "recipe": str(config.RECIPE),
        "digits": "embedded",
    }
    words = said(open_link("fully_connected", link))
    assert "learnt from other digits (the 5,000 MNIST digits of an earlier version of the lab)" in words


def test_a_run_that_the_settings_do_not_make_is_told_of_once():
    page = open_link("convolutional", {"run": "1" * 16, "weights": "2" * 16, "recipe": str(config.RECIPE)})
    assert f"`{'1' * 16}`" in page.warning[0].value
    assert page.run().warning.len == 0


@pytest.mark.parametrize("name", ["home", "comparison", "denoising"])
def test_a_junk_link_is_told_of_once_and_the_page_is_as_ever(name):
    page = open_link(
        name, {"latent_size": "999", "seed": "nan", "digits_seed": "-1", "colour": "![x](http://host/x.png)"}
    )
    assert dials(page) == dials(open_link(name, {}))
    assert [word in page.warning[0].value for word in ("`999`", "`nan`", "`-1`", "`colour`")] == [True] * 4
    assert "host" not in page.warning[0].value
    assert page.run().warning.len == 0


def test_a_link_of_another_version_says_so():
    page = open_link("denoising", {"recipe": "99", "run": "1" * 16, "weights": "2" * 16})
    assert "another version of the lab (recipe `99`" in page.warning[0].value
    assert page.warning.len == 1


def test_a_run_to_compare_that_was_deleted_is_named():
    page = open_link("runs", {"compare": "DAE 8, 5 epochs, 0123ab"})
    assert "`DAE 8, 5 epochs, 0123ab` is not here" in page.warning[0].value
    assert page.run().warning.len == 0


def test_a_good_link_is_opened_without_a_word():
    good = {
        "latent_size": "8",
        "dae_test_noise": "0.35",
        "present": "1",
        "utm_source": "mail",
        "__theme": "dark",
    }
    assert open_link("denoising", good).warning.len == 0


def as_written(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


# The page with the drawing board runs in a browser only.
@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("home", {}),
        ("fully_connected", {"linear": "true"}),
        ("convolutional", {}),
        ("denoising", {}),
        ("difference", {}),
        ("surprises", {}),
        ("comparison", {}),
        ("latent_space", {}),
        ("latent_space", {"latent_size": "2"}),
        ("runs", {}),
    ],
)
def test_every_key_that_a_page_puts_into_a_link_is_in_the_table(name, link):
    keys = bound(open_link(name, link))
    assert keys
    missing = sorted(key for key in keys if links.find_check(key) is None)
    assert missing == [], f"ae_core/runs/links.py has no line for {', '.join(missing)} in TABLE"


def test_the_table_of_links_and_the_dials_on_the_page_agree():
    for name in MODEL_PAGES:
        page = open_link(name, {})
        known = bound(page)
        for dial in (dial for dial in [*page.selectbox, *page.select_slider] if dial.key in known):
            assert all(not links.find_problems({dial.key: [option]}) for option in dial.options), dial.key
        for dial in (dial for dial in [*page.slider, *page.number_input] if dial.key in known):
            assert all(
                not links.find_problems({dial.key: [as_written(end)]}) for end in (dial.min, dial.max)
            ), dial.key
            assert links.find_problems({dial.key: [as_written(dial.max + 1)]}) != [], dial.key


# A stranger's text, from a link or a file, is shown as text

# Each would be drawn as something else than it is, were it Markdown or HTML. A version may hold no more than
# letters, digits and _.
STRANGE = (
    "__loud__ **loud** [a link](http://host.example/) ![a picture](http://host.example/x.png) "
    ":red[loud] <b>loud</b> $x$ :smile:"
)
STRANGE_VERSION = "__loud__"
LEAD_AWAY = ("loud", "host.example", "smile")


def texts(message) -> Iterator[str]:
    """Every text of a part of a page, without those that Streamlit itself shows as they are."""
    for field, value in message.ListFields():
        if field.message_type is None:
            several = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
            yield from (
                text
                for text in several
                if isinstance(text, str) and field.name not in ("id", "query_param_key")
            )
        elif field.message_type.GetOptions().map_entry or not isinstance(value, Sequence):
            yield from texts(value) if hasattr(value, "ListFields") else ()
        else:
            for part in value:
                yield from texts(part)


def drawn_as_markup(page: AppTest) -> list[str]:
    """Each text on the page in which something of a stranger's stands elsewhere than in a quotation."""
    parts = [
        node.proto
        for node in page._tree
        if hasattr(getattr(node, "proto", None), "ListFields") and node.type not in ("code", "text")
    ]
    # Streamlit's tables draw Markdown
    cells = [str(cell) for table in page.table for cell in table.value.to_numpy().ravel()]
    spoken = [
        (text, re.sub(r"`[^`\n]*`", "", text))
        for text in [*cells, *(text for part in parts for text in texts(part))]
    ]
    return [text for text, unquoted in spoken if any(word in unquoted for word in LEAD_AWAY)]


def test_a_page_that_draws_a_strangers_markup_is_found_out():
    """That the tests below can fail, whatever draws it."""

    def script() -> None:
        import streamlit as st

        strange = st.session_state["strange"]
        st.markdown(strange)
        st.button(f"Press {strange}")
        st.radio("One of", ["yes", strange])
        st.metric("A figure", "1", help=strange)
        st.table([{"a cell": strange}])
        st.code(strange)
        st.text(strange)
        st.info(f"Nothing here is called `{strange}`.")

    page = AppTest.from_function(script, default_timeout=60)
    page.session_state["strange"] = STRANGE
    page.run()
    assert len(drawn_as_markup(page)) == 5


@pytest.mark.parametrize(
    ("name", "start"), [("denoising", 0), ("surprises", 5), ("runs", 10), ("latent_space", 15), ("home", 20)]
)
def test_whatever_a_link_holds_is_shown_as_text(name, start):
    """Of many problems five are told, so each page is opened with others of the keys there are."""
    said = {
        "run": "1" * 16,
        "weights": "2" * 16,
        "recipe": str(config.RECIPE),
        "versions": f"torch:{STRANGE_VERSION}",
    }
    page = open_link(
        name,
        {key.replace("*", "dae"): STRANGE for key in list(links.TABLE)[start : start + 4]}
        | {STRANGE: STRANGE}
        | said,
    )
    assert "loud" in page.warning[0].value
    assert drawn_as_markup(page) == []


def test_what_a_link_says_of_its_senders_versions_is_shown_as_text(digits):
    train_here(digits)
    sender = {
        "run": config.run_id(QUICK),
        "weights": "0" * 16,
        "recipe": str(config.RECIPE),
        "versions": f"torch:{STRANGE_VERSION}",
    }
    page = open_link("fully_connected", {**LAYERS, **sender})
    assert f"`{STRANGE_VERSION}`" in page.warning[0].value
    assert drawn_as_markup(page) == []


def test_what_an_uploaded_file_says_is_shown_as_text(digits, tmp_path):
    """Its versions may hold words; a page that shows them shows words. A log that does is refused."""
    there, here = Store(tmp_path / "there"), Store(default_root())
    name = config.run_id(QUICK)
    for _ in record_training(QUICK, there, digits):
        pass
    result = {**there.get(name).result, "versions": {"torch": STRANGE_VERSION}}
    model = there.load_model(there.get(name))

    def export(*events: dict[str, str]) -> bytes:
        (there.folder(name) / "manifest.json").unlink()
        for event in events:
            EventLog(there.folder(name) / "events.jsonl").append(event)
        there.commit(QUICK, model, result)
        return run_file.export_run(Store(there.root), name)

    uploaded = run_file.import_run(here, export(), digits)
    log = export({"event": "failed", "message": STRANGE, STRANGE: STRANGE})
    with pytest.raises(StoreError, match="tells of no whole training"):
        run_file.import_run(here, log, digits)
    page = open_link("runs", {})
    label = next(label for label in page.multiselect(key="compare").options if label.endswith(uploaded[:6]))
    page.multiselect(key="compare").set_value([label]).run()
    assert not page.exception
    assert drawn_as_markup(page) == []
    sender = {"run": name, "weights": "0" * 16, "recipe": str(config.RECIPE), "versions": "torch:2.0"}
    assert drawn_as_markup(open_link("fully_connected", {**LAYERS, **sender})) == []


def test_four_files_are_offered_and_made_when_asked_for():
    page = open_link("fully_connected", {})
    assert not page.get("download_button")
    open_box(page)
    assert [button.label for button in page.get("download_button")] == [
        "Run",
        "Report",
        "Notebook",
        "Metrics",
    ]
