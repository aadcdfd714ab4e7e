"""The network in the browser: it makes what PyTorch makes, follows every hand, and may fail without harm."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, Route, expect

from ae_core import config
from ae_core.config import CorruptionConfig
from ae_core.corruption import corrupt, draw_pattern
from ae_core.living import files
from ae_core.living.first_picture import _short_number
from ae_core.living.network_file import FORM, pack_network
from ae_core.living.packing import pack_digits, pack_floats
from ae_core.living.words import WORDS
from ae_core.models import Autoencoder, as_picture, build_model, reconstruct
from ae_core.runs.store import Store
from ae_core.study.classifier import classify, load_classifier
from pages.shared.browser import living
from pages.shared.own_digit import tray_view
from tests.browser.test_pages_in_browser import go
from tests.support.browser import LIVING, PHONE, App, picture_changes_after, pictures

DIGITS = 3
# The largest difference in 255ths, over digits, levels and kinds of noise, of one network.
COMPARE = """async ([module, network, cases]) => {
    const { engine, noise } = await import(module);
    const bytes = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
    const floats = (text) => new Float32Array(bytes(text).buffer);
    const file = network.startsWith("/") ? await (await fetch(network)).arrayBuffer() : bytes(network).buffer;
    const read = engine.readNetwork(file);
    let most = 0;
    for (const { digits, pattern, kind, level, expected } of cases) {
        const [clean, drawn, wanted] = [bytes(digits), floats(pattern), floats(expected)];
        const count = clean.length / 784;
        for (let n = 0; n < count; n++) {
            const digit = Float32Array.from(clean.subarray(784 * n, 784 * (n + 1)), (grey) => grey / 255);
            const parts = Array.from({ length: drawn.length / clean.length }, (_, p) =>
                drawn.subarray(784 * (p * count + n), 784 * (p * count + n + 1)));
            const seen = noise.addNoise(digit, kind, level, parts);
            const made = engine.decode(read, engine.encode(read, seen));
            const off = made.map((value, i) => 255 * Math.abs(value - wanted[784 * n + i]));
            most = Math.max(most, ...off);
        }
    }
    return most;
}"""
# The largest difference in the probabilities of digits.
COMPARE_CLASSIFIER = """async ([module, classifier, pictures, expected]) => {
    const { engine } = await import(module);
    const bytes = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
    const floats = (text) => new Float32Array(bytes(text).buffer);
    const read = engine.readNetwork(await (await fetch(classifier)).arrayBuffer());
    const [seen, wanted] = [floats(pictures), floats(expected)];
    let most = 0;
    for (let n = 0; n < seen.length / 784; n++) {
        const likely = engine.classify(read, seen.subarray(784 * n, 784 * (n + 1)));
        most = Math.max(most, ...likely.map((value, i) => Math.abs(value - wanted[10 * n + i])));
    }
    return most;
}"""
FAMILIES = (config.FAE, config.CAE)
HIDDEN = {"none": (), "one": (128,), "three": (64, 32, 16)}


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def cases(model: Autoencoder, clean_nhw: torch.Tensor) -> list[dict[str, object]]:
    found = []
    for kind in config.NOISE_KINDS:
        for level in (0.0, 0.4, 1.0):
            noisy_nhw = corrupt(clean_nhw, CorruptionConfig(kind, level), seeded())
            found.append(
                {
                    "digits": pack_digits(clean_nhw),
                    "pattern": pack_floats(draw_pattern(kind, clean_nhw.shape, seeded())),
                    "kind": kind,
                    "level": level,
                    "expected": pack_floats(as_picture(reconstruct(model, noisy_nhw))),
                }
            )
    return found


def test_every_network_makes_in_the_browser_what_it_makes_in_pytorch(page, app, digits):
    page.goto(f"{app.url}/_stcore/health")
    module = f"{app.url}/living/{files.module_mark()}.js"
    clean_nhw = digits.test_nhw[:DIGITS]
    worst = {
        name: page.evaluate(COMPARE, [module, network, cases(model, clean_nhw)])
        for name, network, model in compared_networks(app.store)
    }
    assert len(worst) > 44
    assert {name: most for name, most in worst.items() if most > 2} == {}


def test_the_classifier_says_in_the_browser_what_it_says_in_pytorch(page, app, digits):
    page.goto(f"{app.url}/_stcore/health")
    noisy = [
        corrupt(digits.test_nhw[:DIGITS], CorruptionConfig("gaussian", level), seeded())
        for level in (0.0, 0.4, 1.0)
    ]
    seen_nhw = torch.cat(noisy)
    expected = classify(load_classifier().layers, seen_nhw)
    module = f"{app.url}/living/{files.module_mark()}.js"
    address = f"{app.url}/{living.describe_classifier()['address']}"
    data = [module, address, pack_floats(seen_nhw), pack_floats(expected)]
    assert page.evaluate(COMPARE_CLASSIFIER, data) < 0.001


def compared_networks(store: Store) -> Iterator[tuple[str, str, Autoencoder]]:
    """Name, address or file in base64, and model: every shipped run, fresh ones of every kind of layer."""
    for run in store.shipped()[0]:
        yield run.run_id, f"/networks/{FORM}/{run.name}/{run.weights_sha256}", store.load_model(run)
    models = [preset.model for preset in config.PRESETS.values()]
    for activation in config.ACTIVATIONS:
        models += [config.adjusted(run, model={"activation": activation}).model for run in FAMILIES]
    models += [
        config.adjusted(config.FAE, model={"latent_size": 3, "hidden_sizes": sizes}).model
        for sizes in HIDDEN.values()
    ]
    for i, model in enumerate(models):
        network = build_model(model, seeded())
        yield f"{model.kind} {i}", base64.b64encode(pack_network(network)).decode(), network


def open_living(page: Page, app: App, path: str) -> None:
    go(page, app, path)
    page.locator(LIVING).first.wait_for()


def error_shown(page: Page) -> float:
    text = page.locator(".lab-living .rebuilt figcaption").locator("visible=true").first.inner_text()
    return float(re.search(r"error ([\d.]+)", text)[1])


def drag(page: Page, locator, *places: tuple[float, float]) -> None:
    """Press at the first of these places, shares of a box's width and height, and move on to the others."""
    box = locator.bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*at[0])
    page.mouse.down()
    for place in at[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def test_a_hand_takes_hold_of_digit_code_noise_and_stages_and_nobody_is_asked(page, app):
    open_living(page, app, "convolutional")
    living = page.locator(".st-key-cae_living")
    expect(page.get_by_text("Answer, or reveal, to see both at every latent size")).to_be_attached()
    page.wait_for_timeout(2_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    at_first = error_shown(page)
    # The digit: painted on, rubbed out, restored.
    digit = living.locator(".digit canvas")
    picture_changes_after(page, lambda: drag(page, digit, (0.2, 0.8), (0.9, 0.8)))
    painted = error_shown(page)
    assert painted > at_first
    living.get_by_role("button", name="Rub out").click()
    picture_changes_after(page, lambda: drag(page, digit, (0.2, 0.8), (0.9, 0.8)))
    living.get_by_role("button", name="Restore").click()
    expect(living.locator(".rebuilt figcaption")).to_contain_text(f"error {at_first}")
    # The code: pulled by mouse and by key, and put back.
    bar = living.get_by_role("slider", name="Number 13 of 30")
    value = float(bar.get_attribute("aria-valuenow"))
    drag(page, bar.locator(".well"), (0.5, 0.5), (0.5, 0.95))
    expect(living.get_by_text("The decoder draws from the code alone.")).to_be_visible()
    assert float(bar.get_attribute("aria-valuenow")) < value
    pulled = bar.get_attribute("aria-valuenow")
    bar.press("ArrowUp")
    expect(bar).not_to_have_attribute("aria-valuenow", pulled)
    bar.press("ArrowRight")
    expect(living.get_by_role("slider", name="Number 14 of 30")).to_be_focused()
    expect(living.locator(".difference figcaption")).to_have_text("number 14 changes")
    living.get_by_role("button", name="Back to the digit").click()
    expect(living.locator(".rebuilt figcaption")).to_contain_text(f"error {at_first}")
    # A stage: its map, the patch, the filter, their product.
    living.locator(".encoder .stage canvas").first.hover()
    for words in ("map ", "the patch at the mark", "filter", "products, added up"):
        expect(living.locator(".lens")).to_contain_text(words)
    page.mouse.move(5, 5)
    expect(living.locator(".lens")).to_be_hidden()
    # The noise: the living picture and the rows below it follow while the slider is dragged.
    thumb = page.locator(".st-key-cae_test_noise [data-testid=stSliderThumbValue]")
    thumb.scroll_into_view_if_needed()
    start, rail = thumb.bounding_box(), page.locator(".st-key-cae_test_noise [role=group]").bounding_box()
    middle = rail["y"] + rail["height"] / 2
    page.mouse.move(start["x"] + start["width"] / 2, middle)
    page.mouse.down()
    seen = []
    for share in (0.2, 0.4, 0.6):
        page.mouse.move(rail["x"] + share * rail["width"], middle)
        page.wait_for_timeout(200)
        seen.append(tuple(pictures(page)))
    assert len(set(seen)) == 3
    assert error_shown(page) > at_first
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == []
    page.mouse.up()
    page.wait_for_url(re.compile(r"cae_test_noise=0\.6"))
    # What the server draws of it then has the same error.
    first = page.locator(".st-key-cae_living_first .rebuilt figcaption")
    page.wait_for_function(
        "([a, b]) => document.querySelector(a).textContent === "
        "document.querySelector(b).shadowRoot.querySelector('.rebuilt figcaption').textContent",
        arg=[
            ".st-key-cae_living_first .rebuilt figcaption",
            ".st-key-cae_living [data-testid=stBidiComponentIsolated]",
        ],
    )
    assert first.count() == 1


# Networks in training, then two that are finished: pictures of both before and after `slow` has come.
SHOW_ONE_AFTER_THE_OTHER = """async ([module, base, shown, slow, [first, second]]) => {
    const { mounts } = await import(module);
    const root = document.createElement("div");
    document.body.append(root);
    const ready = new Promise((resolve, reject) => {
        const context = { base, fail: reject, tell() {}, isReady: resolve };
        const show = (one, other, isTraining) => {
            const networks = [
                { name: "one", address: one, is_watched: isTraining },
                { name: "other", address: other },
            ];
            mounts.picture(root, { ...shown, networks }, context);
        };
        show("networks/latest/0000000000000000/now", slow, true);
        show(first, second, false);
    });
    window.pictures = () => [...root.querySelectorAll(".rebuilt canvas")].map((each) => each.toDataURL());
    await ready;
}"""


def test_a_network_that_comes_late_takes_no_place_of_one_that_is_shown_by_now(page, app, digits):
    page.goto(f"{app.url}/_stcore/health")
    slow, *quick = [living.network_address(run) for run in app.store.shipped()[0][:3]]
    held: list[Route] = []
    page.route(f"**/{slow}", lambda route: held.append(route))
    shown = {
        "digit": pack_digits(digits.test_nhw[0]),
        "pattern": pack_floats(draw_pattern("gaussian", (1, 28, 28), seeded())),
        **{"kind": "gaussian", "level": 0.2, "classifier": None, "words": WORDS},
        **{"noise_dial": "", "size_dial": ""},
    }
    module = f"{app.url}/living/{files.module_mark()}.js"
    page.evaluate(SHOW_ONE_AFTER_THE_OTHER, [module, f"{app.url}/", shown, slow, quick])
    page.wait_for_timeout(200)
    before = page.evaluate("pictures()")
    assert len(set(before)) == 2
    with page.expect_request_finished(lambda request: request.url.endswith(slow)):
        held[0].continue_()
    page.wait_for_timeout(300)
    assert page.evaluate("pictures()") == before


# What the tray tells after a tap and a move, where the page has its word on the tray just then.
TELL_OF_A_HAND = """async ([module, base, words, drawn]) => {
    const { mounts } = await import(module);
    const root = document.createElement("div");
    document.body.append(root);
    const show = (numbers, digits) => new Promise((resolve) => {
        const tray = { digits, numbers, chosen: 1, heard: 0, doubts: numbers.map(() => "") };
        const answers = { shows_answers: false, networks: {}, classifier: null };
        const context = { base, tell: resolve, isReady() {} };
        mounts.tray(root, { ...tray, ...answers, words }, context);
        setTimeout(resolve, 2000);
        if (numbers.length > 3) return;
        root.tray.choose(2);
        root.tray.move(1);
    });
    show([1, 2, 3], drawn[3]);
    return await show([1, 2, 3, 4], drawn[4]);
}"""


def test_a_network_in_training_is_looked_at_the_more_often_the_younger_it_is(page, app):
    """The server says how often; at first it is four times as often, and no longer for ever."""
    page.goto(f"{app.url}/_stcore/health")
    address = living.latest_address(config.run_id(config.FAE))
    waits = page.evaluate(
        f"""(address) => new Promise((resolve) => {{
            {files.bundle_scripts("data")}
            const [wait, waits] = [setTimeout, []];
            window.setTimeout = (look, pause) => {{
                waits.push(pause);
                if (waits.length < 30) return wait(look, 0);
                resolve(waits);
            }};
            $data.watchNetwork(address, () => {{}}, () => {{}});
        }})""",
        f"{app.url}/{address}",
    )
    last = waits[-1]
    assert waits == [last / 4] * 11 + [last] * 19


def test_a_look_at_a_network_in_training_that_is_lost_is_not_the_last(page, app):
    page.goto(f"{app.url}/_stcore/health")
    address = f"{app.url}/{living.latest_address(config.run_id(config.FAE))}"
    page.route(address, lambda _: None, times=1)
    watch = f"""(address) => {{
        {files.bundle_scripts("data")}
        const {{ timeout }} = AbortSignal;
        AbortSignal.timeout = () => timeout.call(AbortSignal, 500);
        $data.watchNetwork(address, () => {{}}, () => {{}});
    }}"""
    with page.expect_response(address):
        page.evaluate(watch, address)


def test_what_the_hand_did_holds_though_the_page_has_its_word_on_the_tray_just_then(page, app, digits):
    page.goto(f"{app.url}/_stcore/health")
    module = f"{app.url}/living/{files.module_mark()}.js"
    drawn = {count: pack_digits(digits.test_nhw[:count]) for count in (3, 4)}
    told = page.evaluate(TELL_OF_A_HAND, [module, f"{app.url}/", tray_view.WORDS, drawn])
    assert told == {"order": [1, 3, 2, 4], "chosen": 2, "known": [1, 2, 3, 4], "telling": 1}


def test_numbers_below_a_codes_bars_are_those_of_the_still_picture(page, app):
    values = [0.0, -0.01, 1.26, -3.7, 9.96, 999.4, 999.6, 41_448.0, -39_707.0]
    page.goto(f"{app.url}/_stcore/health")
    script = (
        f"(values) => {{ {files.bundle_scripts('code_bars')}; return values.map($code_bars.shortNumber) }}"
    )
    assert page.evaluate(script, values) == [_short_number(value) for value in values]


def test_the_picture_of_a_code_of_one_number_is_in_its_bars_colours(page, app):
    page.goto(f"{app.url}/fully_connected?latent_size=1")
    strip = page.locator(".st-key-fae_living .strip canvas")
    strip.wait_for()
    page.wait_for_timeout(1_000)
    red, _, blue, _ = strip.evaluate("it => [...it.getContext('2d').getImageData(0, 0, 1, 1).data]")
    assert abs(red - blue) > 100  # orange or blue: white would say nothing


def test_the_latent_dial_changes_the_picture_while_it_is_dragged(page, app):
    open_living(page, app, "fully_connected")
    group = page.locator(".st-key-latent_size [role=group]")
    box = group.bounding_box()
    with page.expect_response(re.compile("/networks/")) as answer:  # as soon as a hand comes near
        group.hover(position={"x": box["width"] * 0.8, "y": box["height"] / 2}, force=True)
    assert answer.value.headers["cache-control"] == "public, max-age=31536000, immutable"
    page.wait_for_timeout(1_500)
    page.mouse.down()
    codes = page.locator(".st-key-fae_living .code-line")
    for share, numbers in ((0.45, "8 numbers"), (0.1, "2 numbers")):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2, steps=3)
        expect(codes).to_contain_text(numbers)
    page.mouse.up()
    page.wait_for_url(re.compile("latent_size=2"))
    expect(codes).to_contain_text("2 numbers")


def test_three_networks_go_in_step_and_on_a_phone_the_flow_runs_downwards(page, app):
    open_living(page, app, "comparison")
    living = page.locator(".st-key-comparison_living")
    expect(living.locator(".network")).to_have_count(3)
    answers = living.locator(".answer canvas")
    expect(answers).to_have_count(6)
    assert not any(canvas.is_visible() for canvas in answers.all())  # the question below asks about them
    expect(living.locator(".rebuilt figcaption").first).not_to_contain_text("error")
    page.locator(".st-key-comparison_reveal button").click()
    expect(living.locator(".rebuilt figcaption").last).to_contain_text("error")
    assert all(canvas.is_visible() for canvas in answers.all())
    before = living.locator(".rebuilt figcaption").all_inner_texts()
    expect(page.locator(".st-key-comparison_answer")).to_be_in_viewport()
    page.wait_for_timeout(1_000)  # until it has come into sight
    living.locator(".digit canvas").scroll_into_view_if_needed()
    drag(page, living.locator(".digit canvas"), (0.2, 0.5), (0.9, 0.5))
    for i, words in enumerate(before):
        expect(living.locator(".rebuilt figcaption").nth(i)).not_to_have_text(words)
    page.set_viewport_size(PHONE)
    open_living(page, app, "denoising")
    living = page.locator(".st-key-dae_living")
    tops = [
        living.locator(part).bounding_box()["y"]
        for part in (".digit canvas", ".encoder", ".bars", ".decoder", ".rebuilt canvas")
    ]
    assert tops == sorted(tops)
    assert living.evaluate("element => element.scrollWidth <= innerWidth")


def test_pictures_say_what_they_read_as_while_the_hand_moves_and_do_without_where_the_classifier_fails(
    page, app
):
    open_living(page, app, "convolutional")
    shown = page.locator(".st-key-cae_living")
    readings = shown.locator(".reading")
    expect(readings).to_contain_text(["read as", "read as", "read as", ""])
    clean, *_ = readings.all_inner_texts()
    expect(shown.locator(".reader")).to_contain_text("of the clean test digits right")
    # What the server said of it is what the browser says.
    first = page.locator(".st-key-cae_living_first .reading")
    assert first.all_text_contents() == readings.all_text_contents()
    # The word of the classifier changes with the digit, and comes back with it.
    digit = shown.locator(".digit canvas")
    for height in (0.2, 0.35, 0.5, 0.65, 0.8):
        drag(page, digit, (0.1, height), (0.9, height))
    expect(readings.first).not_to_have_text(clean)
    shown.get_by_role("button", name="Restore").click()
    expect(readings.first).to_have_text(clean)
    page.route("**/networks/*/classifier/*", lambda route: route.abort())
    open_living(page, app, "convolutional")
    expect(shown.locator(".rebuilt figcaption")).to_contain_text("error")
    expect(shown.locator(".reader")).to_be_hidden()
    assert readings.all_inner_texts() == ["", "", "", ""]


@pytest.mark.parametrize("what", ["**/living/*.js", "**/networks/**"])
def test_where_it_fails_pages_still_show_pictures_and_the_slider_works_through_the_server(page, app, what):
    page.route(what, lambda route: route.abort())
    go(page, app, "denoising")
    first = page.locator(".st-key-dae_living_first .rebuilt figcaption")
    expect(first).to_contain_text("error")
    before = first.inner_text()
    page.wait_for_timeout(1_000)
    page.locator(".st-key-dae_test_noise").get_by_role("slider").press("End")
    expect(first).not_to_have_text(before)
    expect(page.locator(".st-key-dae_rows img").first).to_be_visible()
    assert page.locator(LIVING).count() == 0
    page.wait_for_timeout(500)
    assert "picture failed in a browser" in app.log.read_text()


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/maps").is_file(), reason="this system does not tell what is loaded")
def test_the_server_has_not_loaded_pandas_for_pages_that_show_no_table_of_it(page, tmp_path):
    """Streamlit would, to find out whether a component was given a frame: 45 MB and half a second."""
    with App(tmp_path) as untouched:  # the server of the other tests may have shown a table
        page.goto(f"{untouched.url}/denoising")
        page.locator(LIVING).first.wait_for()
        loaded = Path(f"/proc/{untouched.process.pid}/maps").read_text()
    assert "libtorch" in loaded
    assert not re.search(r"/pandas/|/pyarrow/|libarrow", loaded)
