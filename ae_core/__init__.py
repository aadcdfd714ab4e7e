"""The library behind Autoencoder Lab: digits, corruption, three models, training, and runs on disk.

Letters used in tensor names: `b` batch, `n` data set, `c` channel, `h w` pixels, `l` latent.
Pictures are float32 in [0, 1]: 0 is the black background, 1 is ink.
"""
