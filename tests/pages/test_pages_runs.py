"""The page of all runs: what it lists, what it compares, and what a visitor can do to a run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ae_core import config
from ae_core.config import RunConfig
from ae_core.data import Digits
from ae_core.models import build_model
from ae_core.pictures.places import Asker
from ae_core.runs import housekeeping, ownership, quota, run_file, run_folder, tickets
from ae_core.runs.store import SHIPPED, Store, default_root
from ae_core.service.worker import record_training
from ae_core.training import seeded
from pages.shared import session
from pages.shared.runs.run_list import ListedRun
from tests.conftest import PROJECT

RUN = config.adjusted(config.FAE, model={"latent_size": 2, "hidden_sizes": ()}, training={"epochs": 2})
OTHER = config.adjusted(config.DAE, model={"latent_size": 3}, training={"epochs": 1})
NAME = config.run_id(RUN)
TOKEN = b"0123456789abcdef"
ME = hashlib.sha256(b"visitor" + TOKEN).hexdigest()[:16]


@pytest.fixture
def here() -> Store:
    """The store that the page shows."""
    return Store(default_root())


def train(store: Store, digits: Digits, run: RunConfig = RUN, owner: str = ME) -> str:
    """As the training process does for whoever sits at the page, or for another `owner`."""
    for _ in record_training(run, store, digits):
        pass
    ownership.note_owner(store, config.run_id(run), Asker("", owner))
    return config.run_id(run)


def open_page(**link: str | list[str]) -> AppTest:
    page = AppTest.from_file(str(PROJECT / "pages" / "runs.py"), default_timeout=60)
    for name, value in link.items():
        page.query_params[name] = value
    page.session_state[session.VISITOR_TOKEN] = TOKEN
    page.run()
    assert not page.exception, page.exception
    return page


def rows(page: AppTest) -> dict[str, dict[str, object]]:
    """The lines of the table, by the first letters of the run's name."""
    return {row["Run"]: row for row in page.dataframe[0].value.to_dict("records")}


def choose(page: AppTest, *starts: str) -> AppTest:
    chooser = page.multiselect(key="compare")
    chooser.set_value(
        [next(label for label in chooser.options if label.startswith(start)) for start in starts]
    ).run()
    assert not page.exception, page.exception
    return page


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception, page.exception
    return page


def upload(page: AppTest, content: bytes) -> AppTest:
    page.file_uploader[0].set_value(("run.zip", content, "application/zip")).run()
    assert not page.exception, page.exception
    return page


# The list


def last_pictures(page: AppTest) -> str:
    """The last pictures on the page."""
    return [element.proto.body for element in page.get("html") if "data:image" in element.proto.body][-1]


def test_with_no_run_of_ones_own_the_shipped_ones_are_listed_with_a_word_on_what_to_do():
    page = open_page()
    assert "press **Train**" in page.info[0].value
    assert [row["Marks"] for row in rows(page).values()] == ["shipped"] * len(list(SHIPPED.iterdir()))
    assert rows(page)["fac2f2"]["Squared error"] == pytest.approx(6.66, abs=0.005)
    assert rows(page)["fac2f2"]["PSNR, dB"] == pytest.approx(20.71, abs=0.005)
    assert not page.error


def test_runs_of_every_state_are_listed_with_what_became_of_them(here, few_digits):
    finished = train(here, few_digits)
    for _ in record_training(OTHER, here, few_digits, lambda: True):
        pass
    failed = config.adjusted(RUN, training={"seed": 1})
    here.start_log(failed).append({"event": "failed", "message": "The disk was full. Make room."})
    waiting = config.adjusted(RUN, training={"seed": 2})
    tickets.submit_ticket(here, waiting, "ada", 1.0)
    page = open_page()
    states = {name: row["State"] for name, row in rows(page).items()}
    assert states[finished[:6]] == "finished"
    assert states[config.run_id(OTHER)[:6]] == "stopped, epoch 1 of 1"
    assert states[config.run_id(failed)[:6]] == "failed"
    assert states[config.run_id(waiting)[:6]] == "waiting for its turn"
    assert any("The disk was full. Make room." in caption.value for caption in page.caption)


def test_a_running_training_is_listed_with_its_progress_and_then_its_metrics(here, few_digits):
    events = record_training(RUN, here, few_digits)
    while here.last_epoch(RUN) < 1:
        next(events)
    with here.lock(NAME):
        page = open_page()
        assert rows(page)[NAME[:6]]["State"] == "epoch 2 of 2"
        choose(page, "FAE 2, 2 epochs")
        assert next(button for button in page.button if button.label == "Delete").disabled
    for _ in events:
        pass
    page.run()
    assert rows(page)[NAME[:6]]["State"] == "finished"
    assert rows(page)[NAME[:6]]["PSNR, dB"] > 0


