"""The Keras.io example "Convolutional autoencoder for image denoising" (Valdarrama 2021), as described.

    python keras_example.py TRAIN.npy --noise 0.4 --epochs 2

Runs in an environment of its own (see training.py beside it), without the lab: network, optimiser, loss and
batch size are the example's. Prints one line of JSON for each epoch, with its seconds and its loss.
"""

from __future__ import annotations

import argparse
import json
import time

import keras
import numpy as np
from keras import layers

BATCH = 128


def network() -> keras.Model:
    pixels = keras.Input((28, 28, 1))
    x = layers.Conv2D(32, 3, activation="relu", padding="same")(pixels)
    x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Conv2D(32, 3, activation="relu", padding="same")(x)
    x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Conv2DTranspose(32, 3, strides=2, activation="relu", padding="same")(x)
    x = layers.Conv2DTranspose(32, 3, strides=2, activation="relu", padding="same")(x)
    return keras.Model(pixels, layers.Conv2D(1, 3, activation="sigmoid", padding="same")(x))


class Clock(keras.callbacks.Callback):
    """A line for each epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        print(
            json.dumps({"seconds": time.perf_counter() - self.started, "loss": (logs or {})["loss"]}),
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("digits", help="clean digits (n, 28, 28) in [0, 1]")
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    clean = np.load(options.digits)[..., None]
    noise = options.noise * np.random.default_rng(0).standard_normal(clean.shape, dtype=np.float32)
    seen = np.clip(clean + noise, 0.0, 1.0)  # one noisy copy for all epochs, as there
    model = network()
    model.compile(optimizer="adam", loss="binary_crossentropy")
    model.fit(
        seen, clean, batch_size=BATCH, epochs=options.epochs, shuffle=True, verbose=0, callbacks=[Clock()]
    )


if __name__ == "__main__":
    main()
