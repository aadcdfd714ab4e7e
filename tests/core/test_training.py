"""Training: what the network sees, what it is marked against, and that equal settings give equal weights."""

from __future__ import annotations

import hashlib
import multiprocessing
import subprocess
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from ae_core import config, data, training
from ae_core.baselines import fit_pca
from ae_core.config import RunConfig
from ae_core.corruption import CORRUPTIONS, corrupt
from ae_core.data import Digits, as_images
from ae_core.errors import DivergedError
from ae_core.metrics import squared_error
from ae_core.models import build_model, codes_of, parameter_count, reconstruct
from ae_core.runs import state_file
from ae_core.training import (
    BatchDone,
    Checkpoint,
    Codes,
    EpochDone,
    Event,
    Finished,
    OneCycleAdam,
    Snapshot,
    Started,
    build_untrained,
    seeded,
    snapshot_steps,
    train,
    use_one_thread,
)  # fmt: skip

CPU = torch.device("cpu")
SMALL = config.adjusted(config.FAE, model={"hidden_sizes": (32,), "latent_size": 8}, training={"epochs": 2})


def first(digits: Digits, count: int) -> Digits:
    """The first `count` of the digits, and few to be tested on."""
    return Digits(
        digits.name,
        digits.train_bytes_nhw[:count],
        digits.train_labels_n[:count],
        digits.test_nhw[:100],
        digits.test_labels_n[:100],
    )


def events_of(run: RunConfig, digits: Digits, kind: type) -> list:
    return [event for event in train(run, digits, CPU) if isinstance(event, kind)]


def weights_of(run: RunConfig, digits: Digits) -> str:
    """A fingerprint of every byte of the trained weights."""
    (finished,) = events_of(run, digits, Finished)
    tensors = finished.model.state_dict().values()
    return hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in tensors)).hexdigest()


def weights_in_own_process(settings: str, cache_dir: Path) -> str:
    use_one_thread()
    return weights_of(config.from_json(settings), first(data.load_digits(cache_dir=cache_dir), 256))


@pytest.fixture
def recorded(monkeypatch):
    """Every batch's noisy input and clean target, as the real corruption and the real loss get them."""
    seen = {"clean": [], "noisy": [], "outputs": [], "targets": []}

    def spoil(images, level, generator, real=CORRUPTIONS["gaussian"]):
        noisy = real(images, level, generator)
        if generator.initial_seed() == seeded(0, "noise").initial_seed():
            seen["clean"].append(images.clone())
            seen["noisy"].append(noisy.clone())
        return noisy

    def mark(outputs, targets, real=training.LOSSES["mse"]):
        seen["outputs"].append(outputs.detach().clone())
        seen["targets"].append(targets.clone())
        return real(outputs, targets)

    monkeypatch.setitem(CORRUPTIONS, "gaussian", spoil)
    monkeypatch.setitem(training.LOSSES, "mse", mark)
    return seen


# The story a training tells


def test_the_events_come_in_order(few_digits):
    events = list(train(SMALL, few_digits, CPU))
    assert isinstance(events[0], Started)
    assert isinstance(events[1], Snapshot)
    assert events[1].step == 0
    assert [type(event) for event in events[-3:]] == [Checkpoint, Codes, Finished]
    assert [event.step for event in events if isinstance(event, BatchDone)] == list(range(1, 17))
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [1, 2]
    assert {event.steps for event in events if isinstance(event, BatchDone)} == {events[0].steps} == {16}


def test_training_starts_by_saying_what_it_will_do(few_digits):
    started = next(train(config.adjusted(config.DAE, training={"epochs": 3}), few_digits, CPU))
    assert (started.epochs, started.steps, started.device) == (3, 24, "cpu")
    assert started.clean_nhw.equal(few_digits.test_nhw[:8])
    assert not started.input_nhw.equal(started.clean_nhw)
    assert started.parameters == parameter_count(build_model(config.DAE.model))


def test_pictures_are_taken_densely_at_first_and_at_the_end(few_digits):
    run = config.adjusted(SMALL, training={"epochs": 30})
    steps = [snapshot.step for snapshot in events_of(run, few_digits, Snapshot)]
    assert steps == snapshot_steps(240)
    assert (steps[0], steps[1], steps[-1]) == (0, 1, 240)
    assert len(steps) == 25
    assert sum(step <= 24 for step in steps) > len(steps) / 2  # the first tenth of the training


