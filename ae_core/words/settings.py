"""What the settings of a run are called, and what is said of those that do not fit."""

from __future__ import annotations

from ae_core.words.sentences import say

NOISE_WORDS = {
    "gaussian": say("Gaussian"),
    "salt_and_pepper": say("salt and pepper"),
    "masking": say("masking"),
    "occlusion": say("occlusion"),
}
LEVEL_HELP = say(
    "The level of Gaussian noise is its σ; of salt and pepper and of masking the share "
    "of pixels spoiled; of occlusion the side of the block that is wiped out, as a share "
    "of the picture's"
)
LOSS_WORDS = {"mse": say("squared error"), "bce": say("binary cross-entropy")}
MAP_MODELS = {
    "fully_convolutional": say("The fully convolutional network"),
    "patches": say("The network of patches"),
    "keras_example": say("The Keras.io example"),
}

# What settings are called where they do not fit: by the names that the command line and a run's files have.
NAMES = {
    "latent_size": say("latent size"), "hidden_size": say("hidden size"), "channels": say("channels"),
    "hidden_layers": say("hidden layers"), "epochs": say("epochs"), "batch_size": say("batch size"),
    "learning_rate": say("learning rate"), "noise_level": say("noise level"), "seed": say("seed"),
    "threads": say("threads"), "digits": say("digits"), "model": say("model"), "loss": say("loss"),
    "activation": say("activation"), "noise_kind": say("noise kind"), "data_set": say("data set"),
    "preset": say("preset"),
}  # fmt: skip
NO_SETTINGS = say("These settings are not a run's settings. Train the run again.")
OTHER_RECIPE = say(
    "This run was made by another version of the lab (recipe {recipe}, ours is {ours}). Train it again."
)
NO_CLASS = say("There is no class of digits to learn from. Choose at least one of 0 to 9.")
UNKNOWN_CLASS = say("There is no class of digits {wrong!r}. Choose among 0 to 9.")
TWO_CHANNEL_COUNTS = say(
    "A convolutional autoencoder has two channel counts (28 → 14 → 7) and no hidden sizes."
)
NO_CHANNELS = say("A fully connected autoencoder has hidden sizes, not channels.")
OTHER_CODE = say(
    "{name} has a code of 7 × 7 × 32 = {size} numbers, not {latent_size}. Leave the latent size out, or "
    "choose another preset."
)
FIXED_LAYERS = say("{name} has fixed layers. Choose another preset to change them.")
NO_ENTROPY = say(
    "A linear network's output is not limited to 0–1, so the loss 'bce' has no value. Choose 'mse'."
)
OUT_OF_RANGE = {
    True: say(
        "The {name} must be a whole number between {low} and {high}, but it is {value!r}. Choose one in "
        "that range."
    ),
    False: say(
        "The {name} must be a number between {low} and {high}, but it is {value!r}. Choose one in that range."
    ),
}
NOT_AMONG = say("There is no {name} {value!r}. Choose one of: {choices}.")
