"""The space of codes: a map of digits, the walk between two, and what is decoded anywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from ae_core import config
from ae_core.config import CorruptionConfig
from ae_core.corruption import corrupt
from ae_core.figures import base as figures
from ae_core.figures import latent as latent_figures
from ae_core.figures.base import Row
from ae_core.models import Autoencoder, codes_of, pictures_of
from ae_core.runs.run_folder import StoredRun
from ae_core.study import latent
from ae_core.study.latent import Plane
from ae_core.training import seeded
from ae_core.words.sentences import say
from pages.shared import charts, lab, linked, session
from pages.shared.own_digit import my_digits
from pages.shared.parts import latent_hand
from pages.shared.parts.latent_sentences import HALFWAY, axis_titles, shown_share_words
from pages.shared.question import Answer

MODELS = ("FAE", "CAE", "DAE")
DIGITS = 1000
WALK = 9
GRID = 15
DIRECTIONS = 6
FARTHEST = 3.0
PAIRS = 50
NOISE_SEED = 0
CLOSE = 0.9
CHOSEN = {"A": "latent_a", "B": "latent_b"}
FIRST_PAIR = (0, 1)
PLACE = ("latent_z1", "latent_z2")
PLACE_STEP = 100 / (latent_figures.CLICKS - 1)
MIDDLE = 50.0


@dataclass(frozen=True)
class CodeSpace:
    """Held-back digits as a network sees them (n, 28, 28), their classes (n,) and their codes (n, l).

    plane: the two directions that codes are drawn along. noise: what lies on the digits.
    """

    run: StoredRun
    model: Autoencoder
    seen_nhw: Tensor
    labels_n: Tensor
    codes_nl: Tensor
    plane: Plane
    noise: CorruptionConfig


def load_code_space(run: StoredRun, noise: CorruptionConfig) -> CodeSpace:
    """Codes of up to 1,000 held-back digits with this noise on them."""
    return _load_code_space(lab.store().root, run.run_id, run.weights_sha256, noise, lab.digits().name, run)


@st.cache_resource(show_spinner=False, max_entries=12)
def _load_code_space(
    _root: object, run_id: str, weights_sha256: str, noise: CorruptionConfig, digits: str, _run: StoredRun
) -> CodeSpace:
    held_back, model = lab.digits(), lab.load_network(_run)
    seen_nhw = corrupt(held_back.test_nhw[:DIGITS], noise, seeded(NOISE_SEED, "noise shown"))
    codes_nl = codes_of(model, seen_nhw)
    return CodeSpace(
        _run, model, seen_nhw, held_back.test_labels_n[:DIGITS], codes_nl, latent.best_plane(codes_nl), noise
    )


# Two digits and the way between them


@dataclass(frozen=True)
class WalkEnds:
    """The pictures A and B as the network sees them (2, 28, 28), their codes (2, l), and their names."""

    seen_2hw: Tensor
    codes_2l: Tensor
    names: tuple[str, str]


@st.fragment
def show_two_digits(here: CodeSpace) -> None:
    """Show the map of codes, two chosen digits, and the walk from one to the other."""
    with lab.plain_errors():
        left, right = st.columns([3, 2], gap="medium")
        with right:
            walk = st.container()
            ends = _make_ends(here, _choose_digits(here), my_digits.shown_digit())
        with walk:
            position = st.slider(
                say("How far from A to B"),
                0.0,
                1.0,
                0.5,
                0.05,
                key=latent_hand.POSITION,
                bind="query-params",
                help=say(
                    "0 is A, 1 is B. The picture is decoded from the code at that place on the straight line."
                ),
            )
            _show_two_pictures(here, ends, position)
        _show_walk(here, ends)
        with left:
            _show_map(here, ends, position)


def _choose_digits(here: CodeSpace) -> tuple[int, int]:
    last = len(here.labels_n) - 1
    own = my_digits.shown_digit() is not None
    numbers = []
    for column, (name, key), first in zip(st.columns(2), CHOSEN.items(), FIRST_PAIR, strict=True):
        numbers.append(min(linked.read_value(key, first), last))
        with column.container(key=key):
            st.number_input(
                say("{name}: picture no.", name=name),
                0,
                last,
                **linked.shown_widget_options(key, numbers[-1]),
                disabled=own and name == "A",
                help=say(
                    "Which of the held-back pictures it is, counted from 0. The number says nothing of "
                    "the digit that is on the picture."
                ),
                on_change=linked.adopt_widget_value,
                args=(key,),
            )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.radio(
            say("A click on a point chooses"),
            list(CHOSEN),
            key=session.LATENT_CLICK,
            horizontal=True,
            bind="query-params",
            disabled=own,
        )
        st.button(
            say("Two other digits"),
            key="latent_others",
            icon=":material/casino:",
            on_click=_choose_others,
            args=(last + 1,),
        )
        my_digits.draw_digit_switch("latent", say("A is my digit"))
    return numbers[0], numbers[1]


def _make_ends(here: CodeSpace, chosen: tuple[int, int], own_hw: Tensor | None) -> WalkEnds:
    """A and B: two held-back digits, or the visitor's own and one."""
    numbers = list(chosen)
    seen_2hw, codes_2l = here.seen_nhw[numbers].clone(), here.codes_nl[numbers].clone()
    names = [
        say(
            "{name}: a {label} (picture no. {number})",
            name=name,
            label=int(here.labels_n[number]),
            number=number,
        )
        for name, number in zip(CHOSEN, numbers, strict=True)
    ]
    if own_hw is not None:
        seen_2hw[0] = corrupt(own_hw[None], here.noise, seeded(NOISE_SEED, "noise shown"))[0]
        codes_2l[0] = codes_of(here.model, seen_2hw[:1])[0]
        names[0] = say("A: {whose} digit", whose=my_digits.whose())
    return WalkEnds(seen_2hw, codes_2l, (names[0], names[1]))