def test_a_run_in_the_line_can_be_stopped_from_its_card(here):
    tickets.submit_ticket(here, RUN, "somebody else", 1.0)
    page = open_page()
    choose(page, "FAE 2, 2 epochs")
    next(button for button in page.button if button.label == "Stop").click().run()
    assert "goes on for them" in page.error[0].value
    (tickets.ticket_folder(here, NAME) / tickets.OWNERS / "somebody else").unlink()
    next(button for button in page.button if button.label == "Stop").click().run()
    assert tickets.find_ticket(here, NAME) is None


@pytest.mark.parametrize(
    ("key", "value", "left"),
    [
        ("runs_model", "DAE", {"DAE"}),
        ("runs_model", ["FAE", "CAE"], {"FAE", "CAE"}),
        ("runs_model", "linear FAE", {"linear FAE"}),
        ("runs_state", "finished", {"FAE", "CAE", "DAE", "linear FAE"}),
    ],
)
def test_the_filters_leave_what_was_asked_for(key, value, left):
    assert {row["Model"] for row in rows(open_page(**{key: value})).values()} == left


def test_there_is_a_choice_for_every_model_and_state_that_there_is_and_for_no_other(here, few_digits):
    assert open_page().pills(key="runs_model").options == ["FAE", "linear FAE", "CAE", "DAE"]
    for preset in (config.PATCHES, config.FULLY_CONVOLUTIONAL):
        for _ in record_training(
            config.adjusted(preset, training={"epochs": 1, "batch_size": 512}), here, few_digits, lambda: True
        ):
            pass
    page = open_page()
    assert page.pills(key="runs_model").options == ["FAE", "linear FAE", "CAE", "DAE", "FCAE", "Patches"]
    assert page.pills(key="runs_state").options == ["finished", "stopped"]
    for model in ("FCAE", "Patches"):
        page = open_page(runs_model=model)
        assert {row["Model"] for row in rows(page).values()} == {model}
        assert not page.warning


def test_the_filter_knows_every_name_that_a_model_can_have():
    presets = [
        *config.PRESETS.values(),
        *(config.adjusted(run, corruption={"level": 0.4}) for run in (config.FAE, config.LINEAR)),
    ]
    assert {config.family(run) for run in presets} == set(config.FAMILIES)


@pytest.mark.parametrize(("key", "value"), [("runs_model", "Keras"), ("runs_state", "failed")])
def test_filters_that_leave_nothing_say_what_to_do(key, value):
    page = open_page(**{key: value})
    assert not page.dataframe
    assert "Choose other models or states" in page.info[0].value


def test_how_full_the_store_is_is_told(here, few_digits, monkeypatch):
    train(here, few_digits)
    monkeypatch.setenv("AE_LAB_STORE_QUOTA", "20")
    page = open_page()
    used = quota.used_bytes(here) / housekeeping.MEGABYTE
    assert f"The store holds {used:.1f} of 20 MB" in page.get("progress")[0].proto.text
    monkeypatch.setenv("AE_LAB_STORE_QUOTA", "much")
    page.run()
    assert not page.exception
    assert "AE_LAB_STORE_QUOTA must be a number" in page.error[0].value


def test_a_damaged_run_is_reported_and_the_others_are_listed(here, few_digits):
    train(here, few_digits)
    (here.folder(NAME) / "weights.safetensors").write_bytes(b"")
    page = open_page()
    assert "damaged" in page.warning[0].value
    assert len(rows(page)) == len(list(SHIPPED.iterdir()))


# Comparing


def test_up_to_four_runs_are_compared_in_curves_pictures_and_metrics():
    page = choose(open_page(), "FAE 30", "CAE 30", "DAE 30, noise 0.4", "DAE 2,")
    spec = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert [len(trace["x"]) for trace in spec["data"]] == [30, 12, 12, 12]
    names = list(page.table[0].value[""])
    assert names[0] == "doing nothing"
    assert [name.split(",")[0] for name in names[1:]] == ["FAE 30", "CAE 30", "DAE 30", "DAE 2"]
    pictures = last_pictures(page)
    assert pictures.count("data:image/png;base64") == 2 + 4
    assert page.multiselect(key="compare").proto.max_selections == 4