@pytest.mark.parametrize("steps", [1, 2, 24, 25, 1000, 100_000])
def test_a_training_has_25_pictures_at_different_steps_or_one_a_step(steps):
    shown = snapshot_steps(steps)
    assert len(shown) == min(25, steps + 1)
    assert shown == sorted(set(shown))
    assert (shown[0], shown[1], shown[-1]) == (0, 1, steps)


def test_codes_of_two_numbers_are_recorded_as_they_are_at_every_snapshot(few_digits):
    run = config.adjusted(SMALL, model={"latent_size": 2})
    *_, codes, finished = train(run, few_digits, CPU)
    assert list(codes.steps) == [snapshot.step for snapshot in events_of(run, few_digits, Snapshot)]
    assert codes.labels_n.equal(few_digits.test_labels_n)
    torch.testing.assert_close(
        codes.codes_tnd[-1], codes_of(finished.model, few_digits.test_nhw), rtol=1e-3, atol=1e-3
    )
    start = build_model(run.model, seeded(run.training.seed, "weights"))
    torch.testing.assert_close(codes.codes_tnd[0], codes_of(start, few_digits.test_nhw), rtol=1e-3, atol=1e-3)


def test_larger_codes_are_recorded_along_the_last_ones_principal_directions(few_digits):
    *_, codes, finished = train(config.adjusted(SMALL, model={"latent_size": 6}), few_digits, CPU)
    last_nl = codes_of(finished.model, few_digits.test_nhw).double()
    variances = torch.linalg.eigvalsh(torch.cov(last_nl.T)).flip(0)
    torch.testing.assert_close(codes.codes_tnd[-1].double().var(0), variances[:2], rtol=1e-2, atol=1e-6)


def test_a_code_of_one_number_lies_on_a_line(few_digits):
    *_, codes, _ = train(config.adjusted(SMALL, model={"latent_size": 1}), few_digits, CPU)
    assert codes.codes_tnd.shape[2] == 2
    assert not codes.codes_tnd[..., 1].any()


def test_the_snapshot_and_the_metrics_are_of_the_network_at_that_moment(few_digits):
    events = list(train(SMALL, few_digits, CPU))
    started, finished = events[0], events[-1]
    (*_, last) = [event for event in events if isinstance(event, Snapshot)]
    torch.testing.assert_close(last.reconstructions_nhw, reconstruct(finished.model, started.input_nhw))
    rebuilt_nhw = reconstruct(finished.model, few_digits.test_nhw)
    assert finished.test["mse"] == pytest.approx(
        float(squared_error(rebuilt_nhw, few_digits.test_nhw).mean()) / 784, rel=1e-4
    )


def test_the_error_on_digits_it_learns_from_is_told_beside_that_on_digits_it_never_saw(few_digits):
    run = config.adjusted(config.DAE, training={"epochs": 2})
    *_, last_epoch, _, _, finished = train(run, first(few_digits, 128), CPU)
    known_nhw = as_images(few_digits.train_bytes_nhw[:128])
    seen_nhw = corrupt(known_nhw, run.corruption, seeded(0, "train noise"))
    error = float(squared_error(reconstruct(finished.model, seen_nhw), known_nhw).mean())
    assert last_epoch.train_squared_error == pytest.approx(error, rel=1e-4)
    assert finished.train_mse == pytest.approx(error / 784, rel=1e-4)


def test_ten_digits_are_learnt_by_heart_and_that_is_seen(few_digits):
    run = config.adjusted(SMALL, training={"epochs": 200, "batch_size": 8})
    (*_, last_epoch) = events_of(run, first(few_digits, 10), EpochDone)
    assert 4 * last_epoch.train_squared_error < last_epoch.test_squared_error


@pytest.mark.parametrize("name", config.PRESETS)
def test_the_loss_falls(few_digits, name):
    epochs = 8 if name in ("cae", "dae") else 3 if name != "keras" else 2
    run = config.adjusted(config.find_preset(name), training={"epochs": epochs})
    events = list(train(run, first(few_digits, 256), CPU))
    batches = [float(event.loss) for event in events if isinstance(event, BatchDone)]
    ends = [event for event in events if isinstance(event, EpochDone)]
    assert batches[-1] < batches[0]
    assert ends[-1].train_loss < ends[0].train_loss
    assert ends[-1].test_squared_error < ends[0].test_squared_error


