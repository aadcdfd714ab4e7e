"""What the question cards of the lessons find out from the networks at hand."""

from __future__ import annotations

from ae_core.metrics import explained_variance
from ae_core.models import reconstruct
from ae_core.runs.run_folder import StoredRun
from ae_core.words.sentences import say
from pages.shared import lab
from pages.shared.display import share_words
from pages.shared.question import Answer

SHARES = (say("Less than half."), say("Half to nine tenths."), say("More than nine tenths."))


def judge_variance_kept(run: StoredRun) -> Answer:
    """Answer: how much of the variance of held-back digits a network's reconstructions explain."""
    test_nhw = lab.digits().test_nhw
    return variance_answer(
        explained_variance(reconstruct(lab.load_network(run), test_nhw), test_nhw), len(test_nhw)
    )


def variance_answer(share: float, count: int) -> Answer:
    """Answer: in which of SHARES a share of the variance lies, judged by the figure as it is shown.

    A share is below 0 where nothing is explained. count: of digits it was measured on.
    """
    shown = round(share, 2)
    right = SHARES[(shown >= 0.5) + (shown > 0.9)]
    kept = say("show {share}", share=share_words(share)) if shown >= 0 else say("show nothing")
    return Answer(
        right,
        say(
            "Over {count:,} held-back digits, which it has not learnt from, its "
            "reconstructions {kept} of the variance between them. Variance counts every "
            "pixel alike: it does not say how well a 4 can still be told from a 9.",
            count=count,
            kept=kept,
        ),
    )
