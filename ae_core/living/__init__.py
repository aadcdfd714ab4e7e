"""A network where the hand is: its layers and weights as a file, and the scripts that run and draw it."""
