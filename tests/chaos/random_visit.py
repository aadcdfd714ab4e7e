"""A visit to the lab at random, as by a cat on the keyboard, that knows what some of the controls promise.

Each finding is one sentence: what was pressed, and what did not come of it.
"""

from __future__ import annotations

import random
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Error, Locator, Page

MAIN = "[data-testid=stMain]"
SLIDERS, BUTTONS, CHOICES = f"{MAIN} [role=slider]", f"{MAIN} button:enabled", f"{MAIN} label"
KEYED = f"{MAIN} [class*=st-key-]"
KEYED_BUTTONS = f"{KEYED}:has(> * > button:enabled), {KEYED}:has(> * > * > button:enabled)"
LINKS = "[data-testid=stTopNav] a, [data-testid=stPageLink] a"
KEYS = [
    "Tab",
    "Shift+Tab",
    "Enter",
    "Space",
    "Escape",
    "ArrowRight",
    "ArrowLeft",
    "PageDown",
    "PageUp",
    "d",
    "b",
    "s",
    "u",
    "?",
    "7",
]
SLIDER_KEYS = ["ArrowRight", "ArrowLeft", "ArrowUp", "Home", "End", "PageUp", "PageDown"]
# How often each thing is done, of 34 times.
ACTIONS = {
    "link": 4, "slider": 6, "button": 5, "choice": 3, "keys": 4, "back": 2, "forward": 1, "reload": 1,
    "pair": 3, "lock_and_move": 3, "reset_and_go_on": 2,
}  # fmt: skip
# A button, and what it changes in the link, always.
CHANGES = {
    "new_digits": "digits_seed",
    "new_noise": "noise_seed",
    "pca_digits": "digits_seed",
    "latent_others": "latent_a",
}
PATIENCE = 2_000
# Milliseconds that a promise may take on a busy machine.
LONGEST = 20_000
AT_REST = "!document.querySelector('[data-testid=stApp]')?.matches('[data-test-script-state=running]')"


def one_of(found: Locator, rng: random.Random) -> Locator:
    """One of the elements found, or none where none was."""
    count = found.count()
    return found.nth(rng.randrange(count)) if count else found