def _choose_others(count: int) -> None:
    for key, first, stride in zip(CHOSEN.values(), FIRST_PAIR, (7, 11), strict=True):
        linked.set_shown_value(key, (linked.read_value(key, first) + stride) % count)


def _show_two_pictures(here: CodeSpace, ends: WalkEnds, position: float) -> None:
    a_hw, b_hw = ends.seen_2hw
    rebuilt = latent.walk_between(here.model, a_hw, b_hw, [0.0, position, 1.0])
    faded = latent.cross_fade(a_hw, b_hw, [position])
    at = latent_hand.AT.format(percent=round(100 * position))
    rows = [
        [(ends.names[0], a_hw[None]), (at, faded), (ends.names[1], b_hw[None])],
        [(latent_hand.REBUILT_A, rebuilt[:1]), (at, rebuilt[1:2]), (latent_hand.REBUILT_B, rebuilt[2:])],
    ]
    with st.container(key=latent_hand.FIRST_WALK):
        for row in rows:
            st.html(figures.columns_html(row))
    latent_hand.draw_walk(here.run, ends.seen_2hw, ends.codes_2l, ends.names, here.plane)
    st.caption(say("Above, the two pictures cross-faded. Below, what the decoder draws from the codes."))


def _show_walk(here: CodeSpace, ends: WalkEnds) -> None:
    a_hw, b_hw = ends.seen_2hw
    positions = latent.even_positions(WALK)
    walked = Row(
        say("decoded from codes between A’s and B’s"), latent.walk_between(here.model, a_hw, b_hw, positions)
    )
    faded = Row(say("pictures A and B cross-faded"), latent.cross_fade(a_hw, b_hw, positions))
    st.html(figures.rows_html([walked, faded]))


def _show_map(here: CodeSpace, ends: WalkEnds, position: float) -> None:
    line_t2 = here.plane.place(latent.points_between(*ends.codes_2l, latent.even_positions(2)))
    there_12 = here.plane.place(latent.points_between(*ends.codes_2l, [position]))
    size = here.codes_nl.shape[1]
    figure = latent_figures.code_map(
        here.plane.place(here.codes_nl), here.labels_n, line_t2, there_12[0], axis_titles(here.plane, size)
    )
    charts.draw_chart(
        figure,
        session.LATENT_MAP,
        say("The codes of {count:,} held-back digits on a plane, by class", count=len(here.labels_n)),
        on_select=_choose_clicked_digit,
    )
    st.caption(
        say(
            "{count:,} held-back digits, each at its code. A figure marks the middle of its "
            "class. {shown_share} Point anywhere, or draw a finger across: the decoder draws "
            "that place{which}.",
            count=len(here.labels_n),
            shown_share=shown_share_words(here.plane, size),
            which=say(", the mean code moved along the two directions") if here.plane.along else "",
        )
    )


def _clicked_points(key: str) -> list[dict[str, Any]]:
    """The point of the figure `key` that was clicked on, as a list of at most one."""
    chart = st.session_state.get(key)
    return list(chart.selection.points[:1]) if chart else []


def _choose_clicked_digit() -> None:
    """Make the digit of the clicked point A or B; B where A is the visitor's own."""
    which = st.session_state.get(session.LATENT_CLICK, "A") if my_digits.shown_digit() is None else "B"
    for point in _clicked_points(session.LATENT_MAP):
        linked.set_shown_value(CHOSEN[which], int(point["customdata"]))


# A plane of codes


