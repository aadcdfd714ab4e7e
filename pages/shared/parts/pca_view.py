"""PCA beside the networks: the same digits, the same size of code, and what each of them loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from ae_core import baselines, config
from ae_core.baselines import PCA
from ae_core.config import CAE, FAE, LIMITS, LINEAR, RunConfig
from ae_core.data import in_parts
from ae_core.errors import LabError
from ae_core.figures import networks as network_figures
from ae_core.figures.base import Row, rows_html
from ae_core.figures.networks import Measured
from ae_core.metrics import squared_error
from ae_core.models import as_picture, reconstruct
from ae_core.runs.run_folder import StoredRun
from pages.shared import charts, dials, display, lab, networks
from pages.shared.question import Answer

LARGEST_DRAWN = 64
PRESETS = {"FAE": FAE, "CAE": CAE}
ABOUT_EQUAL = "About equal (within 5 %)."
FAE_OR_PCA = {"PCA": "PCA.", "FAE": "The FAE."}
FAE_OR_CAE = {"FAE": "The FAE.", "CAE": "The CAE."}


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


@st.cache_resource(show_spinner="Fitting PCA …", max_entries=1)
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
        "Linear network",
        key="linear",
        bind="query-params",
        help="No hidden layer and no activation: all it can do is weigh and add up pixels.",
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
    because = (
        f"Squared error per image, latent size {size}, {_measured_on()}: PCA {errors['PCA']:.1f}, FAE "
        f"{errors['FAE']:.1f}. PCA was fitted on {_fitted_on():,} digits, the FAE learnt from "
        f"{_learnt_from(fae):,}."
    )
    return Answer(_right_option(errors, FAE_OR_PCA), because)


def show_beside_pca(run: RunConfig) -> None:
    """Show held-back digits as PCA and the networks of the same code size rebuild them."""
    size = run.model.latent_size
    wanted = {config.family(each): each for each in (run, plain_fae(run))}
    runs = {
        name: found for name, each in wanted.items() if (found := networks.choose_network(each)) is not None
    }
    st.subheader("Beside PCA of the same code size", anchor="pca")
    clean_nhw = display.chosen_digits(dials.choose_digits_seed("pca_digits"))
    pca_nhw = as_picture(_fit_pca().first(size).reconstruct(clean_nhw))
    rows = [
        Row("digit x", clean_nhw),
        Row(f"PCA, {display.number_words(size)}: error {measure_pca_error(size):.1f}", pca_nhw),
    ]
    for name, found in runs.items():
        rows.append(
            Row(
                f"{name}, {display.number_words(size)}: error {measure_error(found):.1f}",
                as_picture(reconstruct(lab.load_network(found), clean_nhw)),
            )
        )
    st.html(rows_html(rows))
    learnt = "".join(f", the {name} learnt from {_learnt_from(found):,}" for name, found in runs.items())
    st.caption(
        f"Squared error per image, {_measured_on()}. PCA was fitted on {_fitted_on():,} digits{learnt}."
    )
    for name in wanted.keys() - runs.keys():
        st.caption(f"No {name} with latent size {size} has been trained yet, so it is missing here.")
    if "linear FAE" in runs:
        _show_linear_lesson(runs)
    elif "FAE" in runs:
        linear = networks.find_lab_run(config.adjusted(LINEAR, model={"latent_size": size}))
        if linear is not None and linear.config.model.latent_size == size:
            errors = (measure_error(run) for run in (runs["FAE"], linear))
            st.markdown(bends_words(*errors, pca=measure_pca_error(size)))


def bends_words(fae: float, linear: float, pca: float) -> str:
    """What the activations are worth: errors of an FAE, of a linear one of the same code size, and of PCA."""
    if not fae < linear:
        return f"A linear FAE of as many numbers, without activations, has an error of {linear:.1f}."
    return (
        "**Why it can be better than PCA.** It bends: without hidden layers and activations the lab's "
        f"linear FAE of as many numbers has an error of {linear:.1f}, PCA {pca:.1f}, this FAE "
        f"**{fae:.1f}**. *Our explanation:* who only weighs and adds up has one picture for each number of "
        "the code, the same for every digit; a network that bends can draw something else with the same "
        "number in a 1 than in an 8."
    )


def _show_linear_lesson(runs: Mapping[str, StoredRun]) -> None:
    """Show how near a linear network has come to PCA on the digits that both learnt from."""
    linear = runs["linear FAE"]
    count = linear.result["dataset"]["train"]
    if count != _fitted_on():
        st.markdown(
            f"The linear FAE learnt from {count:,} digits and PCA was fitted on {_fitted_on():,}: they "
            "say nothing about the bound."
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
    times = f", which is **{own / pca:.4f} times** PCA's" if pca else ""
    return (
        f"**On the {count:,} digits that both learnt from:** PCA {pca:.2f}, linear FAE {own:.2f}{times}. "
        "There PCA is the best linear code. A linear network can come as near to it as training takes it, "
        "and never below (Baldi and Hornik 1989)."
    )


def bound_words(fae: float, pca: float) -> str:
    """How the error of an FAE that is not linear stands to PCA's, on digits that neither learnt from."""
    one, other = round(fae, 1), round(pca, 1)
    word = "as large as" if one == other else "smaller than" if one < other else "larger than"
    return (
        "The FAE with hidden layers and activations is not bound by that. On held-back digits, which "
        f"neither learnt from, its error of {fae:.1f} is **{word}** PCA's, {pca:.1f}."
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
        f"{name} ({networks.owner_words(found)}) {errors[name]:.1f} with {found.result['parameters']:,} "
        f"parameters, learnt from {_learnt_from(found):,} digits"
        for name, found in runs.items()
    )
    return Answer(
        _right_option(errors, FAE_OR_CAE),
        f"Squared error per image, latent size {size}, {_measured_on()}: {figures}.",
    )


