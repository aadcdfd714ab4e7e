"""The space of codes: where digits lie on a plane, what lies between two, what is drawn elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ae_core.baselines import PCA, fit_pca
from ae_core.models import Autoencoder, codes_of, pictures_of

HALFWAY = 0.5
# The first step of a search, against the codes' root mean square.
SEARCH_STEP = 0.1
SEARCHED_AT_ONCE = 500


@dataclass(frozen=True)
class Principal:
    """Codes seen along their leading principal directions.

    pca: mean (l,) and k directions (k, l) of the codes; deviations_k: the codes' standard deviation along
    each;
    shares_k: the share of their variance along each.
    """

    pca: PCA
    deviations_k: Tensor
    shares_k: Tensor

    def moved(self, amounts_k: Sequence[float]) -> Tensor:
        """The code m + Σ a·s·v: from the mean, so many standard deviations along each direction. (1, l)."""
        return (
            self.pca.mean_p[None]
            + (torch.tensor(amounts_k) * self.deviations_k)[None] @ self.pca.components_lp
        )


def principal_directions(codes_nl: Tensor, count: int) -> Principal:
    """The `count` leading principal directions of codes (n, l), by falling variance; all l if fewer."""
    pca = fit_pca(codes_nl, min(count, codes_nl.shape[1]))
    variances_k = pca.encode(codes_nl).var(0, correction=0)
    total = codes_nl.var(0, correction=0).sum().clamp(min=torch.finfo(torch.float32).tiny)
    return Principal(pca, variances_k.sqrt(), variances_k / total)


@dataclass(frozen=True)
class Plane:
    """How codes are drawn on a plane: as they are (`along` is None), or along two principal directions.

    Those are the two leading ones.
    """

    along: Principal | None

    def place(self, codes_nl: Tensor) -> Tensor:
        """(n, l) -> (n, 2).

        A straight line between two codes stays one. A code of one number lies on the line y = 0.
        """
        points_nd = self.along.pca.encode(codes_nl) if self.along else codes_nl
        return F.pad(points_nd, (0, 2 - points_nd.shape[1]))

    def codes_at(self, points_n2: Tensor, size: int) -> Tensor:
        """The codes of `size` numbers that places on the plane stand for: (n, 2) -> (n, l).

        Along two directions: m + u·d₁ + v·d₂, the codes' mean in all other directions.
        """
        if self.along is None:
            return points_n2[:, :size]
        return self.along.pca.mean_p + points_n2 @ self.along.pca.components_lp

    @property
    def share(self) -> float:
        """How much of the codes' variance the plane shows, from 0 to 1."""
        return float(self.along.shares_k.sum()) if self.along else 1.0


def best_plane(codes_nl: Tensor) -> Plane:
    """The plane on which these codes (n, l) are best seen."""
    return Plane(principal_directions(codes_nl, 2) if codes_nl.shape[1] > 2 else None)


def points_between(one_l: Tensor, other_l: Tensor, positions: Sequence[float]) -> Tensor:
    """Points on the straight line from one to the other, 0 being the one and 1 the other. (…) -> (n, …)."""
    return torch.stack([torch.lerp(one_l, other_l, position) for position in positions])


def even_positions(count: int) -> list[float]:
    """`count` evenly spaced positions from 0 to 1, both included."""
    return [i / (count - 1) for i in range(count)]


def walk_between(model: Autoencoder, one_hw: Tensor, other_hw: Tensor, positions: Sequence[float]) -> Tensor:
    """What the decoder draws on the straight line between the codes of two pictures (28, 28). (n, 28, 28).

    Its ends, at positions 0 and 1, are the reconstructions of the two.
    """
    one_l, other_l = codes_of(model, torch.stack([one_hw, other_hw]))
    return pictures_of(model, points_between(one_l, other_l, positions))


def searched_codes(model: Autoencoder, images_nhw: Tensor, steps: int = 20) -> Tensor:
    """Codes whose pictures are nearer to these than the encoder's codes': (n, 28, 28) -> (n, l).

    The decoder is left as it is.

    The encoder guesses a code at one glance. From that guess, `steps` steps of gradient descent (Adam) on the
    code alone lower the squared error of each picture. What it gains is the encoder's share of the error,
    which Cremer et al. (2018), "Inference suboptimality in variational autoencoders", call the amortisation
    gap.
    """
    found = []
    device = next(model.parameters()).device
    for part_bhw in images_nhw.split(SEARCHED_AT_ONCE):
        target_b1hw = part_bhw[:, None].to(device)
        codes_bl = codes_of(model, part_bhw).clone().requires_grad_()
        optimiser = torch.optim.Adam(
            [codes_bl], lr=SEARCH_STEP * float(codes_bl.detach().square().mean().sqrt())
        )
        for _ in range(steps):
            error = F.mse_loss(model.decode(codes_bl), target_b1hw, reduction="sum")
            (codes_bl.grad,) = torch.autograd.grad(error, [codes_bl])
            optimiser.step()
        found.append(codes_bl.detach())
    return torch.cat(found)


