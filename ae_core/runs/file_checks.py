"""What a run's file from outside may hold: what the lab itself writes, or the file is refused."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

import torch
from safetensors.torch import load as load_tensors

from ae_core import config
from ae_core.config import ModelConfig, RunConfig, command_line, from_json, to_json
from ae_core.errors import ConfigError, StoreError
from ae_core.models import BUILDERS, LAYER_WORDS, build_model, parameter_count, stages
from ae_core.runs import log_events
from ae_core.runs.log_events import DEVICES, is_count, is_number
from ae_core.runs.run_folder import CONFIG, EVENTS, MANIFEST, WEIGHTS
from ae_core.words.sentences import say

FILES = (CONFIG, EVENTS, WEIGHTS, MANIFEST)
# Bytes unpacked. A log of 200 epochs has 0.3 MB; what weights may take follows from the settings.
LARGEST = {CONFIG: 10_000, EVENTS: 1_000_000, MANIFEST: 20_000}
LARGEST_HEADER = 100_000
# Kinds of networks that have a code of any size.
LINEAR = LAYER_WORDS[torch.nn.Linear]
SIZED = ("fully_connected", "convolutional")
TOO_LARGE = say(
    "This run's network has more weights, or takes more time, than any that the lab's "
    "dials make: so large a one is not taken in as a file. Choose a run with fewer or "
    "narrower layers."
)
# Events of a training that was broken off; what follows is cut back to before them.
UNFINISHED = ("stopped", "failed")
MOST_VERSIONS, PACKAGE, VERSION = 20, re.compile(r"[a-z_]{1,20}"), re.compile(r"[\w.+-]{1,30}")
# Earlier versions split MNIST's 70,000 digits otherwise.
MOST_DIGITS, MOST_PER_SECOND = 70_000, 1e9


def unpack_files(content: bytes) -> dict[str, bytes]:
    """FILES by name, from a ZIP archive of them and nothing else, no larger than such a run can need.

    Raises StoreError for anything else.
    """
    if content.count(b"PK\x01\x02") > 10 * len(FILES):  # one an entry, and weights may hold some by chance
        raise refusal(say("it holds too many files"))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [entry.filename for entry in archive.infolist()]
            if sorted(names) != sorted(FILES):
                raise refusal(say("it must hold {files} and nothing else", files=", ".join(FILES)))
            files = {name: _member(archive, name, limit) for name, limit in LARGEST.items()}
            weights = 4 * _count_weights(read_settings(files[CONFIG]).model) + LARGEST_HEADER
            return files | {WEIGHTS: _member(archive, WEIGHTS, weights)}
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as problem:
        raise refusal(say("it is no whole ZIP archive")) from problem


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """One file of the archive, of which no more than `limit` bytes are ever unpacked."""
    if archive.getinfo(name).file_size > limit or archive.getinfo(name).compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):
        raise refusal(say("its {name} is larger than such a run's can be", name=name))
    with archive.open(name) as file:
        return file.read(limit)


def read_settings(content: bytes) -> RunConfig:
    """The settings, if they are exactly what the lab writes for them."""
    try:
        run = from_json(content.decode())
    except (ConfigError, ValueError, RecursionError) as problem:
        raise refusal(say("its settings cannot be read by this version")) from problem
    expected = asdict(RunConfig())
    same_types = all(
        type(part[key]) is type(expected[name][key]) for name, part in asdict(run).items() for key in part
    )
    if not same_types or to_json(run).encode() != content:
        raise refusal(say("its settings are not written as the lab writes them"))
    if not is_within_dials(run.model):
        raise StoreError(TOO_LARGE)
    return run


def is_within_dials(model: ModelConfig) -> bool:
    """Whether a network has no more weights, and takes no more time, than the largest that the dials make."""
    most_weights, most_products = _largest()
    # in this order: without weights, however many, nothing is multiplied
    return _count_weights(model) <= most_weights and _count_products(model) <= most_products


@lru_cache(maxsize=1)
def _largest() -> tuple[int, int]:
    """Weights, and products for one picture, of whatever has most of them on the dials or among presets."""
    size = config.LIMITS["latent_size"][1]
    shapes = [replace(config.FAE.model, hidden_sizes=layers) for layers in config.LAYERS]
    shapes += [preset.model for preset in config.PRESETS.values()]
    models = [replace(model, latent_size=size) if model.kind in SIZED else model for model in shapes]
    return max(map(_count_weights, models)), max(map(_count_products, models))


def _count_weights(model: ModelConfig) -> int:
    with torch.device("meta"):
        return parameter_count(BUILDERS[model.kind](model))


@lru_cache(maxsize=64)
def _count_products(model: ModelConfig) -> int:
    """About how many numbers are multiplied for one picture: each weight at every place of what it makes."""
    return sum(
        stage.parameters * (1 if stage.layer == LINEAR else math.prod(stage.shape[1:]))
        for stage in stages(build_model(model))
    )


def check_manifest(content: bytes, run: RunConfig) -> None:
    """The store checks seal and hashes; here, that nothing else can be in it than it reckons with."""
    manifest = _parsed(content)
    sha256 = manifest.get("sha256") if isinstance(manifest, dict) else None
    if (
        not isinstance(sha256, dict)
        or set(sha256) != {CONFIG, EVENTS, WEIGHTS}
        or set(manifest) != {"result", "sha256", "seal"}
    ):
        raise refusal(say("its {manifest} is not what the lab writes", manifest=MANIFEST))
    result = manifest["result"]
    right = isinstance(result, dict) and {
        "test": log_events.are_metrics(result.get("test")),
        "train_seconds": is_number(0.0, log_events.MOST_SECONDS)(result.get("train_seconds")),
        "images_per_second": is_number(0.0, MOST_PER_SECOND)(result.get("images_per_second")),
        "parameters": _is_exactly(_count_weights(run.model), result.get("parameters")),
        "code_size": _is_exactly(run.model.latent_size, result.get("code_size")),
        "dataset": _is_mapping(
            result.get("dataset"),
            {
                "name": lambda name: name == run.data.name,
                "train": is_count(1, MOST_DIGITS),
                "test": is_count(1, MOST_DIGITS),
            },
        ),
        "device": result.get("device") in DEVICES,
        "command": result.get("command")
        in (command_line(run), f"{command_line(run)} --dataset {run.data.name}"),
        # a run of an earlier version has none of these
        "versions": _are_versions(result.get("versions", {})),
        "train_mse": is_number(0.0, log_events.LARGEST_MEAN)(result.get("train_mse", 0.0)),
        "trained_sha256": _is_sha256(result.get("trained_sha256", "0" * 64)),
    }
    if not right or not all(right.values()):
        wrong = [name for name, fits in right.items() if not fits] if right else ["result"]
        raise refusal(
            say(
                "its {manifest} does not fit its settings ({wrong})",
                manifest=MANIFEST,
                wrong=", ".join(wrong),
            )
        )


def _is_sha256(value: Any) -> bool:
    """It is written into the program of a report, which somebody runs."""
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def check_log(content: bytes, run: RunConfig) -> None:
    """Every line is an event at its place, as a whole training of `run` writes them."""
    check = log_events.LogCheck()
    events = [_parsed(line) for line in content.splitlines()]
    for event in events:
        if not isinstance(event, dict) or not isinstance(event.get("event"), str):
            raise refusal(say("a line of its {events} is no event", events=EVENTS))
        if fault := check.find_fault(event):
            raise refusal(
                say("a line of its {events} is not what the lab writes ({fault})", events=EVENTS, fault=fault)
            )
    kinds = [event["event"] for event in events]
    whole = kinds[:1] == ["started"] and kinds[-1:] == ["finished"] and set(kinds).isdisjoint(UNFINISHED)
    if not whole or check.counts.get("epoch", 0) != run.training.epochs:
        raise refusal(say("its {events} tells of no whole training", events=EVENTS))
    trained = events[-1].get("dataset")
    batches = math.ceil(trained["train"] / run.training.batch_size) if _counts_digits(trained) else 0
    if (events[0]["epochs"], check.steps) != (run.training.epochs, run.training.epochs * batches):
        raise refusal(say("its {events} tells of another training", events=EVENTS))


def _counts_digits(value: object) -> bool:
    return isinstance(value, dict) and is_count(1, MOST_DIGITS)(value.get("train"))


def check_weights(content: bytes) -> None:
    """Raise StoreError unless all weights are finite numbers, of 32 bits or, as shipped, of 16."""
    tensors = load_tensors(content).values()
    if any(
        tensor.dtype not in (torch.float32, torch.float16) or not tensor.isfinite().all()
        for tensor in tensors
    ):
        raise refusal(say("not all of its weights are numbers"))


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _is_exactly(wanted: int, value: object) -> bool:
    return is_count(wanted, wanted)(value)


def _is_mapping(value: object, fields: Mapping[str, Callable[[Any], bool]]) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == fields.keys()
        and all(fits(value[name]) for name, fits in fields.items())
    )


def _are_versions(value: object) -> bool:
    """Names of packages with numbers, of the form that a link may hold too."""
    if not isinstance(value, dict) or len(value) > MOST_VERSIONS:
        return False
    pairs = all(isinstance(words, str) for words in value.values())
    return pairs and all(
        PACKAGE.fullmatch(name) and VERSION.fullmatch(words) for name, words in value.items()
    )


def refusal(cause: str) -> StoreError:
    """The error to raise for a file that is not a run's, with the cause in words."""
    return StoreError(
        say(
            "This file is not a run as the lab writes it: {cause}. Upload the file that "
            "Download gave you, as it is.",
            cause=cause,
        )
    )