@pytest.mark.parametrize("batches", range(1, 11))
def test_a_training_of_any_number_of_steps_runs_through(few_digits, batches):
    run = config.adjusted(SMALL, training={"epochs": 1, "batch_size": 8})
    assert len(events_of(run, first(few_digits, 8 * batches), BatchDone)) == batches


@pytest.mark.parametrize("steps", [1, 2, 4, 5, 6, 40])
def test_the_optimiser_is_torchs_adam_under_its_one_cycle_schedule_to_the_last_bit(steps):
    ours, theirs = build_untrained(config.CAE), build_untrained(config.CAE)
    optimiser = OneCycleAdam(ours.parameters(), 1e-2, steps)
    low, high = training.BETA_1
    adam = torch.optim.Adam(theirs.parameters(), lr=1e-2, betas=(high, training.BETA_2), fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        adam, 1e-2, total_steps=steps, pct_start=0.25 if steps == 5 else 0.2,
        base_momentum=low, max_momentum=high,
    )  # fmt: skip
    for i in range(steps):
        clean_bchw = torch.rand((16, 1, 28, 28), generator=training.seeded(i, "digits"))
        for model in (ours, theirs):
            F.mse_loss(model(clean_bchw), clean_bchw).backward()
        optimiser.step()
        adam.step()
        adam.zero_grad()
        schedule.step()
    pairs = zip(ours.parameters(), theirs.parameters(), strict=True)
    assert all(one.equal(other) for one, other in pairs)


def test_a_training_needs_nothing_of_torchs_compiler():
    # it takes 1.5 s to import and 150 MB to hold
    script = """
import sys
from ae_core import config, data
from ae_core.training import train
digits = data.select_digits(data.load_digits(), config.DataConfig(digits=64))
for event in train(config.adjusted(config.DAE, training={"epochs": 1}), digits):
    pass
print("torch._dynamo" in sys.modules, "sympy" in sys.modules)
"""
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert told.stdout.split() == ["False", "False"]


def test_whoever_stops_reading_stops_the_training(few_digits):
    telling = train(SMALL, few_digits, CPU)
    assert len(list(islice(telling, 5))) == 5
    telling.close()
    assert next(telling, None) is None


# What the network sees


def test_the_denoiser_sees_noise_and_is_marked_against_the_clean_digit(few_digits, recorded):
    events_of(config.adjusted(config.DAE, training={"epochs": 1}), first(few_digits, 128), Finished)
    assert len(recorded["noisy"]) == len(recorded["targets"]) == 2
    for clean, noisy, target in zip(recorded["clean"], recorded["noisy"], recorded["targets"], strict=True):
        assert target.equal(clean)
        assert float((noisy - clean).abs().mean()) > 0.1
    assert {target.numpy().tobytes() for target in torch.cat(recorded["targets"])} == {
        digit.numpy().tobytes() for digit in as_images(few_digits.train_bytes_nhw[:128])
    }


def test_a_network_that_sees_nothing_paints_one_picture_and_is_still_marked_against_the_digits(few_digits):
    blind = config.adjusted(SMALL, corruption={"kind": "masking", "level": 1.0}, training={"epochs": 20})
    events = list(train(blind, few_digits, CPU))
    (*_, last) = [event for event in events if isinstance(event, Snapshot)]
    assert not events[0].input_nhw.any()
    assert all(picture.equal(last.reconstructions_nhw[0]) for picture in last.reconstructions_nhw)
    # Marked against its black input it would paint black; marked against digits it paints their mean.
    black = float((few_digits.test_nhw**2).mean())
    assert 0 < events[-1].test["mse"] < black


def test_noise_is_fresh_for_every_batch(few_digits, recorded):
    events_of(
        config.adjusted(config.DAE, training={"epochs": 3, "batch_size": 64}), first(few_digits, 64), Finished
    )
    seen = [clean.numpy().tobytes() for clean in recorded["clean"]]
    assert len(seen) == 3
    # Where both are unclipped, equal noise would differ by the digits alone; on black it would be equal.
    black = [(clean == 0) for clean in recorded["clean"]]
    for early, late in ((0, 1), (1, 2), (0, 2)):
        both = black[early] & black[late]
        same = recorded["noisy"][early][both] == recorded["noisy"][late][both]
        assert float(same.float().mean()) < 0.3  # only where both were clipped to 0: ½ · ½ of the pixels


