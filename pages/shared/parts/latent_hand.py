"""What follows the hand in the space of codes: walk, place under the pointer, directions, plane."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from ae_core.living.packing import pack_digits, pack_floats
from ae_core.runs.run_folder import StoredRun
from ae_core.study.latent import Area, Plane, Principal
from ae_core.words.sentences import say
from pages.shared import session
from pages.shared.browser.living import draw_living, network_address

POSITION = "latent_position"
FIRST_WALK, FIRST_PLACE, FIRST_CODES = "latent_first", "latent_place_first", "latent_codes_first"
AT, REBUILT_A, REBUILT_B = say("at {percent}%"), "D(E(A))", "D(E(B))"
MEAN, MOVED, CHOSEN_PLACE = say("the mean code"), say("your code"), say("decoded there")
PLACE = say("decoded at this place")
NEAR, FAR = say("nearest point: a digit {digit}"), say("no digit’s point is near")


def draw_walk(
    run: StoredRun, seen_2hw: Tensor, codes_2l: Tensor, names: tuple[str, str], plane: Plane
) -> None:
    """Have the walk from A to B follow its slider, and the map's places be decoded under the pointer.

    seen_2hw: A and B as the network sees them; codes_2l: their codes; plane: on which the map shows codes.
    """
    part = {
        "pictures": pack_digits(seen_2hw),
        "codes": pack_floats(codes_2l),
        "points": pack_floats(plane.place(codes_2l)),
        "names": names,
        "plane": {"size": codes_2l.shape[1], **(_pack_principal(plane.along) if plane.along else {})},
        "dial": POSITION,
        "chart": session.LATENT_MAP,
        "words": {
            "at": AT, "rebuilt_a": REBUILT_A, "rebuilt_b": REBUILT_B,
            "place": PLACE, "near": NEAR, "far": FAR,
        },
    }  # fmt: skip
    _draw_part("walk", run, part, FIRST_WALK)


def draw_directions(run: StoredRun, along: Principal, dials: Sequence[str]) -> None:
    """Have the code that is pulled from the mean follow the sliders `dials`, one for each direction."""
    deviations = {
        "mean": along.pca.mean_p,
        "directions": along.deviations_k[:, None] * along.pca.components_lp,
    }
    part = {
        "size": len(along.pca.mean_p),
        **{name: pack_floats(values) for name, values in deviations.items()},
        "dials": dials,
        "words": {"mean": MEAN, "moved": MOVED},
    }
    _draw_part("directions", run, part, FIRST_CODES)


def draw_plane(run: StoredRun, over: Area, dials: Sequence[str]) -> None:
    """Have the code of two numbers that is decoded follow the sliders `dials` and the pointer."""
    part = {
        "low": over.low_d.tolist(),
        "high": over.high_d.tolist(),
        "dials": dials,
        "chart": session.LATENT_MANIFOLD,
        "words": {"chosen": CHOSEN_PLACE, "place": PLACE},
    }
    _draw_part("manifold", run, part, FIRST_PLACE)


def _pack_principal(along: Principal) -> dict[str, str]:
    return {"mean": pack_floats(along.pca.mean_p), "directions": pack_floats(along.pca.components_lp)}


def _draw_part(name: str, run: StoredRun, part: dict[str, object], first: str) -> None:
    draw_living(
        "parts",
        f"{first}_living",
        {"part": name, "networks": [network_address(run)], **part},
        stands_for=first,
    )
