"""Every bound on rooms, in one place. Beyond one there is a sentence, and nothing else happens."""

from __future__ import annotations

# In one store, however many copies of the lab share it.
ROOMS = 20
HOURS = 12
# Without 0 and O, 1 and I, which look alike on a screen far away.
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 4
# Of codes that no room has, from one address in a minute; after that no phone is let in from there that is
# not in its room already.
WRONG_CODES, WRONG_CODE_SECONDS = 30, 60.0

# In each room.
PHONES = 300
FOLLOWERS = 300
SCREENS = 6
QUESTIONS = 100
DIGITS = 300
DIGITS_OF_PHONE = 10
# As many of a room's digits, the newest, stand in for test digits in a lesson.
DIGITS_IN_LESSONS = 60

# Of each phone.
VOTES_PER_SECOND = 4
SECONDS_PER_DRAWING = 2.0
CONNECTIONS_OF_PHONE = 3

# Of what is sent.
VOTE_BYTES = 200
DRAWING_BYTES = 40_000
STEER_BYTES = 12_000
TEXT_CHARACTERS, OPTIONS, LINK_CHARACTERS = 600, 9, 1_500
# What is too large is received to its end up to here, so that its sender reads why it was refused.
DISCARDED_BYTES = 16_000_000
