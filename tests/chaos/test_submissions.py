"""A class presses Train at the same moment."""

from __future__ import annotations

import subprocess
import sys
import time

from ae_core import config
from ae_core.runs import history, tickets
from ae_core.runs.store import Store
from ae_core.service import connection
from tests.chaos.faults import SMALL
from tests.conftest import PROJECT
from tests.support.service import wait_for, with_seed

PROGRAM = """
import sys, threading, time
from pathlib import Path
from ae_core import config
from ae_core.runs.store import Store
from ae_core.service import jobs
run, store = config.from_json(sys.argv[1]), Store(Path(sys.argv[2]))
number, start = sys.argv[3], float(sys.argv[4])
def press(i):
    time.sleep(max(0, start - time.time()))
    jobs.submit_training(run, store, visitor=f"{number}-{i}")
threads = [threading.Thread(target=press, args=(i,)) for i in range(50)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def keys_ever_run(store: Store, name: str) -> set[str]:
    """Every training of this run that the scheduler has seen come to its end, by its key."""

    def look(dask_scheduler) -> set[str]:
        return {
            entry[0]
            for entry in dask_scheduler.transition_log
            if entry[0].startswith(f"train-{name}-") and entry[2] == "memory"
        }

    return connection.connect_client(store).run_on_scheduler(look)


def test_a_hundred_equal_submissions_from_two_processes_are_one_training(served, measured):
    run = with_seed(SMALL["DAE"], 2000)
    start = str(time.time() + 6)
    command = [sys.executable, "-c", PROGRAM, config.to_json(run), str(served.root)]
    apps = [subprocess.Popen([*command, number, start], cwd=PROJECT) for number in ("first", "second")]
    wait_for(lambda: tickets.tickets_in_line(served))
    ticket = tickets.tickets_in_line(served)[0]
    assert [app.wait(timeout=60) for app in apps] == [0, 0]
    owners = max(
        len(ticket.owners), len(found.owners) if (found := tickets.find_ticket(served, ticket.run_id)) else 0
    )
    wait_for(lambda: history.status_of(config.run_id(run), served) == "finished")
    wait_for(lambda: keys_ever_run(served, ticket.run_id))
    assert keys_ever_run(served, ticket.run_id) == {f"train-{ticket.run_id}-{ticket.number}"}
    events = [event["event"] for event in served.events(config.run_id(run))]
    assert (events.count("started"), events.count("finished")) == (1, 1)
    measured(
        f"100 submissions, {len(keys_ever_run(served, ticket.run_id))} training, "
        f"{owners} owners on its ticket when the last had asked"
    )