# The error against the latent size


@st.fragment
def show_errors_by_size(families: Sequence[str], page: str) -> None:
    """Show PCA of every size as a line, each finished network as a point, and a way to train more sizes."""
    with lab.plain_errors():
        st.subheader("The error against the latent size", anchor=f"{page}-sizes")
        with st.spinner("Measuring every network …"):
            line = _measure_pca_errors()[:LARGEST_DRAWN]
            points = [_make_point(run) for run in _find_runs_of(families)]
        shown = (tuple(line), _fitted_on(), tuple(points))
        charts.draw_shared_chart(
            lambda: network_figures.error_against_size(*shown),
            ("sizes", *shown),
            f"{page}_sizes",
            _points_words(points),
        )
        caption = (
            f"Squared error per image, {_measured_on()}. Lower is better. PCA and the lab's networks learnt "
            f"from the same {_fitted_on():,} digits."
        )
        if any(point.learnt_from != _fitted_on() for point in points):
            caption += " The legend says where a network of yours learnt from fewer."
        st.caption(caption)


def _find_runs_of(families: Sequence[str]) -> list[StoredRun]:
    """The lab's networks of these families and the visitor's, of any latent size.

    Of the lab's, those that learnt from all digits.
    """
    presets = [PRESETS[family] for family in families]
    shipped, _ = lab.store().shipped()
    runs = [*(run for run in shipped if not run.config.data.left_out), *networks.find_own_runs()]
    return [run for run in runs if any(config.is_like(run.config, preset) for preset in presets)]


def _make_point(run: StoredRun) -> Measured:
    words = f"{run.config.training.epochs} epochs, {networks.owner_words(run)}"
    return Measured(
        config.family(run.config), run.config.model.latent_size, measure_error(run), _learnt_from(run), words
    )


def _points_words(points: Sequence[Measured]) -> str:
    each = ", ".join(f"{point.family} {point.latent_size}: {point.error:.1f}" for point in points)
    return f"Squared error against latent size: PCA as a falling line, and the points {each}"


# In words


def _require_run(found: StoredRun | None, family: str) -> StoredRun:
    if found is None:
        raise LabError(
            f"The lab's {family} is missing, so there is nothing to measure. Install the lab again, or train "
            "one."
        )
    return found


def _right_option(errors: Mapping[str, float], options: Mapping[str, str]) -> str:
    name = baselines.clearly_smallest(errors)
    return options[name] if name else ABOUT_EQUAL


def _measured_on() -> str:
    return f"mean of {len(display.measured_digits()):,} held-back digits"


def _fitted_on() -> int:
    return len(lab.digits().train_bytes_nhw)


def _learnt_from(run: StoredRun) -> int:
    return int(run.result["dataset"]["train"])