def test_every_digit_is_seen_once_an_epoch_in_a_new_order(few_digits, recorded):
    events_of(SMALL, first(few_digits, 130), Finished)
    seen = [digit.numpy().tobytes() for digit in torch.cat(recorded["targets"])]
    assert [len(target) for target in recorded["targets"]] == [64, 64, 2] * 2
    assert set(Counter(seen[:130]).values()) == {1}
    assert Counter(seen[:130]) == Counter(seen[130:])
    assert seen[:130] != seen[130:]


def test_the_autoencoder_and_the_denoiser_of_one_seed_see_equal_batches(few_digits, recorded):
    for run in (config.CAE, config.DAE):
        events_of(config.adjusted(run, training={"epochs": 2}), first(few_digits, 128), Finished)
    cae, dae = recorded["targets"][:4], recorded["targets"][4:]
    assert len(cae) == len(dae) == 4
    assert all(ours.equal(theirs) for ours, theirs in zip(cae, dae, strict=True))


def test_the_pictures_shown_carry_the_noise_of_training(few_digits):
    started = next(train(config.DAE, few_digits, CPU))
    noisy_nhw = corrupt(few_digits.test_nhw, config.DAE.corruption, seeded(0, "test noise"))
    assert started.input_nhw.equal(noisy_nhw[:8])


# Seeds


@pytest.mark.parametrize("name", ["fae", "dae"])
def test_same_settings_give_the_same_weights(few_digits, name):
    run = config.adjusted(config.find_preset(name), training={"epochs": 1})
    assert weights_of(run, first(few_digits, 256)) == weights_of(run, first(few_digits, 256))


def test_the_number_of_threads_is_part_of_the_settings_and_is_kept(few_digits):
    """Whatever the process had before: sums split otherwise would round otherwise."""
    two = config.adjusted(config.DAE, training={"epochs": 1, "threads": 2})
    prints = []
    for before in (1, 3):
        torch.set_num_threads(before)
        begun = train(two, few_digits, CPU)
        next(begun)
        assert torch.get_num_threads() == 2
        begun.close()
        assert torch.get_num_threads() == before
        prints.append(weights_of(two, first(few_digits, 256)))
    assert prints[0] == prints[1]
    assert config.run_id(two) != config.run_id(config.adjusted(two, training={"threads": 1}))


def test_numbers_too_small_to_be_normal_count_as_zero_in_a_training(few_digits):
    """A step over them takes many times as long, and a saturated sigmoid's gradients are such numbers."""
    small = torch.tensor(1e-38), torch.tensor(0.01)
    begun = train(SMALL, few_digits, CPU)
    next(begun)
    assert float(small[0] * small[1]) == 0.0
    begun.close()
    assert float(small[0] * small[1]) > 0.0


def test_four_trainings_at_once_equal_one_alone(digits, cache_dir):
    run = config.adjusted(config.DAE, training={"epochs": 1})
    # fresh processes that pay for the slow imports once
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["torch"])
    with ProcessPoolExecutor(4, processes) as pool:
        fingerprints = list(pool.map(weights_in_own_process, [config.to_json(run)] * 4, [cache_dir] * 4))
    assert set(fingerprints) == {weights_of(run, first(digits, 256))}


def test_another_seed_gives_other_weights(few_digits):
    alike = [config.adjusted(SMALL, training={"epochs": 1, "seed": seed}) for seed in (0, 1)]
    assert weights_of(alike[0], few_digits) != weights_of(alike[1], few_digits)


def test_each_purpose_has_its_own_randomness():
    purposes = ("weights", "batches", "noise", "test noise", "train noise")
    first_draws = {
        int(torch.randint(2**60, (), generator=seeded(seed, purpose)))
        for seed in (0, 1)
        for purpose in purposes
    }
    assert len(first_draws) == 10


def test_training_leaves_the_global_generator_alone(few_digits):
    before = torch.get_rng_state()
    for run in (config.DAE, SMALL):
        events_of(config.adjusted(run, training={"epochs": 1}), first(few_digits, 64), Finished)
    assert torch.get_rng_state().equal(before)


# Going on from a checkpoint


def on_disk_and_back(checkpoint: Checkpoint) -> Checkpoint:
    """As a process that comes later finds it."""
    return Checkpoint(
        checkpoint.epoch,
        checkpoint.step,
        state_file.unpack_state(state_file.pack_state(dict(checkpoint.state))),
    )


