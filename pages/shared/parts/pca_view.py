"""PCA beside the networks: the same digits, the same size of code, and what each of them loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import streamlit as st

from ae_core import baselines, config
from ae_core.baselines import PCA
from ae_core.config import CAE, FAE, LIMITS, LINEAR, RunConfig
from ae_core.data import in_parts
from ae_core.errors import LabError
from ae_core.figures import networks as network_figures
from ae_core.figures.base import Row, digit_rows_html
from ae_core.figures.networks import Measured
from ae_core.metrics import shown_ratio, squared_error
from ae_core.models import as_picture, reconstruct
from ae_core.runs.run_folder import StoredRun
from ae_core.words.sentences import say
from pages.shared import charts, dials, display, lab, networks
from pages.shared.question import Answer

LARGEST_DRAWN = 64
SIZES_TOLD = (2, 8, 30)
PRESETS = {"FAE": FAE, "CAE": CAE}
ABOUT_EQUAL = say("About equal (within 5 %).")
FAE_OR_PCA = {"PCA": "PCA.", "FAE": say("The FAE.")}
FAE_OR_CAE = {"FAE": say("The FAE."), "CAE": say("The CAE.")}


# What is measured, each thing once for all visitors


def measure_error(run: StoredRun) -> float:
    """Squared error per image of a finished run on held-back digits."""
    return _measure_error(lab.store().root, run.run_id, run.weights_sha256, lab.digits().name, run)


@st.cache_data(show_spinner=False, max_entries=500)
def _measure_error(_root: object, run_id: str, weights_sha256: str, digits: str, _run: StoredRun) -> float:
    test_nhw = display.measured_digits()
    return float(squared_error(reconstruct(lab.load_network(_run), test_nhw), test_nhw).mean())


def measure_pca_error(latent_size: int) -> float:
    """Squared error per image of PCA on the same held-back digits."""
    return _measure_pca_errors()[latent_size - 1]


@st.cache_data(show_spinner=False, max_entries=1)
def _measure_pca_errors() -> list[float]:
    return _fit_pca().errors_by_size(display.measured_digits())


@st.cache_resource(show_spinner=say("Fitting PCA …"), max_entries=1)
def _fit_pca() -> PCA:
    """PCA of the largest code, fitted on all 60,000 digits to learn from; kept."""
    return baselines.fit_pca(in_parts(lab.digits().train_bytes_nhw), LIMITS["latent_size"][1])


@st.cache_data(show_spinner=False, max_entries=100)
def _measure_errors_in_training(
    _root: object, run_id: str, weights_sha256: str, _run: StoredRun
) -> tuple[float, float]:
    """Squared error per image of a run and of PCA, both on all 60,000 digits."""
    network, pca = lab.load_network(_run), _fit_pca().first(_run.config.model.latent_size)
    sums, count = [0.0, 0.0], 0
    for part_nhw in in_parts(lab.digits().train_bytes_nhw):
        count += len(part_nhw)
        for i, images_nhw in enumerate((reconstruct(network, part_nhw), pca.reconstruct(part_nhw))):
            sums[i] += float(squared_error(images_nhw, part_nhw).sum())
    return sums[0] / count, sums[1] / count


# PCA on the page of the fully connected autoencoder


def choose_linear() -> bool:
    """Whether the page's network is the linear one, by a switch."""
    return st.toggle(
        say("Linear network"),
        key="linear",
        bind="query-params",
        help=say("No hidden layer and no activation: all it can do is weigh and add up pixels."),
    )


def plain_fae(run: RunConfig) -> RunConfig:
    """The FAE with layers and activations that a linear one is compared with; itself, if it is none."""
    if config.family(run) != "linear FAE":
        return run
    return config.adjusted(FAE, model={"latent_size": run.model.latent_size})


def judge_pca_or_fae(run: RunConfig) -> Answer:
    """Answer: whether PCA or the FAE rebuilds held-back digits better, at the latent size of `run`."""
    size = run.model.latent_size
    fae = _require_run(networks.choose_network(plain_fae(run)), "FAE")
    errors = {"PCA": measure_pca_error(size), "FAE": measure_error(fae)}
    because = say(
        "Squared error per image, latent size {size}, {measured_on}: PCA {pca:.1f}, FAE "
        "{fae:.1f}. PCA was fitted on {fitted_on:,} digits, the FAE learnt from "
        "{learnt_from:,}.",
        size=size,
        measured_on=_measured_on(),
        pca=errors["PCA"],
        fae=errors["FAE"],
        fitted_on=_fitted_on(),
        learnt_from=_learnt_from(fae),
    )
    return Answer(_right_option(errors, FAE_OR_PCA), because)


