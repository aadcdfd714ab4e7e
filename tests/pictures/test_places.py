"""Turns for work that strangers ask for: nobody who asks a hundred times goes before one who asks once."""

from __future__ import annotations

import threading
import time

import pytest

from ae_core.pictures.places import Asker, FairPlaces
from tests.support.service import wait_for

GREEDY, HONEST, BESIDE = Asker("there", "greedy"), Asker("here", "anna"), Asker("there", "ben")


def served(places: FairPlaces, askers: list[Asker]) -> list[Asker]:
    """In which order these get a place who ask in this order while the only one is taken."""
    order: list[Asker] = []

    def ask(asker: Asker) -> None:
        with places.place(asker, 10.0):
            order.append(asker)

    threads = []
    with places.place(Asker("elsewhere"), 1.0):
        for i, asker in enumerate(askers, 1):
            threads.append(threading.Thread(target=ask, args=(asker,)))
            threads[-1].start()
            wait_for(lambda i=i: len(places._waiting) == i, pause=0.001)
    for thread in threads:
        thread.join()
    return order


def test_addresses_take_turns_and_visitors_of_one_do_too():
    order = served(FairPlaces(1), [GREEDY] * 8 + [BESIDE, HONEST])
    assert order[:3] == [GREEDY, HONEST, BESIDE]
    assert order[3:] == [GREEDY] * 7


def test_one_asker_may_not_have_many_waiting():
    places = FairPlaces(1, most_waiting=2)
    with places.place(HONEST, 1.0):
        waiting = [threading.Thread(target=lambda: served_once(places)) for _ in range(2)]
        for thread in waiting:
            thread.start()
        wait_for(lambda: len(places._waiting) == 2)
        began = time.monotonic()
        with pytest.raises(TimeoutError), places.place(GREEDY, 10.0):
            pass
        assert time.monotonic() - began < 5
    for thread in waiting:
        thread.join()


def served_once(places: FairPlaces) -> None:
    with places.place(GREEDY, 10.0):
        pass


def test_who_waits_in_vain_is_told_and_the_place_goes_to_others():
    places = FairPlaces(1)
    with places.place(GREEDY, 1.0), pytest.raises(TimeoutError), places.place(HONEST, 0.01):
        pass
    with places.place(HONEST, 0.01):
        pass
