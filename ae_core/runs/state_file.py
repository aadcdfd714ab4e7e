"""A training's state as bytes, and back: tensors in safetensors, all else in JSON, so nothing can run.

to_bytes({"step": 3, "optimiser": {"state": {0: {"exp_avg": tensor}}}})
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor

OUTLINE = "outline"


def pack_state(state: object) -> bytes:
    """Bytes of dictionaries, lists and tuples of tensors, numbers, text, booleans and None, however deep.

    Keys are text or whole numbers.

    Raises TypeError for anything else.
    """
    tensors: dict[str, Tensor] = {}
    outline = json.dumps(_outlined(state, tensors)).encode()
    return save({**tensors, OUTLINE: torch.from_numpy(np.frombuffer(outline, np.uint8).copy())})


def unpack_state(content: bytes) -> Any:
    """What `pack_state` was given, but that tuples have become lists.

    Tensors lie in memory as they lay: a fused optimiser relies on it.
    """
    tensors = load(content)
    return _filled(json.loads(tensors.pop(OUTLINE).numpy().tobytes()), tensors)


def _outlined(part: object, tensors: dict[str, Tensor]) -> object:
    """`part` as JSON has it.

    Tensors go into `tensors`; dictionaries become pairs, because JSON knows no whole numbers as keys.
    """
    match part:
        case Tensor():
            name = str(len(tensors))
            tensors[name] = part.detach().clone(memory_format=torch.contiguous_format)
            return {
                "tensor": name,
                "channels_last": part.dim() == 4 and part.is_contiguous(memory_format=torch.channels_last),
            }
        case dict():
            return {"pairs": [[key, _outlined(value, tensors)] for key, value in part.items()]}
        case list() | tuple():
            return [_outlined(value, tensors) for value in part]
        case str() | int() | float() | None:
            return part
    raise TypeError(f"{type(part).__name__} has no place in a checkpoint.")


def _filled(outline: Any, tensors: dict[str, Tensor]) -> Any:
    match outline:
        case {"tensor": name, "channels_last": channels_last}:
            return tensors[name].to(memory_format=torch.channels_last) if channels_last else tensors[name]
        case {"pairs": pairs}:
            return {key: _filled(value, tensors) for key, value in pairs}
        case list():
            return [_filled(value, tensors) for value in outline]
    return outline
