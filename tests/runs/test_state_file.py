"""A training's state on disk: what goes in comes out, and nothing else goes in."""

from __future__ import annotations

import pytest
import torch
from safetensors import SafetensorError

from ae_core.runs import state_file


def test_what_goes_in_comes_out():
    wide = torch.rand(4, 3, 5, 6).to(memory_format=torch.channels_last)
    state = {
        "epoch": 3,
        "rate": 0.1,
        "name": "née",
        "fused": True,
        "nothing": None,
        "empty": [],
        "optimiser": {
            "state": {0: {"exp_avg": wide, "step": torch.tensor(7.0)}, 1: {"exp_avg": torch.rand(2).half()}}
        },
        "random": torch.Generator().get_state(),
    }
    back = state_file.unpack_state(state_file.pack_state(state))
    assert {key: back[key] for key in ("epoch", "rate", "name", "fused", "nothing", "empty")} == {
        key: state[key] for key in ("epoch", "rate", "name", "fused", "nothing", "empty")
    }
    moments = back["optimiser"]["state"]
    assert list(moments) == [0, 1]
    assert moments[0]["exp_avg"].equal(wide)
    assert moments[0]["exp_avg"].stride() == wide.stride()
    assert moments[0]["step"].shape == ()
    assert moments[1]["exp_avg"].dtype == torch.float16
    assert back["random"].equal(state["random"])


def test_parts_of_one_memory_are_kept_each_by_itself():
    whole = torch.arange(6.0)
    back = state_file.unpack_state(state_file.pack_state([whole[:3], whole[3:], (whole, 1)]))
    assert [part.tolist() for part in (back[0], back[1], back[2][0])] == [
        [0, 1, 2],
        [3, 4, 5],
        [0, 1, 2, 3, 4, 5],
    ]


@pytest.mark.parametrize(
    "what", [print, object(), {1, 2}, b"bytes"], ids=["function", "object", "set", "bytes"]
)
def test_what_could_run_or_is_not_foreseen_has_no_place(what):
    with pytest.raises(TypeError, match="has no place in a checkpoint"):
        state_file.pack_state({"state": [what]})


def test_other_files_are_no_state():
    with pytest.raises(SafetensorError):
        state_file.unpack_state(b"PK\x03\x04 what torch.save writes")
