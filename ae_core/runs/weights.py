"""A network's weights as a file's content, and back."""

from __future__ import annotations

from safetensors import SafetensorError
from safetensors.torch import load, save

from ae_core.config import ModelConfig
from ae_core.models import Autoencoder, build_model


def pack_weights(model: Autoencoder) -> bytes:
    """The weights as a safetensors file."""
    # Half the memory layouts in use cannot be saved as they are; the values are the same.
    return save({name: tensor.contiguous() for name, tensor in model.state_dict().items()})


def unpack_network(content: bytes, config: ModelConfig) -> Autoencoder:
    """The network with these weights, ready for inference: eval mode, no gradients.

    Raises ValueError for weights of another network, and for what is no such file.
    """
    model = build_model(config)
    try:
        model.load_state_dict(load(content))
    except (SafetensorError, RuntimeError) as problem:
        raise ValueError(f"these are not its weights ({problem})") from problem
    return model.eval().requires_grad_(False)