def test_the_noise_dial_changes_the_pictures_and_the_metrics():
    page = choose(open_page(), "DAE 30, noise 0.4")
    before = last_pictures(page), list(page.table[0].value["PSNR"])
    page.slider(key="runs_test_noise").set_value(0.7).run()
    after = last_pictures(page), list(page.table[0].value["PSNR"])
    assert all(then != now for then, now in zip(before, after, strict=True))


def test_what_is_compared_is_in_the_link_and_stays_whatever_the_filters():
    label = next(
        label
        for label in open_page().multiselect(key="compare").options
        if label.startswith("DAE 30, noise 0.4")
    )
    page = open_page(compare=[label], runs_model="FAE")
    assert page.multiselect(key="compare").value == [label]
    assert {row["Model"] for row in rows(page).values()} == {"FAE"}
    assert open_page(compare=["no such run"]).multiselect(key="compare").value == []


def test_a_stopped_run_has_its_card_and_its_curve_and_no_pictures(here, few_digits):
    events = record_training(RUN, here, few_digits)
    while here.last_epoch(RUN) < 1:
        next(events)
    page = choose(open_page(), "FAE 2, 2 epochs")
    assert len(page.get("plotly_chart")) == 1
    assert not page.table
    assert not page.get("download_button")


def test_runs_that_learnt_from_different_digits_are_said_to_have(here, few_digits):
    few = replace(RUN, data=config.DataConfig(digits=100))
    for run in (RUN, few):
        train(here, few_digits, run)
    page = choose(open_page(), "FAE 2, 2 epochs")
    assert not any("different digits" in caption.value for caption in page.caption)
    labels = [
        label for label in page.multiselect(key="compare").options if label.startswith("FAE 2, 2 epochs")
    ]
    page.multiselect(key="compare").set_value(labels).run()
    assert any("different digits" in caption.value for caption in page.caption)
    assert len(page.table[0].value) == 3  # doing nothing, and both


# What can be done to a run


def test_a_deleted_run_is_gone_until_undo_brings_it_back(here, few_digits):
    train(here, few_digits)
    page = press(choose(open_page(), "FAE 2, 2 epochs"), "Delete")
    assert NAME[:6] not in rows(page)
    assert page.multiselect(key="compare").value == []
    page.run()
    press(page, "Undo")
    assert NAME[:6] in rows(page)
    assert here.find(NAME) is not None
    assert "Undo" not in {button.label for button in page.button}


def test_a_pinned_run_says_so_until_it_is_unpinned(here, few_digits):
    train(here, few_digits)
    page = press(choose(open_page(), "FAE 2, 2 epochs"), "Pin")
    assert rows(page)[NAME[:6]]["Marks"] == "pinned"
    assert rows(press(page, "Unpin"))[NAME[:6]]["Marks"] == ""


def test_only_whoever_trained_a_run_pins_and_deletes_it_and_no_pinned_one_goes(here, few_digits):
    train(here, few_digits, owner="somebody")
    page = choose(open_page(), "FAE 2, 2 epochs")
    buttons = {button.label: button for button in page.button if button.label in ("Pin", "Delete")}
    assert [button.disabled for button in buttons.values()] == [True, True]
    assert all("not yours" in button.help for button in buttons.values())
    ownership.note_owner(here, NAME, Asker("", ME))
    page = press(choose(open_page(), "FAE 2, 2 epochs"), "Delete")
    assert "stays for them" in page.error[0].value
    assert NAME[:6] in rows(page)
    ownership.note_owner(here, NAME, Asker("", ME))
    ownership.forget_owner(here, NAME, "somebody")
    page = press(choose(open_page(), "FAE 2, 2 epochs"), "Pin")
    assert next(button for button in page.button if button.label == "Delete").disabled
    page = press(press(page, "Unpin"), "Delete")
    assert "Undo" in {button.label for button in open_page().button}  # in another tab of theirs, too


def test_a_shipped_run_can_be_downloaded_and_neither_pinned_nor_deleted():
    page = choose(open_page(), "DAE 30, noise 0.4")
    assert len(page.get("download_button")) == 1
    assert not {"Pin", "Delete"} & {button.label for button in page.button}


def test_what_another_visitor_did_meanwhile_is_told_in_plain_words(here, few_digits):
    train(here, few_digits)
    page = choose(open_page(), "FAE 2, 2 epochs")
    housekeeping.delete_run(here, NAME)
    press(page, "Delete")
    assert "no longer in the store" in page.error[0].value