def cross_fade(one_hw: Tensor, other_hw: Tensor, positions: Sequence[float]) -> Tensor:
    """Two pictures laid over each other, the one fading while the other appears: no network. (n, 28, 28)."""
    return points_between(one_hw, other_hw, positions)


@dataclass(frozen=True)
class Area:
    """The rectangle of the plane in which the codes lie: its lowest and highest corner, both (2,)."""

    low_d: Tensor
    high_d: Tensor

    def at(self, shares_nd: Tensor) -> Tensor:
        """Shares of its width and height, from 0 to 1, as codes: (n, 2) -> (n, 2)."""
        return self.low_d + shares_nd * (self.high_d - self.low_d)


def bounding_area(codes_nd: Tensor) -> Area:
    """The smallest rectangle around codes of two numbers (n, 2)."""
    return Area(codes_nd.amin(0), codes_nd.amax(0))


def grid_shares(count: int) -> Tensor:
    """`count` × `count` evenly spaced shares of a rectangle (count², 2).

    As it is read: rows from the top, each from the left.
    """
    along = torch.tensor(even_positions(count))
    y, x = torch.meshgrid(along.flip(0), along, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], dim=1)


def percent_to_shares(percents: Sequence[float]) -> Tensor:
    """One place on a rectangle, given in percent of its width and height, as shares: (1, 2)."""
    return torch.tensor([percents]) / 100


def shares_to_percent(shares_d: Tensor) -> list[float]:
    """The way back from `shares`, for one place (2,), to a tenth of a percent."""
    return [round(100 * share, 1) for share in shares_d.tolist()]


def draw_manifold(model: Autoencoder, codes_nd: Tensor, count: int) -> Tensor:
    """What the decoder draws on a grid over the area of these codes of two numbers: (count², 28, 28).

    In the order of `grid`.
    """
    return pictures_of(model, bounding_area(codes_nd).at(grid_shares(count)))


def random_pairs(labels_n: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Pairs of different digits, as positions (count, 2) in `labels_n`."""
    pairs: list[list[int]] = []
    while len(pairs) < count:
        one, other = torch.randint(len(labels_n), (2,), generator=generator).tolist()
        if labels_n[one] != labels_n[other]:
            pairs.append([one, other])
    return torch.tensor(pairs)


def nearest_distances(pictures_mhw: Tensor, real_nhw: Tensor, but_mk: Tensor) -> Tensor:
    """Squared distance of each picture to the nearest of the real ones, summed over the 784 pixels: (m,).

    but_mk: positions of real pictures (m, k) that do not count for a picture, such as those it was made from.
    """
    distances_mn = torch.cdist(pictures_mhw.flatten(1).double(), real_nhw.flatten(1).double()).square()
    return distances_mn.scatter(1, but_mk, torch.inf).amin(1).float()


def halfway_distances(
    model: Autoencoder, images_nhw: Tensor, labels_n: Tensor, pairs: int, generator: torch.Generator
) -> tuple[float, float]:
    """How far the picture halfway between two different digits is from the nearest third one.

    On average over random pairs.

    For what the decoder draws halfway between the two codes, and for the cross-fade of the two pictures: mean
    squared distances over the 784 pixels.
    """
    pairs_m2 = random_pairs(labels_n, pairs, generator)
    ones_mhw, others_mhw = images_nhw[pairs_m2[:, 0]], images_nhw[pairs_m2[:, 1]]
    codes_ml = torch.lerp(codes_of(model, ones_mhw), codes_of(model, others_mhw), HALFWAY)
    drawn_mhw, faded_mhw = pictures_of(model, codes_ml), torch.lerp(ones_mhw, others_mhw, HALFWAY)
    drawn, faded = (
        float(nearest_distances(pictures, images_nhw, pairs_m2).mean()) for pictures in (drawn_mhw, faded_mhw)
    )
    return drawn, faded
