"""PCA beside the networks: the same digits, the same size of code, and what each of them loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from ae_core import baselines, config, data
from ae_core.baselines import PCA
from ae_core.config import CAE, EMBEDDED, FAE, LIMITS, MNIST, RunConfig
from ae_core.errors import LabError, QueueFullError
from ae_core.figures import networks as network_figures
from ae_core.figures.base import Row, rows_html
from ae_core.figures.networks import Measured
from ae_core.metrics import squared_error
from ae_core.models import as_picture, reconstruct
from ae_core.runs import history
from ae_core.runs.run_folder import StoredRun
from ae_core.service import jobs
from pages.shared import charts, dials, display, lab, session
from pages.shared.question import Answer
from pages.shared.runs import training_panel

LARGEST_DRAWN = 64
SIZES_TO_TRAIN = (1, 128)
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
    return _measure_pca_errors(lab.digits().name)[latent_size - 1]


@st.cache_data(show_spinner=False, max_entries=2)
def _measure_pca_errors(digits: str) -> list[float]:
    return _fit_pca(digits).errors_by_size(display.measured_digits())


@st.cache_resource(show_spinner="Fitting PCA …", max_entries=3)
def _fit_pca(digits: str) -> PCA:
    """PCA of the largest code, fitted on all digits of a data set that are there to learn from; kept."""
    found = lab.digits_named(digits)
    assert found is not None
    return baselines.fit_pca(found.train_nhw, LIMITS["latent_size"][1])


@st.cache_data(show_spinner=False, max_entries=100)
def _measure_errors_in_training(
    _root: object, run_id: str, weights_sha256: str, digits: str, _run: StoredRun
) -> tuple[float, float]:
    """Squared error per image of a run and of PCA, both on the very digits that they learnt from."""
    found = lab.digits_named(digits)
    assert found is not None
    train_nhw, pca = found.train_nhw, _fit_pca(digits).first(_run.config.model.latent_size)
    return tuple(
        float(squared_error(images, train_nhw).mean())
        for images in (reconstruct(lab.load_network(_run), train_nhw), pca.reconstruct(train_nhw))
    )


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
    return config.adjusted(lab.with_digits_at_hand(FAE), model={"latent_size": run.model.latent_size})


def judge_pca_or_fae(run: RunConfig) -> Answer:
    """Answer: whether PCA or the FAE rebuilds held-back digits better, at the latent size of `run`."""
    size = run.model.latent_size
    fae = _require_run(plain_fae(run))
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
    runs = {name: found for name, each in wanted.items() if (found := lab.find_trained_run(each)) is not None}
    st.subheader("Beside PCA of the same code size", anchor="pca")
    clean_nhw = display.chosen_digits(dials.choose_digits_seed("pca_digits"))
    pca_nhw = as_picture(_fit_pca(lab.digits().name).first(size).reconstruct(clean_nhw))
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


def _show_linear_lesson(runs: Mapping[str, StoredRun]) -> None:
    """Show how near a linear network has come to PCA on the digits that both learnt from."""
    linear = runs["linear FAE"]
    name = linear.config.data.name
    found = lab.digits_named(name)
    if found is None:
        st.markdown(
            f"The linear FAE learnt from {data.WORDS[name]}, which is not at hand, so PCA cannot be fitted "
            "on the same digits."
        )
        return
    own, pca = _measure_errors_in_training(
        lab.store().root, linear.run_id, linear.weights_sha256, name, linear
    )
    st.markdown(linear_words(own, pca, len(found.train_nhw)))
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


def fae_and_cae(run: RunConfig) -> dict[str, RunConfig]:
    """The two that are compared where the CAE is `run`."""
    return {
        "FAE": config.adjusted(lab.with_digits_at_hand(FAE), model={"latent_size": run.model.latent_size}),
        "CAE": run,
    }


def judge_fae_or_cae(run: RunConfig) -> Answer:
    """Answer: whether FAE or CAE has the smaller error on held-back digits, at the latent size of `run`."""
    size = run.model.latent_size
    runs = {name: _require_run(each) for name, each in fae_and_cae(run).items()}
    errors = {name: measure_error(found) for name, found in runs.items()}
    figures = ", ".join(
        f"{name} {errors[name]:.1f} with {found.result['parameters']:,} parameters, learnt from "
        f"{_learnt_from(found):,} digits"
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
            line = _measure_pca_errors(lab.digits().name)[:LARGEST_DRAWN]
            points = [_make_point(run) for run in _find_fair_runs(families)]
        shown = (tuple(line), _fitted_on(), tuple(points))
        charts.draw_shared_chart(
            lambda: network_figures.error_against_size(*shown),
            ("sizes", *shown),
            f"{page}_sizes",
            _points_words(points),
        )
        caption = f"Squared error per image, {_measured_on()}. Lower is better."
        if any(point.learnt_from > _fitted_on() for point in points):
            caption += (
                f" Filled points are of networks that learnt from more digits than the {_fitted_on():,} "
                "that PCA was fitted on."
            )
        st.caption(caption)
        _offer_more_sizes(families, page)


def _find_fair_runs(families: Sequence[str]) -> list[StoredRun]:
    """Finished runs of these presets, of any latent size, that learnt from no digit held back here."""
    runs, _ = lab.store().runs()
    presets = [PRESETS[family] for family in families]
    fair = [run for run in runs if run.config.data.name != MNIST or lab.digits().name != EMBEDDED]
    return [run for run in fair if any(config.is_like(run.config, preset) for preset in presets)]


def _make_point(run: StoredRun) -> Measured:
    origin = "shipped" if run.shipped else "trained here"
    words = f"{run.config.training.epochs} epochs, {origin}"
    return Measured(
        config.family(run.config), run.config.model.latent_size, measure_error(run), _learnt_from(run), words
    )


def _points_words(points: Sequence[Measured]) -> str:
    each = ", ".join(f"{point.family} {point.latent_size}: {point.error:.1f}" for point in points)
    return f"Squared error against latent size: PCA as a falling line, and the points {each}"


def _offer_more_sizes(families: Sequence[str], page: str) -> None:
    """Show a button that trains the sizes beyond the shipped ones, and how far these trainings are.

    As many at once as one visitor may have.
    """
    wanted = [
        config.adjusted(lab.with_digits_at_hand(PRESETS[family]), model={"latent_size": n})
        for n in SIZES_TO_TRAIN
        for family in families
    ]
    states = {run: history.status_of(config.run_id(run), lab.store()) for run in wanted}
    missing = [run for run in wanted if states[run] != "finished"]
    waiting = [run for run in missing if states[run] not in training_panel.BUSY]
    if not missing:
        return
    sizes = " and ".join(map(str, SIZES_TO_TRAIN))
    st.button(
        f"Train {' and '.join(families)} of sizes {sizes}",
        key=f"{page}_train_sizes",
        icon=":material/play_arrow:",
        disabled=not waiting,
        on_click=_submit_trainings,
        args=(waiting,),
        help="One is trained at a time and two wait; press again for what is left then.",
    )
    if problem := st.session_state.pop(session.SIZES_PROBLEM, None):
        st.error(problem, icon=":material/error:")
    for run in missing:
        if run not in waiting:
            st.markdown(f"**{config.family(run)}, latent size {run.model.latent_size}**")
        training_panel.show_progress_bar(run)
    if waiting and len(waiting) < len(missing):
        st.caption(
            f"{len(waiting)} more when one of these is done: nobody may have more than one running and two "
            "waiting."
        )


def _submit_trainings(runs: Sequence[RunConfig]) -> None:
    """Submit these trainings, as many as the visitor may have under way."""
    try:
        for run in runs:
            jobs.submit_training(
                run,
                lab.store(),
                data.data_directory() if run.data.name != EMBEDDED else None,
                lab.visitor_id(),
            )
    except QueueFullError as problem:
        if runs and run is runs[0]:
            st.session_state[session.SIZES_PROBLEM] = str(problem)
    except LabError as problem:
        st.session_state[session.SIZES_PROBLEM] = str(problem)


# In words


def _require_run(run: RunConfig) -> StoredRun:
    found = lab.find_trained_run(run)
    if found is None:
        raise LabError(
            f"No {config.family(run)} with latent size {run.model.latent_size} has been trained yet, so "
            f"there is nothing to measure. Train one, or move the dial to {dials.SIZES_READY}."
        )
    return found


def _right_option(errors: Mapping[str, float], options: Mapping[str, str]) -> str:
    name = baselines.clearly_smallest(errors)
    return options[name] if name else ABOUT_EQUAL


def _measured_on() -> str:
    return f"mean of {len(display.measured_digits()):,} held-back digits"


def _fitted_on() -> int:
    return len(lab.digits().train_nhw)


def _learnt_from(run: StoredRun) -> int:
    return int(run.result["dataset"]["train"])
