"""A stranger's image file made into an MNIST-style digit."""