class RandomVisit:
    """One browser page that is driven at random. findings: promises that were not kept."""

    def __init__(self, page: Page, seed: int) -> None:
        self.page = page
        self.rng = random.Random(seed)
        self.findings: list[str] = []

    def act(self) -> str:
        """Do one thing; what it was. A thing that goes away meanwhile is no matter."""
        (what,) = self.rng.choices(list(ACTIONS), list(ACTIONS.values()))
        with suppress(Error):
            getattr(self, f"_{what}")()
        return what

    # One thing

    def _link(self) -> None:
        one_of(self.page.locator(LINKS), self.rng).click(timeout=PATIENCE)

    def _slider(self, among: str = SLIDERS) -> None:
        one_of(self.page.locator(among), self.rng).focus(timeout=PATIENCE)
        for _ in range(self.rng.randint(1, 6)):
            self.page.keyboard.press(self.rng.choice(SLIDER_KEYS))

    def _button(self) -> None:
        one_of(self.page.locator(BUTTONS), self.rng).click(timeout=PATIENCE)

    def _choice(self) -> None:
        one_of(self.page.locator(CHOICES), self.rng).click(timeout=PATIENCE)

    def _keys(self) -> None:
        for _ in range(self.rng.randint(1, 5)):
            self.page.keyboard.press(self.rng.choice(KEYS))

    def _back(self) -> None:
        self.page.go_back(timeout=10_000)

    def _forward(self) -> None:
        self.page.go_forward(timeout=10_000)

    def _reload(self) -> None:
        self.page.reload(timeout=10_000)

    # Things that belong together

    def _pair(self) -> None:
        """Two buttons in both orders: a box opened and closed, the button beside it, and the box again."""
        names = self._keyed_buttons()
        promised = [name for name in names if name in CHANGES]
        if not names:
            return
        one, other = self.rng.choice(promised or names), self.rng.choice(names)
        for name in (one, other, other, one, other, one, one):
            self._press(name)

    def _lock_and_move(self) -> None:
        """An answer locked, then a dial moved: what is told must be true of what the dials say now."""
        card = one_of(self.page.locator(f"{MAIN} [class*=st-key-question_]"), self.rng)
        one_of(card.locator("[role=radiogroup] label"), self.rng).click(timeout=PATIENCE)
        card.get_by_role("button", name="Lock my answer").click(timeout=PATIENCE)
        card.get_by_role("button", name="Ask again").wait_for(timeout=LONGEST)
        self._slider(f"{MAIN} .stSlider [role=slider]")
        self._wait_for_rest()
        key = card.get_attribute("class") or ""
        told, true = self._told(card), self._told_to_another(key)
        if told and true and not told.endswith(true) and told == self._told(card):
            self.findings.append(
                f"after a dial had moved ({self.page.url}) a locked answer said {told!r}, "
                f"a new visitor is told {true!r}"
            )

    def _reset_and_go_on(self) -> None:
        """What was taken back stays so when something else is touched."""
        card = one_of(
            self.page.locator(f"{MAIN} [class*=st-key-question_]:has([class$=_again], [class*='_again '])"),
            self.rng,
        )
        card.get_by_role("button", name="Ask again").click(timeout=PATIENCE)
        card.get_by_role("button", name="Lock my answer").wait_for(timeout=LONGEST)
        self._press_promised()
        self._wait_for_rest()
        if card.locator("[role=radiogroup] input:checked").count():
            self.findings.append(f"“Ask again” kept the old choice ({self.page.url})")

    def _press_promised(self) -> None:
        promised = [name for name in self._keyed_buttons() if name in CHANGES]
        if promised:
            self._press(self.rng.choice(promised))

    def _press(self, name: str) -> None:
        """Press the button with this key, and see whether what it promises came of it."""
        button = self.page.locator(f"{MAIN} .st-key-{name} button").first
        before = self._link_value(name)
        button.click(timeout=PATIENCE)
        if name in CHANGES and not self._changes(name, before):
            self.findings.append(f"{name} was pressed and {CHANGES[name]} stayed {before} ({self.page.url})")
        self.page.wait_for_timeout(200)

    def _changes(self, name: str, before: str | None) -> bool:
        for _ in range(LONGEST // 200):
            if self._link_value(name) != before:
                return True
            self.page.wait_for_timeout(200)
        return False

    def _link_value(self, name: str) -> str | None:
        values = parse_qs(urlsplit(self.page.url).query).get(CHANGES.get(name, ""), [])
        return values[0] if values else None

    def _keyed_buttons(self) -> list[str]:
        """The keys of the enabled buttons on the page."""
        script = """all => all.map(button => [...(button.closest('[class*=st-key-]')?.classList ?? [])]
            .find(name => name.startsWith('st-key-'))?.slice(7)).filter(Boolean)"""
        names: list[str] = self.page.locator(BUTTONS).evaluate_all(script)
        return sorted(set(names))

    def _told(self, card: Locator) -> str:
        """What the card tells as its answer, on one line; empty where it asks."""
        alert = card.get_by_test_id("stAlertContentInfo").or_(card.get_by_test_id("stAlertContentSuccess"))
        alert = alert.or_(card.get_by_test_id("stAlertContentWarning"))
        return " ".join(alert.first.inner_text(timeout=PATIENCE).split()) if alert.count() else ""

    def _told_to_another(self, key: str) -> str:
        """What somebody is told who opens the link as it is now and has the answer revealed."""
        name = next(part for part in key.split() if part.startswith("st-key-question_"))
        other = self.page.context.new_page()
        try:
            other.goto(self.page.url)
            card = other.locator(f"{MAIN} .{name}")
            card.get_by_role("button", name="Reveal without answering").click(timeout=LONGEST)
            card.get_by_test_id("stAlertContentInfo").wait_for(timeout=LONGEST)
            return self._told(card)
        finally:
            other.close()

    def _wait_for_rest(self) -> None:
        """Until the page has been as it is for half a second."""
        with suppress(Error):
            self.page.wait_for_timeout(500)
            self.page.wait_for_function(AT_REST, timeout=LONGEST)
            self.page.wait_for_timeout(500)