def show_beside_pca(run: RunConfig) -> None:
    """Show held-back digits as PCA and the networks of the same code size rebuild them."""
    size = run.model.latent_size
    wanted = {config.family(each): each for each in (run, plain_fae(run))}
    runs = {
        name: found for name, each in wanted.items() if (found := networks.choose_network(each)) is not None
    }
    st.subheader(say("Beside PCA of the same code size"), anchor="pca")
    clean_nhw = display.chosen_digits(dials.choose_digits_seed("pca_digits"))
    pca_nhw = as_picture(_fit_pca().first(size).reconstruct(clean_nhw))
    rows = [
        Row(display.CLEAN_LABEL, clean_nhw),
        Row(
            say(
                "PCA, {number}: error {measure_pca_error:.1f}",
                number=display.number_words(size),
                measure_pca_error=measure_pca_error(size),
            ),
            pca_nhw,
        ),
    ]
    for name, found in runs.items():
        rows.append(
            Row(
                say(
                    "{name}, {number}: error {measure_error:.1f}",
                    name=name,
                    number=display.number_words(size),
                    measure_error=measure_error(found),
                ),
                as_picture(reconstruct(lab.load_network(found), clean_nhw)),
            )
        )
    st.html(digit_rows_html(rows))
    learnt = "".join(
        say(", the {name} learnt from {learnt_from:,}", name=name, learnt_from=_learnt_from(found))
        for name, found in runs.items()
    )
    st.caption(
        say(
            "Squared error per image, {measured_on}. PCA was fitted on {fitted_on:,} digits{learnt}.",
            measured_on=_measured_on(),
            fitted_on=_fitted_on(),
            learnt=learnt,
        )
    )
    for name in wanted.keys() - runs.keys():
        st.caption(
            say(
                "No {name} with latent size {size} has been trained yet, so it is missing here.",
                name=name,
                size=size,
            )
        )
    if "linear FAE" in runs:
        _show_linear_lesson(runs)
    elif "FAE" in runs:
        linear = networks.find_lab_run(config.adjusted(LINEAR, model={"latent_size": size}))
        if linear is not None and linear.config.model.latent_size == size:
            errors = (measure_error(run) for run in (runs["FAE"], linear))
            st.markdown(bends_words(*errors, pca=measure_pca_error(size)))


def bends_words(fae: float, linear: float, pca: float) -> str:
    """What the activations are worth: errors of an FAE, of a linear one of the same code size, and of PCA."""
    if not round(fae, 1) < min(round(linear, 1), round(pca, 1)):
        return say(
            "A linear FAE of as many numbers, without activations, has an error of {linear:.1f}.",
            linear=linear,
        )
    return say(
        "**Why it is better than PCA.** It need not only weigh and add up: without hidden layers and "
        "activations the lab's linear FAE of as many numbers has an error of {linear:.1f}, PCA {pca:.1f}, "
        "this FAE **{fae:.1f}**. *Our explanation:* PCA draws every digit as a sum of the same few pictures, "
        "one for each number of the code. Here, what a number draws depends on the other numbers: "
        "something else in a 1 than in an 8.",
        linear=linear,
        pca=pca,
        fae=fae,
    )


def _show_linear_lesson(runs: Mapping[str, StoredRun]) -> None:
    """Show how near a linear network has come to PCA on the digits that both learnt from."""
    linear = runs["linear FAE"]
    count = linear.result["dataset"]["train"]
    if count != _fitted_on():
        st.markdown(
            say(
                "The linear FAE learnt from {count:,} digits and PCA was fitted on "
                "{fitted_on:,}: they say nothing about the bound.",
                count=count,
                fitted_on=_fitted_on(),
            )
        )
        return
    own, pca = _measure_errors_in_training(lab.store().root, linear.run_id, linear.weights_sha256, linear)
    st.markdown(linear_words(own, pca, count))
    if "FAE" in runs:
        st.markdown(
            bound_words(measure_error(runs["FAE"]), measure_pca_error(linear.config.model.latent_size))
        )


def linear_words(own: float, pca: float, count: int) -> str:
    """How a linear network's error stands to PCA's, both on the `count` digits that they learnt from."""
    times = say(", which is **{own:.4f} times** PCA's", own=shown_ratio(own, pca, 3)) if round(pca, 3) else ""
    return say(
        "**On the {count:,} digits that both learnt from:** PCA {pca:.3f}, linear FAE "
        "{own:.3f}{times}. There PCA is the best linear code. A linear network can come "
        "as near to it as training takes it, and never below (Baldi and Hornik 1989).",
        count=count,
        pca=pca,
        own=own,
        times=times,
    )


def bound_words(fae: float, pca: float) -> str:
    """How the error of an FAE that is not linear stands to PCA's, on digits that neither learnt from."""
    one, other = round(fae, 1), round(pca, 1)
    word = say("as large as") if one == other else say("smaller than") if one < other else say("larger than")
    return say(
        "The FAE with hidden layers and activations is not bound by that. On held-back "
        "digits, which neither learnt from, its error of {fae:.1f} is **{word}** PCA's, "
        "{pca:.1f}.",
        fae=fae,
        word=word,
        pca=pca,
    )


# The fully connected and the convolutional one


def find_fae_beside(run: RunConfig) -> StoredRun | None:
    """The FAE to compare a CAE of these settings with: of its latent size, the lab's or the visitor's."""
    return networks.choose_network(config.adjusted(FAE, model={"latent_size": run.model.latent_size}))


