"""One filter at one place of a picture: the pixels below it, its weights, and the number that they make."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ae_core.models import Autoencoder, feature_maps


@dataclass(frozen=True)
class Product:
    """What a filter of the first convolution makes at one place.

    filter: which one, from 0. y, x: the place in its map. top, left: of the patch in the picture, in pixels;
    negative where it reaches over the edge, into the border of `padding` zeros on each side. stride: pixels
    from one place to the next. patch_kk, weights_kk: k × k of each.
    total: their products, added up, and the filter's bias. made: what the activation makes of that, the
    number in the map. map_hw: all of the map.
    """

    filter: int
    y: int
    x: int
    top: int
    left: int
    stride: int
    padding: int
    patch_kk: Tensor
    weights_kk: Tensor
    bias: float
    total: float
    made: float
    map_hw: Tensor

    @property
    def products_kk(self) -> Tensor:
        """Each pixel times its weight."""
        return self.patch_kk * self.weights_kk


def find_strongest(model: Autoencoder, image_hw: Tensor) -> tuple[int, int, int]:
    """Filter, row and column of the largest number that the first convolution makes of a picture."""
    maps_chw = feature_maps(model, image_hw)[0][1]
    where = int(maps_chw.argmax())
    _, height, width = maps_chw.shape
    return where // (height * width), where // width % height, where % width


@torch.inference_mode()
def multiply_at(model: Autoencoder, image_hw: Tensor, which: int, y: int, x: int) -> Product:
    """The product of a filter of the first convolution with the picture (28, 28), at a place of its map."""
    layer = next(each for each in model.encoder if isinstance(each, nn.Conv2d))
    (kernel, _), (stride, _) = layer.kernel_size, layer.stride
    padding = layer.padding[0]
    assert isinstance(padding, int)
    top, left = y * stride - padding, x * stride - padding
    around_hw = F.pad(image_hw, (padding,) * 4)
    patch_kk = around_hw[y * stride :, x * stride :][:kernel, :kernel]
    weights_kk = layer.weight[which, 0].cpu()
    assert layer.bias is not None
    bias = float(layer.bias[which])
    map_hw = feature_maps(model, image_hw)[0][1][which]
    total = float((patch_kk * weights_kk).sum()) + bias
    made = float(map_hw[y, x])
    return Product(which, y, x, top, left, stride, padding, patch_kk, weights_kk, bias, total, made, map_hw)
