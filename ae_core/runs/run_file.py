"""A run as one file, to take along and to bring in again.

What comes in is believed only as far as it can be checked.

The file is a ZIP archive of the four files of the run's folder and nothing else.
"""

from __future__ import annotations

import io
import shutil
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

from ae_core.config import run_id
from ae_core.data import Digits
from ae_core.errors import DamagedRunError, StoreError
from ae_core.runs import housekeeping
from ae_core.runs.disk import move_folder, way_out
from ae_core.runs.file_checks import (
    FILES,
    check_log,
    check_manifest,
    check_weights,
    read_settings,
    refusal,
    unpack_files,
)
from ae_core.runs.run_folder import CONFIG, EVENTS, MANIFEST, UPLOADED, WEIGHTS, StoredRun, upload_name
from ae_core.runs.store import Store
from ae_core.runs.uploaded_run import claims_hold, measure_network, write_measurement
from ae_core.words.sentences import say

LONG_AGO = (1980, 1, 1, 0, 0, 0)


# Out


def export_run(store: Store, name: str) -> bytes:
    """The finished run `name` as one file; a run has one file, to the byte.

    Raises StoreError if there is no such run, DamagedRunError if it is not what was written.
    """
    fresh = Store(store.root, store.shipped_root)  # it has seen no file before, so it hashes them all
    run = fresh.get(name)
    folder = store.folder_of(run)
    file = io.BytesIO()
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in FILES:
                archive.writestr(
                    zipfile.ZipInfo(part, LONG_AGO), (folder / part).read_bytes(), zipfile.ZIP_DEFLATED
                )
    except OSError as problem:
        raise StoreError(
            say(
                "The run {name} could not be read ({strerror}). Reload the page and try again.",
                name=name,
                strerror=problem.strerror,
            )
        ) from problem
    housekeeping.mark_used(store, name)
    return file.getvalue()


# In


def import_run(store: Store, content: bytes, digits: Digits) -> str:
    """Put the run in `content`, as `export_run` wrote it, among the uploaded ones; return its name there.

    All of it is checked before any of it is seen: names and sizes of the files, seal and hashes, settings,
    log, the weights' shapes and values. It is measured on the test digits of `digits`, and unless it comes
    from an earlier version, which had others, the weights must earn the metrics they come with.

    Raises StoreError on anything else, and leaves the store as it was.
    """
    files = unpack_files(content)
    run = read_settings(files[CONFIG])
    check_manifest(files[MANIFEST], run)
    check_log(files[EVENTS], run)
    store.check_writable()
    incoming = Store(store.root / "incoming" / f"{run_id(run)}-{time.time_ns()}", shipped_root=None)
    try:
        _write(incoming.folder(run_id(run)), files)
        stored = incoming.get(run_id(run))
        name = upload_name(files[MANIFEST])
        _refuse_if_here(store, name, stored)
        model = incoming.load_model(stored)
        check_weights(files[WEIGHTS])
        measured = measure_network(stored, model, digits)
        if measured.is_on_its_own and not claims_hold(stored, measured):
            raise refusal(say("its weights do not give the metrics it comes with"))
        folder = incoming.folder(run_id(run))
        (folder / UPLOADED).touch()
        write_measurement(folder, measured)
        _put_in_place(store, name, folder)
    except DamagedRunError as problem:
        raise refusal(say("its files, hashes and settings do not belong together")) from problem
    except OSError as problem:
        raise StoreError(
            say(
                "The run could not be stored ({strerror}). {way_out} and upload it again.",
                strerror=problem.strerror,
                way_out=way_out(problem),
            )
        ) from problem
    finally:
        shutil.rmtree(incoming.root, ignore_errors=True)
    return name


def _put_in_place(store: Store, name: str, folder: Path) -> None:
    place = store.folder(name)
    with housekeeping.undisturbed(store, name):
        place.parent.mkdir(exist_ok=True)
        move_folder(folder, place)


def _refuse_if_here(store: Store, name: str, stored: StoredRun) -> None:
    """The same file, or the same weights under the same settings, need not come twice."""
    for known in (name, stored.run_id):
        try:
            there = store.find(known)
        except DamagedRunError:
            continue  # it has been set aside, and a whole one is welcome
        if there is not None and there.weights_sha256 == stored.weights_sha256:
            origin = (
                say("came with the lab")
                if there.shipped
                else say("was uploaded before")
                if there.uploaded_as
                else say("was trained here")
            )
            raise StoreError(
                say(
                    "This run is here already, with the same weights: it {origin}. Choose "
                    "{name} in the list.",
                    origin=origin,
                    name=there.name[:6],
                )
            )


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
