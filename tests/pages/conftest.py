"""What tests of pages stand on: no page starts the training process."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ae_core.service import cluster, dispatch


@pytest.fixture(autouse=True)
def no_training_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are looked at, not trained on: tests of the service and in a browser start the real one."""
    monkeypatch.setattr(cluster, "ensure_cluster_started", lambda store: None)
    monkeypatch.setattr(dispatch, "keep_dispatching", lambda store: SimpleNamespace(problem="", workers=1))
