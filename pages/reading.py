"""Where all this comes from."""

from pages.shared import display, lesson

lesson.begin("reading")

"# Further reading"

display.dataset_note()
lesson.end("reading")
