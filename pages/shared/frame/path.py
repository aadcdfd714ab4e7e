"""The guided path: which lesson follows which, and how far along it a visitor is."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from html import escape

from ae_core.words.sentences import say


@dataclass(frozen=True)
class Lesson:
    """A page on the path: its file, its name, what it answers, and an icon."""

    page: str
    name: str
    promise: str
    icon: str


PATH = (
    Lesson("home", say("Home"), say("squeezed through a bottleneck, drawn again"), ":material/home:"),
    Lesson("fully_connected", "FAE", say("every pixel at once"), ":material/hub:"),
    Lesson("convolutional", "CAE", say("small filters that slide"), ":material/grid_on:"),
    Lesson("denoising", "DAE", say("noisy in, clean out"), ":material/auto_fix_high:"),
    Lesson(
        "difference",
        say("What is the difference?"),
        say("one architecture, two trainings"),
        ":material/balance:",
    ),
    Lesson(
        "surprises",
        say("What do you think of this?"),
        say("pictures that the networks never saw"),
        ":material/psychology_alt:",
    ),
    Lesson("comparison", say("Comparison"), say("which is best, and at what?"), ":material/compare:"),
    Lesson(
        "latent_space",
        say("Latent space"),
        say("where digits lie, and what lies between"),
        ":material/scatter_plot:",
    ),
    Lesson("reading", say("Further reading"), say("where all this comes from"), ":material/menu_book:"),
)
BESIDE = (
    Lesson("your_digit", say("Your digit"), say("draw or upload one"), ":material/draw:"),
    Lesson("runs", say("Runs"), say("compare, take along, delete"), ":material/list:"),
)


def place_on_path(page: str) -> int:
    """Place of a page on the path, from 1; 0 for one beside it."""
    return next((i for i, lesson in enumerate(PATH, 1) if lesson.page == page), 0)


def progress_html(place: int, visited: Set[str]) -> str:
    """The path as a row of marks: the lessons seen, and the one at `place`, from 1."""
    parts = []
    for i, lesson in enumerate(PATH, 1):
        look = "lab-here" if i == place else "lab-seen" if lesson.page in visited else ""
        parts.append(f'<i class="{look}"></i>')
    step = say("Step {place} of {count}", place=place, count=len(PATH))
    told = say("{step}, {seen} seen", step=step, seen=len(visited))
    return (
        f'<div class="lab-path" role="img" aria-label="{escape(told)}">{"".join(parts)}'
        f"<span>{escape(step)}</span></div>"
    )
