"""Pictures that no network here has learnt to draw, made by code, and what a network makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn import functional as F

from ae_core.data import Digits, mean_digit
from ae_core.metrics import nearest_distance, shown_ratio, squared_error
from ae_core.models import Autoencoder, as_picture, reconstruct
from ae_core.pictures.page import prepare_drawing
from ae_core.study.from_noise import usual_distance
from ae_core.training import seeded
from ae_core.words.sentences import say

PAPER = 400
LETTER_SIZE = 240
SHIFT = 4
# An experiment moves a picture that fills the middle so far to the right that its ink stays in the frame.
ASIDE = 3
# Decimal places of the errors as they are shown: the smallest median is below 1.
PLACES = 2
HELD_BACK = 1000

AS_WELL = say("as well as a digit")
MOST = say("worse than most digits")
WORSE = say("worse than nearly all digits")
LOST = say("lost")
REPLACED = say("more like a digit")
NEITHER = say("like neither")
VERDICTS = (AS_WELL, MOST, WORSE, LOST, REPLACED, NEITHER)
# What is nearer to what went in than to any digit gets the first of these verdicts of which at most this
# share of the network's own held-back digits has a smaller squared error; WORSE is beyond.
SHARES = {AS_WELL: 0.75, MOST: 0.95}
# Of the error that always drawing the mean digit has on digits: as much as this, and a picture is lost.
LOST_SHARE = 0.5
# What came back, by how well, from the best on.
LEVELS = (AS_WELL, MOST, WORSE)
# Neither what went in nor a digit.
GONE = (LOST, NEITHER)

SAME = say("The same picture, as well as a digit.")
ROUGHLY = say("More like what went in than like a digit, but worse.")
DIGIT = say("Something more like a digit than like what went in.")
NOTHING = say("Neither: far from what went in, and near no digit.")
ANSWERS = {AS_WELL: SAME, MOST: ROUGHLY, WORSE: ROUGHLY, LOST: NOTHING, REPLACED: DIGIT, NEITHER: NOTHING}


@dataclass(frozen=True)
class Oddity:
    """A picture that is no ordinary digit: its name, what it is in one line, and how it is made.

    exactly: what stands after the name where that alone could be taken for something else on the page.
    `draw` may use held-back digits and gives (28, 28) float32 in [0, 1].
    why: what we think explains what comes out, for each of VERDICTS. Where one thing about the picture can be
    changed to try that, `changed` draws it so, and `change` says what was changed.
    """

    name: str
    what: str
    draw: Callable[[Digits], Tensor]
    why: Mapping[str, str] = field(default_factory=dict)
    change: str = ""
    changed: Callable[[Digits], Tensor] | None = None
    exactly: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came out of a network for one picture. All errors and distances are squared, over 784 pixels.

    output_hw: (28, 28) in [0, 1]. error: its error against what went in. median: that of the `held_back`
    held-back digits, of which `better` have a smaller one. digit_distance: between the output and the nearest
    of all held-back digits; picture_distance: the same of what went in. bounds: the largest error of each of
    SHARES. near: what counts as near a digit. always_mean: a held-back digit's distance from the mean digit,
    mean over all. ink: mean grey of what went in.
    """

    output_hw: Tensor
    error: float
    median: float
    better: int
    held_back: int
    digit_distance: float
    picture_distance: float
    bounds: Mapping[str, float]
    near: float
    always_mean: float
    ink: float

    @property
    def times_shown(self) -> float:
        """How many times the median held-back digit's error, of the two with PLACES decimal places."""
        return shown_ratio(self.error, self.median, PLACES)

    @property
    def lost(self) -> float:
        """The error above which a picture that came out as no digit either is lost."""
        return LOST_SHARE * self.always_mean

    @property
    def verdict(self) -> str:
        """One of VERDICTS: nearer to a held-back digit than to what went in; else by how well it came out."""
        if self.digit_distance < self.error:
            return REPLACED if self.digit_distance <= self.near else NEITHER
        if self.error > self.lost and self.digit_distance > self.near:
            return LOST
        return next((level for level, bound in self.bounds.items() if self.error <= bound), WORSE)

    @property
    def answer(self) -> str:
        """The one of ANSWERS that is right of it."""
        return ANSWERS[self.verdict]


def letter(character: str, digits: Digits) -> Tensor:
    """A printed letter, prepared as a visitor's digit is: 20 pixels long, centred."""
    paper = Image.new("L", (PAPER, PAPER), 255)
    ImageDraw.Draw(paper).text(
        (PAPER / 2, PAPER / 2), character, font=ImageFont.load_default(LETTER_SIZE), anchor="mm", fill=0
    )
    return prepare_drawing(np.asarray(paper.convert("RGB"))).digit_hw