def test_an_uploaded_run_is_measured_listed_and_marked(digits, here, tmp_path):
    there = Store(tmp_path / "there")
    train(there, digits)
    page = upload(open_page(), run_file.export_run(there, NAME))
    assert "measured here, on 10,000 test digits" in page.success[0].value
    (uploaded,) = here.uploads()[0]
    assert rows(page)[uploaded.name[:6]]["Marks"] == "uploaded"
    assert rows(page)[uploaded.name[:6]]["PSNR, dB"] == pytest.approx(
        there.get(NAME).result["test"]["psnr"], rel=1e-3
    )
    assert NAME[:6] not in rows(page)
    choose(page, "FAE 2, 2 epochs, uploaded")
    assert any("Uploaded" in text.value for text in page.markdown)
    assert len(page.table[0].value) == 2  # doing nothing, and it
    assert "is what its file says" in " ".join(caption.value for caption in page.caption)
    press(page, "Delete")
    assert uploaded.name[:6] not in rows(page)
    assert uploaded.name[:6] in rows(press(page, "Undo"))


def test_an_uploaded_run_of_an_earlier_version_is_measured_here_and_its_own_figures_are_not_passed_on(
    digits, here, tmp_path
):
    earlier = replace(RUN, data=config.DataConfig("embedded"))
    train(Store(tmp_path / "there"), replace(digits, name="embedded"), earlier)
    page = upload(open_page(), run_file.export_run(Store(tmp_path / "there"), config.run_id(earlier)))
    assert "what its file says could not be checked" in page.success[0].value
    row = rows(page)[here.uploads()[0][0].name[:6]]
    assert row["Learnt from"] == "4,000 digits, of an earlier version"
    assert row["Squared error"] > 0


def test_settings_that_somebody_has_uploaded_are_as_untrained_as_before(digits, here, tmp_path):
    settings = config.adjusted(
        config.FAE, model={"latent_size": 3, "hidden_sizes": ()}, training={"epochs": 1, "batch_size": 512}
    )
    train(Store(tmp_path / "there"), digits, settings)
    run_file.import_run(here, run_file.export_run(Store(tmp_path / "there"), config.run_id(settings)), digits)
    page = AppTest.from_file(str(PROJECT / "pages" / "fully_connected.py"), default_timeout=60)
    for key, value in {
        "latent_size": "3",
        "fae_layers": "784 → code",
        "fae_epochs": "1",
        "fae_batch_size": "512",
    }.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception, page.exception
    assert not page.button(key="fae_train").disabled
    assert not any("yours" in text.value for text in page.caption)


def test_a_file_that_is_no_run_and_metrics_too_good_to_be_true_are_refused(few_digits, here, tmp_path):
    page = upload(open_page(), b"I am not a run.")
    assert "Upload the file that Download gave you" in page.error[0].value
    there = Store(tmp_path / "there")
    train(there, few_digits)  # measured on fewer digits than the data set has
    upload(page, run_file.export_run(there, NAME))
    assert "do not give the metrics" in page.error[0].value
    assert here.uploads() == ([], [])


def test_two_hundred_runs_are_listed_and_no_file_of_theirs_is_read_a_second_time(
    here: Store, few_digits: Digits, monkeypatch
):
    page = open_page()
    model = build_model(RUN.model, seeded(0, "weights"))
    train(here, few_digits)
    log, result = (here.folder(NAME) / "events.jsonl").read_bytes(), here.get(NAME).result
    for seed in range(1, 200):
        run = config.adjusted(RUN, training={"seed": seed})
        here.start_log(run)
        (here.folder(config.run_id(run)) / "events.jsonl").write_bytes(log)
        here.commit(run, model, result)
    page.run()
    read: list[object] = []
    monkeypatch.setattr(run_folder, "sha256_of", read.append)
    monkeypatch.setattr(Store, "events", lambda _, name: read.append(name))
    page.run()
    assert read == []
    assert len(rows(page)) == 200 + len(list(SHIPPED.iterdir()))


def test_a_store_that_cannot_be_written_still_lists_the_shipped_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AE_LAB_STORE", str(tmp_path / "file" / "store"))
    page = choose(open_page(), "DAE 30, noise 0.4")
    assert len(rows(page)) == len(list(SHIPPED.iterdir()))
    upload(page, b"PK")
    assert page.error


def test_no_two_networks_of_the_lab_have_the_same_name_but_for_their_mark():
    folders, _ = housekeeping.list_folders(Store(default_root()))
    names = [ListedRun(folder, "", "").label.rsplit(", ", 1)[0] for folder in folders if folder.shipped]
    assert len(set(names)) == len(names)
    assert any(name.startswith("CAE 30, without 7") for name in names)
