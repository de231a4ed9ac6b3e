"""One comparison of potentials: what was compared, and what computing it cost."""

from typing import ClassVar

from pydantic import Field

from db.documents.base import BaseDoc
from db.documents.fields import ContentKey, JsonObject, Text, UtcTime


class ComparisonDoc(BaseDoc):
    """Which candidates of a campaign were compared, with which potentials, in which time.

    The relaxations themselves are documents of their own under the fingerprint of each potential.
    """

    collection: ClassVar[str] = "comparisons"
    id_field: ClassVar[str] = "comparison_id"

    comparison_id: ContentKey = Field(description="Hash of campaign, candidates and potentials.")
    campaign_id: ContentKey = Field(description="The campaign that the candidates are of.")
    created_at: UtcTime = Field(description="When it was first asked for (UTC).")
    peers: tuple[JsonObject, ...] = Field(description="The potentials, the first one's own first.")
    material_ids: tuple[Text, ...] = Field(description="The candidates by name.")
    pool: tuple[ContentKey, ...] = Field(
        default=(), description="Other crystals that energies were aligned on."
    )
    distances: tuple[JsonObject, ...] = Field(
        default=(),
        description="Of each candidate by material_id the signed distance in eV/atom to the hull "
        "by each of the peers, in their order; None where one has none.",
    )
    runs: tuple[JsonObject, ...] = Field(
        default=(),
        description="Portions that were computed: crystals, seconds, peak memory in MiB.",
    )