def judge_fae_or_cae(cae: StoredRun) -> Answer:
    """Answer: whether FAE or CAE has the smaller error on held-back digits, at the latent size of `cae`."""
    size = cae.config.model.latent_size
    runs = {"FAE": _require_run(find_fae_beside(cae.config), "FAE"), "CAE": cae}
    errors = {name: measure_error(found) for name, found in runs.items()}
    figures = ", ".join(
        say(
            "{name} ({owner}) {error:.1f} with {parameters:,} parameters, learnt from {learnt_from:,} digits",
            name=name,
            owner=networks.owner_words(found),
            error=errors[name],
            parameters=found.result["parameters"],
            learnt_from=_learnt_from(found),
        )
        for name, found in runs.items()
    )
    return Answer(
        _right_option(errors, FAE_OR_CAE),
        say(
            "Squared error per image, latent size {size}, {measured_on}: {figures}.",
            size=size,
            measured_on=_measured_on(),
            figures=figures,
        ),
    )


# The error against the size of the code


@st.fragment
def show_errors_by_size(families: Sequence[str], page: str, *, with_pca: bool = True) -> None:
    """Show each finished network as a point against its size, and PCA of every size as a line."""
    with lab.plain_errors():
        st.subheader(say("How few numbers can hold a digit?"), anchor=f"{page}-sizes")
        with st.spinner(say("Measuring every network …")):
            line = _measure_pca_errors()[:LARGEST_DRAWN] if with_pca else []
            points = [_make_point(run) for run in _find_runs_of(families)]
        shown = (tuple(line), _fitted_on(), tuple(points))
        st.markdown(sizes_words([point for point in points if point.family == families[-1]]))
        charts.draw_shared_chart(
            lambda: network_figures.error_against_size(*shown),
            ("sizes", *shown),
            f"{page}_sizes",
            _points_words(points, with_pca=with_pca),
        )
        caption = (
            say(
                "Squared error per image, {measured_on}. Lower is better. PCA and the lab's "
                "networks learnt from the same {fitted_on:,} digits.",
                measured_on=_measured_on(),
                fitted_on=_fitted_on(),
            )
            if with_pca
            else say(
                "Squared error per image, {measured_on}. Lower is better. PCA joins once the question "
                "above is answered or revealed.",
                measured_on=_measured_on(),
            )
        )
        if any(point.learnt_from != _fitted_on() for point in points):
            caption += say(" The legend says where a network of yours learnt from fewer.")
        st.caption(caption)


def sizes_words(points: Sequence[Measured]) -> str:
    """What the size of the code does to one family's error: figures at SIZES_TOLD, and what follows."""
    errors = {point.latent_size: point.error for point in reversed(points)}
    told = [size for size in SIZES_TOLD if size in errors]
    if not told:
        return ""
    figures = ", ".join(
        say("with {number} **{error:.1f}**", number=display.number_words(size), error=errors[size])
        for size in told
    )
    words = say("The {family}'s squared error: {figures}.", family=points[0].family, figures=figures)
    if len(told) > 1 and all(errors[a] > errors[b] for a, b in pairwise(told)):
        words += say(" The more numbers the code has, the more of the digit it keeps.")
    return words


def _find_runs_of(families: Sequence[str]) -> list[StoredRun]:
    """The lab's networks of these families and the visitor's, of any latent size.

    Of the lab's, those that learnt from all digits.
    """
    presets = [PRESETS[family] for family in families]
    shipped, _ = lab.store().shipped()
    runs = [*(run for run in shipped if not run.config.data.left_out), *networks.find_own_runs()]
    return [run for run in runs if any(config.is_like(run.config, preset) for preset in presets)]


def _make_point(run: StoredRun) -> Measured:
    words = say(
        "{epochs} epochs, {owner}", epochs=run.config.training.epochs, owner=networks.owner_words(run)
    )
    return Measured(
        config.family(run.config), run.config.model.latent_size, measure_error(run), _learnt_from(run), words
    )


def _points_words(points: Sequence[Measured], *, with_pca: bool) -> str:
    each = ", ".join(f"{point.family} {point.latent_size}: {point.error:.1f}" for point in points)
    if not with_pca:
        return say("Squared error against latent size: the points {each}", each=each)
    return say("Squared error against latent size: PCA as a falling line, and the points {each}", each=each)


# In words


def _require_run(found: StoredRun | None, family: str) -> StoredRun:
    if found is None:
        raise LabError(
            say(
                "The lab's {family} is missing, so there is nothing to measure. Install the "
                "lab again, or train one.",
                family=family,
            )
        )
    return found


def _right_option(errors: Mapping[str, float], options: Mapping[str, str]) -> str:
    name = baselines.clearly_smallest(errors)
    return options[name] if name else ABOUT_EQUAL


def _measured_on() -> str:
    return say("mean of {count:,} held-back digits", count=display.count_measured())


def _fitted_on() -> int:
    return len(lab.digits().train_bytes_nhw)


def _learnt_from(run: StoredRun) -> int:
    return int(run.result["dataset"]["train"])
