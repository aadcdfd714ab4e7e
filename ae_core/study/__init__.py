"""What is asked of a finished network: robustness, its latent space, iteration, likeness, oddities."""