@st.fragment
def show_plane_of_codes(here: CodeSpace) -> None:
    """Show what the decoder draws all over the plane of codes of two numbers, and where the digits lie."""
    with lab.plain_errors():
        over = latent.bounding_area(here.codes_nl)
        left, right = st.columns([3, 2], gap="medium")
        with right:
            with_digits = st.toggle(
                say("Show the digits"), True, key=session.LATENT_WITH_DIGITS, bind="query-params"
            )
            shares = [_choose_share(name, key) for name, key in zip(("1st", "2nd"), PLACE, strict=True)]
            code_1l = over.at(latent.percent_to_shares(shares))
            with st.container(key=latent_hand.FIRST_PLACE):
                st.html(figures.columns_html([(latent_hand.CHOSEN_PLACE, pictures_of(here.model, code_1l))]))
                st.caption("z = ({:.2f}, {:.2f})".format(*code_1l[0].tolist()))
            latent_hand.draw_plane(here.run, over, PLACE)
        with left:
            figure = latent_figures.manifold_map(
                latent.draw_manifold(here.model, here.codes_nl, GRID),
                over,
                code_1l[0],
                *((here.codes_nl, here.labels_n) if with_digits else ()),
            )
            alt = say(
                "What the decoder draws from {grid} × {grid} codes, evenly spaced over "
                "the plane, and the place that is looked at",
                grid=GRID,
            )
            charts.draw_chart(figure, session.LATENT_MANIFOLD, alt, on_select=_choose_clicked_place)
            st.caption(
                say(
                    "The {family} of two numbers, and the codes of {count:,} held-back "
                    "digits. Point anywhere to see what is decoded there. Click there to "
                    "stay, or move the sliders.",
                    family=config.family(here.run.config),
                    count=len(here.labels_n),
                )
            )


def _choose_share(name: str, key: str) -> float:
    share = linked.read_value(key, MIDDLE)
    with st.container(key=key):
        st.slider(
            say("{name} number of the code, lowest to highest", name=name),
            0.0,
            100.0,
            step=PLACE_STEP,
            format="%.1f %%",
            **linked.shown_widget_options(key, share),
            on_change=linked.adopt_widget_value,
            args=(key,),
            help=say("0 % is the lowest among these digits' codes, 100 % the highest."),
        )
    return share


def _choose_clicked_place() -> None:
    for point in _clicked_points(session.LATENT_MANIFOLD):
        for key, percent in zip(
            PLACE,
            latent.shares_to_percent(latent.grid_shares(latent_figures.CLICKS)[point["point_index"]]),
            strict=True,
        ):
            linked.set_shown_value(key, percent)


# Anywhere else


@st.fragment
def show_other_codes(here: CodeSpace) -> None:
    """Show what the decoder draws from codes that belong to no digit: dials along the leading directions."""
    with lab.plain_errors():
        _show_directions(here)


def _show_directions(here: CodeSpace) -> None:
    along = latent.principal_directions(here.codes_nl, DIRECTIONS)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        # row by row, so that a phone has them in order too
        rows = [st.columns(2, gap="medium") for _ in range(0, DIRECTIONS, 2)]
        amounts = [
            _choose_amount(rows[i // 2][i % 2], i + 1, share)
            for i, share in enumerate(along.shares_k.tolist())
        ]
        st.button(
            say("Back to the mean"),
            key="latent_reset",
            icon=":material/restart_alt:",
            on_click=_reset_directions,
        )
    with right:
        codes = [along.moved([0.0] * len(amounts)), along.moved(amounts)]
        mean, moved = (pictures_of(here.model, code_1l) for code_1l in codes)
        with st.container(key=latent_hand.FIRST_CODES):
            st.html(figures.columns_html([(latent_hand.MEAN, mean), (latent_hand.MOVED, moved)]))
        latent_hand.draw_directions(
            here.run, along, [f"latent_direction_{i + 1}" for i in range(len(amounts))]
        )
        st.caption(say("Both are decoded from codes that belong to no digit."))


def _choose_amount(column: DeltaGenerator, number: int, share: float) -> float:
    key = f"latent_direction_{number}"
    amount = linked.read_value(key, 0.0)
    with column.container(key=key):
        st.slider(
            say("Direction {number}: {share:.0%} of the variance", number=number, share=share),
            -FARTHEST,
            FARTHEST,
            step=0.1,
            **linked.shown_widget_options(key, amount),
            on_change=linked.adopt_widget_value,
            args=(key,),
            help=say("In standard deviations of the digits' codes along this principal direction."),
        )
    return amount


def _reset_directions() -> None:
    for i in range(DIRECTIONS):
        linked.set_shown_value(f"latent_direction_{i + 1}", 0.0)


# The question


def judge_halfway(run: StoredRun) -> Answer:
    """Answer: whether pictures decoded between digits are nearer to real digits than cross-fades are."""
    digits = lab.digits()
    drawn, faded = latent.halfway_distances(
        lab.load_network(run),
        digits.test_nhw[:DIGITS],
        digits.test_labels_n[:DIGITS],
        PAIRS,
        seeded(NOISE_SEED, "pairs"),
    )
    right = HALFWAY[(drawn >= CLOSE * faded) + (faded < CLOSE * drawn)]
    return Answer(
        right,
        say(
            "Over {pairs} random pairs of clean digits, the nearest third digit is "
            "{drawn:.1f} away from the decoded picture and {faded:.1f} away from the "
            "cross-fade (squared distance, summed over the 784 pixels; mean of the pairs).",
            pairs=PAIRS,
            drawn=drawn,
            faded=faded,
        ),
    )