def face(digits: Digits) -> Tensor:
    """A round face: outline, two eyes, a mouth."""
    paper = Image.new("L", (PAPER, PAPER), 255)
    pen = ImageDraw.Draw(paper)
    pen.ellipse((50, 50, 350, 350), outline=0, width=32)
    pen.ellipse((130, 135, 170, 175), fill=0)
    pen.ellipse((230, 135, 270, 175), fill=0)
    pen.arc((125, 150, 275, 285), 20, 160, fill=0, width=30)
    return prepare_drawing(np.asarray(paper.convert("RGB"))).digit_hw


def upside_down(digit: int, digits: Digits) -> Tensor:
    """A held-back digit turned by half a turn."""
    return _held_back(digit, digits).flip(0, 1)


def mirrored(digit: int, digits: Digits) -> Tensor:
    """A held-back digit with left and right exchanged."""
    return _held_back(digit, digits).flip(1)


def inverted(digit: int, digits: Digits) -> Tensor:
    """A held-back digit, dark on light."""
    return 1 - _held_back(digit, digits)


def shifted(digit: int, digits: Digits) -> Tensor:
    """A held-back digit moved to the upper left; what leaves the frame is lost."""
    return F.pad(_held_back(digit, digits), (-SHIFT, SHIFT, -SHIFT, SHIFT))


def two_digits(left: int, right: int, digits: Digits) -> Tensor:
    """Two held-back digits beside each other, each at half its width."""
    halves = [F.avg_pool2d(_held_back(digit, digits)[None], (1, 2))[0] for digit in (left, right)]
    return torch.cat(halves, 1)


def blank(digits: Digits) -> Tensor:
    """No ink."""
    return torch.zeros(28, 28)


def noise(digits: Digits) -> Tensor:
    """Every pixel drawn by itself, every grey equally likely."""
    return torch.rand(28, 28, generator=seeded(0, "oddities"))


def moved_aside(draw: Callable[[Digits], Tensor], digits: Digits) -> Tensor:
    """Another picture, ASIDE pixels farther to the right."""
    return F.pad(draw(digits), (ASIDE, -ASIDE))


def one_digit(digit: int, digits: Digits) -> Tensor:
    """A held-back digit as it is."""
    return _held_back(digit, digits)


def even_grey(digits: Digits) -> Tensor:
    """The mean grey of `noise` in every pixel."""
    return torch.full((28, 28), float(noise(digits).mean()))


def _held_back(digit: int, digits: Digits) -> Tensor:
    """The first held-back digit of its class."""
    return digits.test_nhw[(digits.test_labels_n == digit).nonzero()[0, 0]]


def _causes(
    as_well: str = "", most: str = "", worse: str = "", replaced: str = "", gone: str = ""
) -> dict[str, str]:
    """What explains each of VERDICTS; where nothing is said, what holds of every picture."""
    roughly = worse or say("It learnt to describe digits, and this is none: its code says it only roughly.")
    other = replaced or say(
        "Its code has hardly any number for what this picture is made of, and the decoder can "
        "only draw what a code says."
    )
    return {
        AS_WELL: as_well
        or say("It never saw anything of the kind, but its code has room for what is needed here."),
        MOST: most or roughly,
        WORSE: roughly,
        REPLACED: other,
        **dict.fromkeys(GONE, gone or other),
    }


