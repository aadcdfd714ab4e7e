"""The deck's other question: pictures the networks never saw, and one network applied again and again."""

from pages.shared import display, lesson

lesson.begin("surprises")

"# What do you think of this?"

display.dataset_note()
lesson.end("surprises")
