"""What stands in the lab's links: which values are understood, and whose run a link speaks of.

A page has its dials in the link under their keys; a shared link names the run that its sender saw besides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ae_core.config import (
    CLASSES,
    DATASETS,
    FAMILIES,
    LIMITS,
    RANGES,
    RECIPE,
    SHIPPED_SIZES,
    family,
)
from ae_core.runs.run_folder import StoredRun
from ae_core.runs.versions import describe_difference
from ae_core.words.sentences import find_english, say

LONGEST_QUOTE = 40
MOST_PROBLEMS = 5
# Of the 64 digits of a hash: enough to tell any two networks apart.
HASH_DIGITS = 16
PROCESSORS = say(
    "No version differs: another kind of processor rounds convolutions otherwise, and "
    "training carries that on"
)


@dataclass(frozen=True)
class Check:
    """What a value must be, in words, and whether a text is one.

    `several`: the key may stand in a link more than once.
    """

    words: str
    accepts: Callable[[str], bool]
    several: bool = False


def whole_number(low: int, high: int) -> Check:
    """A whole number in a range, its ends included."""
    return Check(
        say("a whole number from {low} to {high}", low=low, high=high),
        lambda text: bool(re.fullmatch(r"-?\d{1,12}", text)) and low <= int(text) <= high,
    )


def number_between(low: float, high: float) -> Check:
    """A number in a range, its ends included."""
    return Check(
        say("a number from {low:g} to {high:g}", low=low, high=high),
        lambda text: _is_number(text) and low <= float(text) <= high,
    )


def one_of(*choices: object) -> Check:
    """One of these, as its words stand in the link."""
    words = tuple(map(str, choices))
    return Check(say("one of: {words}", words=", ".join(words)), words.__contains__)


def some_of(*choices: object) -> Check:
    """Any number of these."""
    return Check(one_of(*choices).words, one_of(*choices).accepts, several=True)


def text_like(words: str, pattern: str, *, several: bool = False) -> Check:
    """A text of a certain form, a regular expression."""
    return Check(words, lambda text: bool(re.fullmatch(pattern, text)), several)


NOISE = one_of("Gaussian", "Salt and pepper", "Masking", "Occlusion")

# The dials of the model pages that do not begin with the page's name.
SHARED = (
    "latent_size",
    "training_noise_kind",
    "training_noise_level",
    "seed",
    "digits_seed",
    "noise_seed",
    "linear",
    "train_size",
    "train_digits",
    "train_classes",
)
# Every key that a page puts into a link, or a pattern for several: a new dial is one more line.
TABLE: dict[str, Check] = {
    "latent_size": one_of(*SHIPPED_SIZES),
    "train_size": whole_number(*LIMITS["latent_size"]),
    "train_digits": one_of("100", "1,000", "10,000", "60,000"),
    "train_classes": some_of(*CLASSES),
    "whose": one_of("The lab's", "Yours"),
    "yours": text_like(
        say("names of runs, 16 of the digits 0–9 and a–f each"), r"[0-9a-f]{16}(\.[0-9a-f]{16}){0,7}"
    ),
    "*_epochs": whole_number(*LIMITS["epochs"]),
    "*_epochs_for_*": whole_number(*LIMITS["epochs"]),
    "*_activation": one_of("ReLU", "GELU", "tanh", "none (linear)"),
    "*_layers": one_of("784 → code", "784 → 128 → code", "784 → 192 → 96 → code", "784 → 512 → 256 → code"),
    "*_learning_rate": one_of(1e-4, 3e-4, 1e-3, 2e-3, 4e-3, 1e-2, 3e-2, 1e-1, 1.0),
    "*_batch_size": one_of(16, 32, 64, 128, 256, 512),
    "*_loss": one_of("Squared error", "Binary cross-entropy"),
    "training_noise_kind": NOISE,
    "training_noise_level": number_between(*RANGES["noise_level"]),
    "*_test_noise": number_between(*RANGES["noise_level"]),
    "*_test_noise_kind": NOISE,
    "seed": whole_number(*LIMITS["seed"]),
    "digits_seed": whole_number(*LIMITS["seed"]),
    "noise_seed": whole_number(*LIMITS["seed"]),
    "linear": one_of("true", "false"),
    "*_maps_digit": whole_number(0, 9),
    "*_filter_place": whole_number(1, 14),
    "*_measure": one_of("PSNR", "SSIM", "Share read right"),
    "surprises_picture": text_like(say("the name of one of the pictures"), r"[\w\- ]{1,40}"),
    "surprises_all": one_of("true", "false"),
    "surprises_times_*": whole_number(0, 50),
    "surprises_model": one_of("FAE", "CAE", "DAE"),
    "surprises_walk_step": whole_number(1, 20),
    "latent_model": one_of("FAE", "CAE", "DAE"),
    "latent_[ab]": whole_number(0, 999),
    "latent_click": one_of("A", "B"),
    "latent_with_digits": one_of("true", "false"),
    "latent_position": number_between(0, 1),
    "latent_z[12]": number_between(0, 100),
    "latent_direction_[1-6]": number_between(-3, 3),
    "digit_source": one_of("Draw", "Upload", "Camera"),
    "own_model": one_of("FAE", "CAE", "DAE"),
    "compare": text_like(say("the name of a run in the list of runs"), r"[^\n]{1,100}", several=True),
    "runs_model": some_of(*FAMILIES),
    "runs_state": some_of("finished", "running", "stopped", "failed"),
    "answers": text_like(
        say("answers to questions, such as fae.1"), r"\w{1,30}\.[0-9r](-\w{1,30}\.[0-9r]){0,19}"
    ),
    "present": one_of("1"),
    "notes": one_of("1"),
    "follow": text_like(say("a room's code, four letters and digits"), r"[A-HJ-NP-Z2-9]{4}"),
    "steer": text_like(say("a room's code and its secret"), r"[A-HJ-NP-Z2-9]{4}-[\w-]{20,60}"),
    # Of the run that the sender saw
    "run": text_like(say("a run's name, 16 of the digits 0–9 and a–f"), r"[0-9a-f]{16}"),
    "weights": text_like(
        say("the first {hash_digits} digits of the hash of a run's weights", hash_digits=HASH_DIGITS),
        rf"[0-9a-f]{{{HASH_DIGITS}}}",
    ),
    "recipe": one_of(RECIPE),
    "digits": one_of(*DATASETS),
    "versions": text_like(
        say("packages with their versions"), r"[a-z_]{1,20}:[\w.+-]{1,30}(,[a-z_]{1,20}:[\w.+-]{1,30}){0,19}"
    ),
}

# What mail programs, course pages, search engines and hosts hang on to a link, or patterns for it, in small
# letters: not ours, and nothing that whoever clicked on it could mend.
CARRIERS = (
    "utm_*", "mtm_*", "pk_*", "hsa_*", "_hs*", "__hs*", "mc_[cet]id", "vero_*", "oly_*", "mkt_tok", "trk",
    "trk_*", "s_cid", "*clid", "*clkid", "gclsrc", "gad_*", "gbraid", "wbraid", "_ga", "_gl", "srsltid",
    "igsh", "igshid", "mibextid", "li_fat_id", "ref", "ref_*", "referrer", "source", "si", "share_id",
    "usp", "authuser", "feature", "module_item_id", "forceview", "lti_*", "launch_*", "__theme", "__sign",
    "logs", "embed", "embed_options",
)  # fmt: skip


def find_check(key: str) -> Check | None:
    """How values under `key` are checked; None for a key that no page knows."""
    if key in TABLE:
        return TABLE[key]
    return next((check for pattern, check in TABLE.items() if fnmatchcase(key, pattern)), None)


def find_problems(parameters: Mapping[str, Sequence[str]]) -> list[str]:
    """What in a link was not understood and what is used instead, in Markdown.

    It quotes the link and never obeys it.

    parameters: each key of the link with its values, as `urllib.parse.parse_qs` gives them. Nothing is said
    of CARRIERS.
    """
    return [problem for key, values in parameters.items() if (problem := _problem(key, values))]


def is_carrier_parameter(key: str) -> bool:
    """Whether what carried the link put this parameter there: a mail, a course page, a host."""
    return any(fnmatchcase(key.lower(), pattern) for pattern in CARRIERS)


def _problem(key: str, values: Sequence[str]) -> str:
    check, values = find_check(key), [*map(find_english, values)]
    if check is None and is_carrier_parameter(key):
        return ""
    if check is None:
        return say("Nothing here is called {key}, so it is passed over.", key=quoted(key))
    if key == "recipe" and values and values[-1].isdecimal() and not check.accepts(values[-1]):
        return say(
            "The link comes from another version of the lab (recipe {value}, ours is "
            "{recipe}). Equal settings train to other weights there, so the two cannot "
            "be compared.",
            value=quoted(values[-1]),
            recipe=RECIPE,
        )
    if len(values) > 1 and not check.several:
        return say(
            "{key} stands in the link {count} times, and only one can count. See that "
            "this dial is as you want it.",
            key=quoted(key),
            count=len(values),
        )
    wrong = [value for value in values if not check.accepts(value)]
    if not wrong:
        return ""
    instead = (
        say("It is passed over.")
        if check.several or key in SENDER_KEYS
        else say("The value that this page begins with is used instead.")
    )
    if _is_number(wrong[0]) and check.accepts(cut := str(int(float(wrong[0])))):
        instead = say("`{cut}` is used instead.", cut=cut)  # Streamlit cuts off what is behind the point
    return say(
        "{key} must be {words}, but it is {first}. {instead}",
        key=quoted(key),
        words=check.words,
        first=quoted(wrong[0]),
        instead=instead,
    )


def describe_absent(labels: Sequence[str]) -> list[str]:
    """A line for each run that a link names and that is not here."""
    return [
        say(
            "The run {label} is not here: deleted, or never trained here. It is left out.",
            label=quoted(label, 80),
        )
        for label in labels
    ]


def link_notice(found: Sequence[str]) -> str:
    """Problems as one text in Markdown, the first few of many."""
    more = [say("And {count} more.", count=len(found) - MOST_PROBLEMS)] if len(found) > MOST_PROBLEMS else []
    return "\n".join(
        [
            say("Not everything in this link can be used:"),
            "",
            *(f"- {line}" for line in [*found[:MOST_PROBLEMS], *more]),
        ]
    )


def quoted(text: str, longest: int = LONGEST_QUOTE) -> str:
    """A text from outside as Markdown that shows it and does nothing else: in code, on one line, cut off."""
    plain = "".join(letter for letter in text if letter.isprintable() and letter != "`")
    return f"`{plain[:longest]}{'…' if len(plain) > longest else ''}`" if plain.strip() else "`(nothing)`"


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"-?\d{0,9}\.?\d{0,20}(e-?\d{1,2})?", text)) and any(
        letter.isdecimal() for letter in text.split("e")[0]
    )


# The run that the sender saw

SENDER_KEYS = ("run", "weights", "recipe", "digits", "versions")


@dataclass(frozen=True)
class Sender:
    """What a link says of its sender's run. `versions` is empty for runs that did not record them."""

    run_id: str
    weights: str
    digits: str
    versions: Mapping[str, str]


