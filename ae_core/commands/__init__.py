"""The commands of `python -m ae_core`: what each is called with, and what it does."""
