"""Why things are as the pictures show them: each cause with what was measured of it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from torch.nn import functional as F

from ae_core import config, models
from ae_core.baselines import clearly_smallest
from ae_core.config import CAE, FAE, ModelConfig, RunConfig
from ae_core.metrics import shown_ratio, squared_error
from ae_core.models import Stage
from ae_core.runs.run_folder import StoredRun
from ae_core.words.sentences import say
from pages.shared import display, lab, networks
from pages.shared.parts import pca_view
from pages.shared.runs.loss_floors import read_floors

SIZES_TOLD = (2, 8, 30, 64)
MOVED_BY = 4


def show_goal(run: StoredRun) -> None:
    """Say what a CAE was trained to make small, and how near it comes to giving back its input."""
    count, floor = display.count_measured(), read_floors().mean_digit
    st.markdown(goal_words(pca_view.measure_error(run), floor, _errors_by_size(CAE), count))


def target_words() -> str:
    """What a network is trained to give back, and which error is made small."""
    return say(
        "**Why “auto”?** The network is its own teacher. Its target is its input, so "
        "nobody has to label anything: training makes $\\lVert x - \\tilde x \\rVert^2$ "
        "small, the error that stands above the reconstruction."
    )


def goal_words(error: float, mean_digit: float, by_size: Mapping[int, float], count: int) -> str:
    """How near a CAE comes to giving back its input, and that its code's size is what keeps it off.

    error: its squared error per image over `count` held-back digits; mean_digit: over all of them, where the
    mean digit is always drawn. by_size: the errors of networks by the size of their codes.
    """
    sizes = ", ".join(f"{size}: {found:.1f}" for size, found in sorted(by_size.items()))
    falls = all(by_size[a] > by_size[b] for a, b in zip(sorted(by_size), sorted(by_size)[1:], strict=False))
    cause = (
        say("What is lost is lost in the **bottleneck**: the more numbers the code has, the less is missing")
        if falls
        else say("The size of the code changes what is missing")
    )
    return say(
        "{target} Over {count:,} held-back digits the CAE's is down to **{error:.1f}**; a network that "
        "always drew the mean digit would stay at {mean_digit:.1f} over all 10,000.\n\n"
        "**Why not simply copy?** A network with room enough for every pixel could give "
        "back anything, noise too, and would have learnt nothing about digits. {cause} "
        "(the CAE's error by numbers in the code: {sizes}).",
        target=target_words(),
        count=count,
        error=error,
        mean_digit=mean_digit,
        cause=cause,
        sizes=sizes,
    )


def _errors_by_size(preset: RunConfig) -> dict[int, float]:
    """Squared error per image of the lab's networks of a preset, by the size of their codes."""
    found = {}
    for size in SIZES_TOLD:
        run = networks.find_lab_run(config.adjusted(preset, model={"latent_size": size}))
        if run is not None and run.config.model.latent_size == size:
            found[size] = pca_view.measure_error(run)
    return found


def show_where_weights_are(model: ModelConfig) -> None:
    """Say which of a network's layers its weights lie in."""
    st.markdown(weights_words(_stages_of(model)))


@st.cache_data(show_spinner=False, max_entries=100)
def _stages_of(model: ModelConfig) -> list[Stage]:
    return models.stages(models.build_model(model))


def weights_words(stages: list[Stage]) -> str:
    """How many of a network's weights lie in the two layers to and from its code, how many elsewhere."""
    total, elsewhere = _count_weights(stages)
    around = total - elsewhere
    return say(
        "**Where its weights are.** Of {total:,} parameters, {around:,} ({share:.0%}) "
        "lie in the two layers that lead to the code and away from it, which connect "
        "every number with every other. The rest of the network takes {elsewhere:,}: a "
        "filter is small, and serves every place of the picture.",
        total=total,
        around=around,
        share=around / total,
        elsewhere=elsewhere,
    )


def _count_weights(stages: list[Stage]) -> tuple[int, int]:
    """A network's parameters: all, and those that are not in the two layers to and from its code."""
    code = next(i for i, stage in enumerate(stages) if stage.part == "code")
    total = sum(stage.parameters for stage in stages)
    return total, total - stages[code].parameters - stages[code + 1].parameters


def show_what_filters_are_worth(fae: StoredRun, cae: StoredRun) -> None:
    """Say in a sentence what the CAE has of its filters, beside the FAE of the same size of code."""
    figures = [(pca_view.measure_error(run), _stages_of(run.config.model)) for run in (fae, cae)]
    st.markdown(worth_words(cae.config.model.latent_size, *figures))


def worth_words(latent_size: int, fae: tuple[float, list[Stage]], cae: tuple[float, list[Stage]]) -> str:
    """What FAE and CAE reach with how many weights, and where these lie; of each its error and stages."""
    (fae_total, fae_far), (cae_total, cae_far) = (_count_weights(stages) for _, stages in (fae, cae))
    measured = say(
        "With {number} in the code the FAE's squared error is **{fae:.1f}** with {fae_weights:,} parameters, "
        "the CAE's **{cae:.1f}** with {cae_weights:,}.",
        number=display.number_words(latent_size),
        fae=fae[0],
        fae_weights=fae_total,
        cae=cae[0],
        cae_weights=cae_total,
    )
    if cae_total >= fae_total:
        return measured
    measured = say(
        "{measured} Both need layers that connect everything with the code. All the others take {fae_far:,} "
        "parameters in the FAE and {cae_far:,} in the CAE: a filter has few weights, and uses them at every "
        "place of the picture.",
        measured=measured,
        fae_far=fae_far,
        cae_far=cae_far,
    )
    smaller = clearly_smallest({"FAE": fae[0], "CAE": cae[0]})
    if smaller == "CAE":
        return say("**So why a CAE? A smaller error, with fewer parameters.** {measured}", measured=measured)
    if smaller is None:
        return say(
            "**So why a CAE? About the same error, with fewer parameters.** {measured}", measured=measured
        )
    return say(
        "**So why a CAE?** With this code it saves parameters, and pays with a larger error. {measured}",
        measured=measured,
    )


