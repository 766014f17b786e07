"""Kill -9 in the middle of submits: every acknowledged row is there, and the file opens."""

import random
import signal
import subprocess
import sys
from pathlib import Path

from factories import add_pairs, add_person

from hone.storage import projects
from hone.storage.projects import ProjectSettings
from hone.storage.store import Store
from hone.storage.workspace import Workspace

KILLS = 50

SUBMITS = """
import sys, threading
from pathlib import Path
from factories import opinion
from hone.storage import pairs, people
from hone.storage.store import Store
from hone.storage.workspace import Workspace

store = Store(Workspace(Path(sys.argv[1])))
with store.read() as cursor:
    ana = people.named(cursor, "ana")
    ids = [row[0] for row in cursor.execute("select id from pair order by number").fetchall()]

def submit(name):
    while True:
        for pair_id in ids:
            key = store.write(lambda cursor: opinion(cursor, pair_id, ana).request_key)
            sys.stdout.write(key + "\\n")  # acknowledged only after the commit
            sys.stdout.flush()

for name in range(4):
    threading.Thread(target=submit, args=(name,), daemon=True).start()
threading.Event().wait()
"""


def test_no_acknowledged_review_is_lost(workspace: Workspace) -> None:
    with Store(workspace) as store:
        lead = add_person(store, "lena", "lead")
        add_person(store, "ana", "expert")
        project = store.write(lambda cursor: projects.create(cursor, "p", ProjectSettings(), lead))
        add_pairs(store, project, 20, lead)
    acknowledged: set[str] = set()
    chance = random.Random(4711)
    for _ in range(KILLS):
        acknowledged |= submit_until_killed(workspace, after=chance.randint(1, 60))
    with Store(workspace) as store, store.read() as cursor:
        stored = {key for (key,) in cursor.execute("select request_key from review").fetchall()}
    assert len(acknowledged) >= KILLS
    assert acknowledged <= stored


def submit_until_killed(workspace: Workspace, after: int) -> set[str]:
    """Start a process that submits, kill it after `after` acknowledgements, and give all that it made."""
    child = subprocess.Popen(
        [sys.executable, "-c", SUBMITS, str(workspace.root)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    assert child.stdout
    keys = [child.stdout.readline() for _ in range(after)]
    child.send_signal(signal.SIGKILL)
    keys += child.stdout.readlines()
    child.wait()
    return {key.strip() for key in keys if key.endswith("\n")}
