"""Ink that belongs together, and the box around it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle of a picture, in its pixels; the last row and column are just outside."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def side(self) -> int:
        """The longer of height and width."""
        return max(self.bottom - self.top, self.right - self.left)


@dataclass(frozen=True)
class Piece:
    """Ink that belongs together: the box around it, and which labels of the page it has."""

    box: Box
    labels: tuple[int, ...]
    area: int

    @property
    def height(self) -> int:
        return self.box.bottom - self.box.top

    @property
    def width(self) -> int:
        return self.box.right - self.box.left

    @property
    def side(self) -> int:
        return max(self.height, self.width)

    @property
    def middle(self) -> tuple[float, float]:
        return (self.box.top + self.box.bottom) / 2, (self.box.left + self.box.right) / 2

    def __or__(self, other: Piece) -> Piece:
        one, two = self.box, other.box
        box = Box(
            min(one.top, two.top),
            min(one.left, two.left),
            max(one.bottom, two.bottom),
            max(one.right, two.right),
        )
        return Piece(box, self.labels + other.labels, self.area + other.area)
