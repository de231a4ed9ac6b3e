import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLOW = ("numpy", "torch", "pymatgen", "ase", "jobflow", "fireworks", "facet")


def test_importing_db_loads_nothing_slow():
    program = (
        "import db.client, db.indexes, db.queries, db.writes, sys\n"
        f"print([name for name in {SLOW!r} if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
