import itertools
from dataclasses import dataclass

from screening.rank import rank


@dataclass(frozen=True)
class Row:
    material_id: str
    energy_above_hull: float | None
    is_flagged: bool | None


def test_flagged_rows_come_most_stable_first_with_ties_by_id_in_any_order():
    rows = [
        Row("d", 0.02, is_flagged=True),
        Row("c", -0.01, is_flagged=True),
        Row("a", 0.02, is_flagged=True),
        Row("b", -0.5, is_flagged=False),
        Row("e", None, is_flagged=None),
    ]
    for order in itertools.permutations(rows):
        assert [row.material_id for row in rank(order)] == ["c", "a", "d"]