def show_where_filters_pay() -> None:
    """Say at which sizes of the code the lab's CAE has the smaller error, and at which its FAE."""
    errors = {family: _errors_by_size(preset) for family, preset in (("FAE", FAE), ("CAE", CAE))}
    if errors["FAE"].keys() == errors["CAE"].keys() and errors["FAE"]:
        st.markdown(crossing_words(errors["FAE"], errors["CAE"]))
        if (fae := networks.find_lab_run(FAE)) and (cae := networks.find_lab_run(CAE)):
            st.caption(passes_words(fae.config.training.epochs, cae.config.training.epochs))


def crossing_words(fae: Mapping[int, float], cae: Mapping[int, float]) -> str:
    """At which sizes of the code CAE and FAE have the smaller error; errors by size, of equal sizes."""
    rows = ", ".join(f"{size}: FAE {fae[size]:.1f}, CAE {cae[size]:.1f}" for size in sorted(fae))
    smaller = {size: clearly_smallest({"FAE": fae[size], "CAE": cae[size]}) for size in sorted(fae)}
    parts = []
    for name in ("CAE", "FAE"):
        sizes = [size for size, best in smaller.items() if best == name]
        has = say("the **{name}** has the smaller error", name=name)
        if sizes == [*smaller]:
            parts.append(say("at every one of these sizes {has}", has=has))
        elif sizes:
            parts.append(say("with {sizes} numbers in the code {has}", sizes=_sizes_words(sizes), has=has))
    if alike := [size for size, best in smaller.items() if best is None]:
        parts.append(say("with {sizes} they are about equal", sizes=_sizes_words(alike)))
    said = "; ".join(parts)
    measured = say("{said} ({rows}).", said=said[:1].upper() + said[1:], rows=rows)
    if (smaller[min(smaller)], smaller[max(smaller)]) != ("FAE", "CAE"):
        return measured
    return say(
        "{measured} *Our explanation, not measured here:* a stroke looks "
        "the same wherever it lies, and filters that serve every place need not learn it "
        "anew for each. That helps as soon as the code has room to say where it lies; in "
        "a very small code there is little to say, and being able to weigh every pixel "
        "by itself does more.",
        measured=measured,
    )


def passes_words(fae: int, cae: int) -> str:
    """Whether both saw their digits as often; how often, where that differs."""
    if fae == cae:
        return say("Both saw their digits {fae} times.", fae=fae)
    words = say("The FAE saw its digits {fae} times, the CAE {cae} times.", fae=fae, cae=cae)
    if fae < cae:
        return say("{words} That may have its part in these errors.", words=words)
    return say(
        "{words} So where the CAE has the smaller error, that is not for more training; where the FAE "
        "has, it may be.",
        words=words,
    )


def _sizes_words(sizes: list[int]) -> str:
    *most, last = map(str, sizes)
    return say("{most} or {last}", most=", ".join(most), last=last) if most else last


def show_moved_digits(fae: StoredRun, cae: StoredRun | None) -> None:
    """Say what an experiment shows: the same digits, moved by some pixels."""
    found = {"FAE": fae, **({"CAE": cae} if cae is not None else {})}
    moved = {name: _measure_moved(*display.run_name(run), run) for name, run in found.items()}
    st.markdown(moved_words(moved, MOVED_BY, display.count_measured()))


@st.cache_data(show_spinner=False, max_entries=100)
def _measure_moved(run_id: str, weights_sha256: str, _run: StoredRun) -> tuple[float, float]:
    """Squared error per image of held-back digits, where they lie and MOVED_BY pixels to the right."""
    network, clean_nhw = lab.load_network(_run), display.measured_digits()
    moved_nhw = F.pad(clean_nhw, (MOVED_BY, 0))[:, :, : clean_nhw.shape[2]]
    before, after = (
        float(squared_error(models.reconstruct(network, digits_nhw), digits_nhw).mean())
        for digits_nhw in (clean_nhw, moved_nhw)
    )
    return before, after


def moved_words(errors: Mapping[str, tuple[float, float]], by: int, count: int) -> str:
    """What moving `count` digits by `by` pixels does to errors, each network's before and after."""
    told = "; ".join(
        f"{name} {before:.1f} \u2192 **{after:.1f}** (\u00d7 {shown_ratio(after, before):.1f})"
        for name, (before, after) in errors.items()
    )
    measured = say(
        "**An experiment.** The same {count:,} held-back digits, moved {by} pixels to "
        "the right. Squared error per image: {told}.",
        count=count,
        by=by,
        told=told,
    )
    if not all(after > before for before, after in errors.values()):
        return measured
    return say(
        "{measured} So filters do **not** make it all one where a digit lies. Every digit these learnt from "
        "had its centre of mass in the middle; one that lies elsewhere was never seen. *Our explanation:* "
        "the layers to the code and away from it have weights of their own for every place.",
        measured=measured,
    )
