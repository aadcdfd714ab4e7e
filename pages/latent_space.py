"""The space of codes: where digits lie, what lies between them, and what the decoder draws elsewhere."""

from pages.shared import display, lesson

lesson.begin("latent_space")

"# The latent space"

display.dataset_note()
