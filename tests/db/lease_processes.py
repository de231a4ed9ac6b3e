"""A worker process that claims and ends tasks until none is left; prints what it claimed."""

from __future__ import annotations

import json
import sys

from task_samples import result_of

from db.client import open_database
from db.documents import TaskDoc
from db.leases import Leases


def main(worker: str) -> None:
    with open_database() as database:
        tasks = sorted(each["_id"] for each in database[TaskDoc.collection].find({}, {"_id": 1}))
        leases = Leases(database, worker, 60.0)
        claimed = []
        while claims := leases.claim(tasks, 32):
            claimed += [each.task_id for each in claims]
            assert not leases.finish(result_of(each) for each in claims)
    json.dump(claimed, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
