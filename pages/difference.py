"""The deck's question: if AE and DAE have the same architecture, so what is the difference?"""

from pages.shared import display, lesson

lesson.begin("difference")

"# If AE and DAE have the same architecture, so what is the difference?"

display.dataset_note()
lesson.end("difference")
