"""What the question cards of the lessons find out from the networks at hand."""

from __future__ import annotations

from ae_core.metrics import explained_variance
from ae_core.models import reconstruct
from ae_core.store import StoredRun
from pages.shared import lab
from pages.shared.question import Answer

SHARES = ("Less than half.", "Half to nine tenths.", "More than nine tenths.")


def kept(run: StoredRun) -> Answer:
    """How much of the variance of held-back digits a network's reconstructions explain."""
    test_nhw = lab.digits().test_nhw
    share = explained_variance(reconstruct(lab.network(run), test_nhw), test_nhw)
    right = SHARES[(share >= 0.5) + (share > 0.9)]
    return Answer(right, f"Over {len(test_nhw):,} held-back digits its reconstructions show {share:.0%} of the variance between them.")