STROKES = _causes(
    as_well=say(
        "The code describes strokes, not digits: what is made of strokes of the usual width, "
        "in the usual place, can be written down in it."
    ),
    most=say(
        "The code describes strokes, not digits, and can say these; but they run and meet as no digit's do, "
        "so it says them less well."
    ),
    worse=say(
        "The code describes strokes, but these run and meet as no digit's do, and what digits never do "
        "is only roughly said in it."
    ),
    replaced=say(
        "Too little of these strokes is left in the code, and digits are all that the decoder has "
        "learnt to draw: from what is left it draws something like one."
    ),
    gone=say("So much of it is like no digit that the code can say neither it nor a digit."),
)
TURNED = _causes(
    as_well=say(
        "Its strokes are as thick and as central as any digit's, and strokes are what the code describes."
    ),
    worse=say("Its strokes are as thick and as central as any digit's, but lie as no digit's do."),
    replaced=STROKES[REPLACED],
    gone=STROKES[LOST],
)
UNLIKE_PAPER = say(
    "Bright paper was never seen: every digit it learnt from is bright on black, and "
    "most of its pixels are 0."
)
AT_THE_EDGE = say(
    "All digits it learnt from have their centre of mass in the middle: strokes at the edge were never seen."
)
TWO_AT_ONCE = say("The code has room for the strokes of one digit, and these are the strokes of two.")
UNRELATED = say("784 numbers that know nothing of each other cannot be told in a short code.")
ASIDE_WORDS = say("moved {aside} pixels to the right", aside=ASIDE)
ODDITIES = {
    **{
        f"letter_{c.lower()}": Oddity(
            say("the letter {c}", c=c),
            say("A printed capital."),
            partial(letter, c),
            STROKES,
            ASIDE_WORDS,
            partial(moved_aside, partial(letter, c)),
        )
        for c in "KAEMSX"
    },
    "face": Oddity(
        say("a face"),
        say("A circle, two dots and an arc."),
        face,
        STROKES,
        ASIDE_WORDS,
        partial(moved_aside, face),
    ),
    "upside_down": Oddity(
        say("an upside-down 4"),
        say("A held-back digit, turned by half a turn."),
        partial(upside_down, 4),
        TURNED,
        say("turned back"),
        partial(one_digit, 4),
    ),
    "mirrored": Oddity(
        say("a mirrored 3"),
        say("A held-back digit, left and right exchanged."),
        partial(mirrored, 3),
        TURNED,
        say("turned back"),
        partial(one_digit, 3),
    ),
    "inverted": Oddity(
        say("an inverted 2"),
        say("A held-back digit, dark on light."),
        partial(inverted, 2),
        _causes(worse=UNLIKE_PAPER, replaced=UNLIKE_PAPER),
        say("with light and dark as usual"),
        partial(one_digit, 2),
    ),
    "shifted": Oddity(
        say("a shifted 5"),
        say("A held-back digit, {shift} pixels up and {shift} to the left.", shift=SHIFT),
        partial(shifted, 5),
        _causes(worse=AT_THE_EDGE, replaced=AT_THE_EDGE),
        say("back in the middle"),
        partial(one_digit, 5),
    ),
    "two_digits": Oddity(
        say("a 4 and a 2 at once"),
        say("Two held-back digits, each at half its width."),
        partial(two_digits, 4, 2),
        _causes(worse=TWO_AT_ONCE, replaced=TWO_AT_ONCE),
        say("the 4 alone"),
        partial(one_digit, 4),
    ),
    "blank": Oddity(
        say("a blank page"),
        say("No ink at all."),
        blank,
        _causes(
            as_well=say(
                "Black is what most pixels of every digit are, so it is nearly right wherever "
                "nothing says otherwise."
            )
        ),
    ),
    "noise": Oddity(
        say("pure noise"),
        say("Every pixel drawn by itself, every grey equally likely."),
        noise,
        _causes(worse=UNRELATED, replaced=UNRELATED),
        say("every pixel at the mean grey"),
        even_grey,
        say("every grey equally likely"),
    ),
}


def draw_oddities(digits: Digits) -> Tensor:
    """All of ODDITIES, in their order: (n, 28, 28)."""
    return torch.stack([oddity.draw(digits) for oddity in ODDITIES.values()])


def measure_outcomes(model: Autoencoder, images_nhw: Tensor, digits: Digits) -> list[Outcome]:
    """What the network makes of each picture (n, 28, 28), beside what it makes of held-back digits."""
    all_nhw = digits.test_nhw
    test_nhw = all_nhw[:HELD_BACK]
    usual_n = squared_error(as_picture(reconstruct(model, test_nhw)), test_nhw).sort().values
    # No larger share of the digits is below it.
    bounds = {level: float(usual_n[int(share * len(usual_n))]) for level, share in SHARES.items()}
    mean_hw = mean_digit(digits.train_bytes_nhw)
    near = usual_distance(all_nhw)
    always_mean = float(squared_error(all_nhw, mean_hw.expand_as(all_nhw)).mean())
    outputs_nhw = as_picture(reconstruct(model, images_nhw))
    errors_n = squared_error(outputs_nhw, images_nhw)
    distances_n = nearest_distance(outputs_nhw, all_nhw)
    own_distances_n = nearest_distance(images_nhw, all_nhw)
    return [
        Outcome(
            output_hw=output_hw,
            error=float(error),
            median=float(usual_n.median()),
            better=int((usual_n < error).sum()),
            held_back=len(usual_n),
            digit_distance=float(distance),
            picture_distance=float(own_distance),
            bounds=bounds,
            near=near,
            always_mean=always_mean,
            ink=float(image_hw.mean()),
        )
        for image_hw, output_hw, error, distance, own_distance in zip(
            images_nhw, outputs_nhw, errors_n, distances_n, own_distances_n, strict=True
        )
    ]


def stack_outputs(those: list[Outcome]) -> Tensor:
    """What came out, side by side: (n, 28, 28)."""
    return torch.stack([outcome.output_hw for outcome in those])