def to_the_bit(event: Event) -> tuple[object, ...]:
    """All that an event tells, comparable."""
    match event:
        case BatchDone():
            return "batch", event.step, event.steps, event.loss.numpy().tobytes()
        case Snapshot():
            return "snapshot", event.step, event.reconstructions_nhw.numpy().tobytes()
        case EpochDone():
            return "epoch", event.epoch, event.train_loss, event.test_squared_error, event.train_squared_error
        case Checkpoint():
            return "checkpoint", event.epoch, event.step
        case Finished():
            return (
                "finished",
                event.test,
                event.train_mse,
                {name: tensor.numpy().tobytes() for name, tensor in event.model.state_dict().items()},
            )
    return ("started",)


@pytest.mark.parametrize(
    ("run", "batch_size"),
    [
        (config.FAE, 64),
        (config.CAE, 64),
        (config.adjusted(config.DAE, corruption={"kind": "salt_and_pepper", "level": 0.3}), 64),
        (config.adjusted(config.DAE, corruption={"kind": "masking", "level": 0.3}), 37),
        (config.DAE, 128),
        (config.LINEAR, 64),
        (config.KERAS_EXAMPLE, 61),
        (config.FAE, 127),
        (config.FAE, 1000),
    ],
    ids=[
        "fae",
        "cae",
        "salt and pepper",
        "masking, 37 at a time",
        "dae",
        "linear",
        "keras",
        "fae, the last batch is one digit",
        "one batch",
    ],
)
def test_from_every_checkpoint_on_a_training_is_the_one_without_a_pause(few_digits, run, batch_size):
    digits = first(few_digits, 128)
    run = config.adjusted(run, training={"epochs": 3, "batch_size": batch_size})
    story, checkpoints = [], {}
    for event in train(run, digits, CPU):
        story.append(to_the_bit(event))
        if isinstance(event, Checkpoint):
            checkpoints[len(story)] = on_disk_and_back(event)
    assert [checkpoint.epoch for checkpoint in checkpoints.values()] == [1, 2, 3]
    for told, checkpoint in checkpoints.items():
        assert [to_the_bit(event) for event in train(run, digits, CPU, checkpoint)] == story[told:]


def test_a_checkpoint_holds_only_what_can_be_read_without_running_code(few_digits):
    (*_, checkpoint, _, _) = train(SMALL, few_digits, CPU)
    assert set(on_disk_and_back(checkpoint).state) == {
        "model",
        "optimiser",
        "batch order",
        "noise",
        "codes",
    }


def test_going_on_twice_from_one_checkpoint_gives_the_same_twice(few_digits):
    """A killed worker's checkpoint may be needed again."""
    telling = train(SMALL, few_digits, CPU)
    kept = on_disk_and_back(next(event for event in telling if isinstance(event, Checkpoint)))
    telling.close()
    stories = [
        [to_the_bit(event) for event in train(SMALL, few_digits, CPU, on_disk_and_back(kept))]
        for _ in range(2)
    ]
    assert stories[0] == stories[1]


# What it comes to


def test_a_training_that_diverges_says_so_and_what_to_do(few_digits):
    deep = {"hidden_sizes": (64,) * 4, "latent_size": 64}
    run = config.adjusted(
        config.LINEAR, model=deep, training={"epochs": 1, "batch_size": 8, "learning_rate": 1.0}
    )
    with pytest.raises(
        DivergedError, match=r"diverged: at step \d+.*Lower the learning rate and train again\."
    ):
        events_of(run, first(few_digits, 64), Finished)


@pytest.mark.parametrize("size", [4, 8])
def test_a_linear_autoencoder_comes_close_to_pca_and_never_beats_it(digits, size):
    """Baldi and Hornik 1989. Learning rate 0.02 and 640 steps bring it within 1 %."""
    run = config.adjusted(
        config.LINEAR,
        model={"latent_size": size},
        training={"epochs": 20, "batch_size": 32, "learning_rate": 0.02},
    )
    images_nhw = as_images(digits.train_bytes_nhw[:1000])
    (finished,) = events_of(run, first(digits, 1000), Finished)
    linear, pca = (
        float(squared_error(rebuilt_nhw, images_nhw).mean())
        for rebuilt_nhw in (
            reconstruct(finished.model, images_nhw),
            fit_pca(images_nhw, size).reconstruct(images_nhw),
        )
    )
    assert pca <= linear <= 1.03 * pca
