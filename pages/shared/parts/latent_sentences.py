"""What is said of a map of codes, and of the picture halfway between two digits."""

from __future__ import annotations

from ae_core.study.latent import Plane
from ae_core.words.sentences import say
from pages.shared import display

HALFWAY = (
    say("Yes, the decoded picture is nearer."),
    say("Within a tenth of each other."),
    say("No, the cross-fade is nearer."),
)


def axis_titles(plane: Plane, size: int) -> tuple[str, str]:
    """Titles of the axes of a map of codes of `size` numbers."""
    if plane.along:
        return say("1st principal direction"), say("2nd principal direction")
    return say("1st number of the code"), say("2nd number") if size == 2 else ""


def shown_share_words(plane: Plane, size: int) -> str:
    """How much of the codes of `size` numbers such a map shows, in a sentence."""
    if plane.along is None:
        return (
            say("Nothing is left out: a code is a point of this plane.")
            if size == 2
            else say("A code is one number: all lie on a line.")
        )
    return say(
        "A code has {size} numbers; these two directions show {share} of the variance between the codes.",
        size=size,
        share=display.share_words(plane.share),
    )