def sender_fields(run: StoredRun) -> dict[str, str]:
    """What a link says of a run, so that it can be told whether another's weights are the same."""
    versions = run.result.get("versions") or {}
    said = {
        "run": run.run_id,
        "weights": run.trained_sha256[:HASH_DIGITS],
        "recipe": str(RECIPE),
        "digits": run.config.data.name,
        "versions": ",".join(f"{name}:{version}" for name, version in versions.items()),
    }
    return {key: value for key, value in said.items() if TABLE[key].accepts(value)}


def read_sender(parameters: Mapping[str, Sequence[str]]) -> Sender | None:
    """The sender's run in a link, or None where the link names none or was not understood."""
    said = {key: parameters[key][-1] for key in SENDER_KEYS if parameters.get(key)}
    said = {key: value for key, value in said.items() if TABLE[key].accepts(value)}
    if not {"run", "weights", "recipe"} <= set(said):
        return None
    pairs = [part.split(":", 1) for part in said.get("versions", "").split(",") if part]
    return Sender(said["run"], said["weights"], said.get("digits", ""), dict(pairs))


def is_identical(sender: Sender, run: StoredRun) -> bool:
    """Whether the run here has the sender's weights, to the last bit."""
    return run.trained_sha256.startswith(sender.weights)


def weights_verdict(sender: Sender, run: StoredRun) -> str:
    """One line on whether the run here has the sender's weights; if not, why that may be."""
    if is_identical(sender, run):
        return say(
            "This {family}'s weights are **identical to the sender's weights**, to the last bit.",
            family=family(run.config),
        )
    return say(
        "This {family}'s weights **differ** from the sender's. {why}.",
        family=family(run.config),
        why=_why(sender, run),
    )


def other_run_notice(sender: Sender) -> str:
    """A line for a link whose settings do not make the run that it names."""
    return say(
        "It names the run {run_id}, but its settings make another one here. What you see "
        "is what the settings make.",
        run_id=quoted(sender.run_id),
    )


def _why(sender: Sender, run: StoredRun) -> str:
    own = run.result.get("versions") or {}
    if not sender.versions or not own:
        return say(
            "One of the two did not record its versions; equal settings give equal "
            "weights on equal versions only"
        )
    differing = describe_difference(own, sender.versions, quoted)
    return say("The sender's was trained with {differing}", differing=differing) if differing else PROCESSORS
