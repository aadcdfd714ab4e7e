"""A network given its own output: the measures, on networks whose course is known and on shipped ones."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ae_core import config
from ae_core.figures import iteration as iteration_figures
from ae_core.models import Autoencoder, reconstruct
from ae_core.study import iteration
from ae_core.study.classifier import read_right, shipped_classifier
from ae_core.study.iteration import ANOTHER, MOVING, SAME, SETTLED, STEPS, Course


class Invert(nn.Module):
    """Never comes to rest: x -> 1 - x."""

    def forward(self, images_bchw):
        return 1 - images_bchw


class Forget(nn.Module):
    """Sends every picture half of the way to black."""

    def forward(self, images_bchw):
        return images_bchw / 2


def network_of(layer):
    # A weight only to tell the device by.
    model = Autoencoder(
        nn.Sequential(nn.Unflatten(1, (1,)), nn.Flatten()), nn.Sequential(nn.Unflatten(1, (1, 28, 28)), layer)
    )
    model.register_parameter("nothing", nn.Parameter(torch.zeros(1)))
    return model


@pytest.fixture
def shipped(store):
    run = store.shipped_like(config.adjusted(config.CAE, model={"latent_size": 2}))
    return store.load_model(run)


def test_each_step_is_the_network_applied_to_the_last(shipped, digits):
    x = digits.test_nhw[:5]
    path = iteration.iterate(shipped, x, 3)
    assert path.shape == (4, 5, 28, 28)
    assert path[0].equal(x)
    torch.testing.assert_close(path[3], reconstruct(shipped, reconstruct(shipped, reconstruct(shipped, x))))


def test_change_is_the_root_mean_squared_change_of_a_pixel(digits):
    path = torch.stack([digits.test_nhw[:4], digits.test_nhw[4:8]])
    expected = [float((((b - a) ** 2).sum() / 784).sqrt()) for a, b in zip(*path, strict=True)]
    assert iteration.change_per_step(path)[0].tolist() == pytest.approx(expected, rel=1e-5)


def test_a_network_that_gives_back_what_it_is_given_converges_at_once(digits):
    course = iteration.measure_course(network_of(nn.Identity()), digits)
    assert course.verdict == "converges"
    assert course.settled == course.digits == 100
    assert course.counts[ANOTHER] == 100 - course.same_class
    assert course.spread == pytest.approx(1)
    assert course.same_class > 90  # as often as the nearest digit of 60,000 is one of the same class


def test_a_network_that_never_rests_drifts(digits):
    course = iteration.measure_course(network_of(Invert()), digits)
    assert course.verdict == "drifts"
    assert course.commonest_end == MOVING
    assert course.counts[MOVING] == 100
    assert course.change_t[-1] > 0.5


def test_a_network_that_forgets_everything_collapses(digits):
    course = iteration.measure_course(network_of(Forget()), digits)
    assert course.verdict == "collapses"
    assert course.spread < 1e-6
    torch.testing.assert_close(course.change_t[1:] / course.change_t[:-1], torch.full((STEPS - 1,), 0.5))


def test_the_shipped_cae_with_a_code_of_2_numbers_is_measured_as_defined(shipped, digits):
    course = iteration.measure_course(shipped, digits)
    x = end = digits.test_nhw[:100]
    for _ in range(STEPS):
        before, end = end, reconstruct(shipped, end)
    change = ((end - before) ** 2).mean((1, 2)).sqrt()
    # A digit at the very edge of having settled may fall on either side.
    assert abs(course.settled - int((change < SETTLED).sum())) <= 1
    apart, apart_at_last = (
        float(torch.cdist(images.flatten(1), images.flatten(1)).sum()) for images in (x, end)
    )
    assert course.spread == pytest.approx(apart_at_last / apart, rel=0.01)
    assert sum(course.counts.values()) == 100
    layers, labels = shipped_classifier().layers, digits.test_labels_n[:100]
    assert course.read == pytest.approx(int(read_right(layers, end, labels).sum()), abs=1)
    at_first = read_right(layers, reconstruct(shipped, x), labels)
    assert course.read_at_first == pytest.approx(int(at_first.sum()), abs=1)


def test_curves_differ_in_dash_and_marker_and_never_leave_the_log_axis():
    ends = {SAME: 1, ANOTHER: 0, MOVING: 0}
    course = Course(torch.zeros(7, 8, 28, 28), torch.zeros(STEPS), ends, 1, 1, 1.0)
    figure = iteration_figures.change_curves({"FAE": course, "CAE": course, "DAE": course})
    assert len({(line.line.dash, line.marker.symbol) for line in figure.data}) == 3
    assert all(min(line.y) > 0 for line in figure.data)
    assert figure.layout.yaxis.type == "log"
