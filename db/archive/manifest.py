"""What an archive says of itself, and the names of its members."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from db.documents import (
    BaseDoc,
    CampaignDoc,
    CandidateDoc,
    ReferenceDoc,
    ReferenceNameDoc,
    RelaxationDoc,
    StructureDoc,
    TaskDoc,
)
from db.documents.comparison import ComparisonDoc
from db.documents.fields import ContentKey, Part, Text, UtcTime
from db.documents.stability import StabilityDoc

MANIFEST = "manifest.json"
BLOBS = "blobs.bson"

# In the order in which they are imported: what refers to others comes after them, and a campaign
# is there when all of it is.
KIND_OF_MEMBER: dict[str, type[BaseDoc]] = {
    "structures.bson": StructureDoc,
    "references.bson": ReferenceDoc,
    "reference_names.bson": ReferenceNameDoc,
    "relaxations.bson": RelaxationDoc,
    "stabilities.bson": StabilityDoc,
    "candidates.bson": CandidateDoc,
    "tasks.bson": TaskDoc,
    "comparisons.bson": ComparisonDoc,
    "campaigns.bson": CampaignDoc,
}
MEMBER_OF_KIND = {kind: name for name, kind in KIND_OF_MEMBER.items()}
MEMBERS = (*KIND_OF_MEMBER, BLOBS)


class Member(Part):
    """One file inside the archive."""

    num_documents: int = Field(ge=0, description="BSON documents in it.")
    num_bytes: int = Field(ge=0, description="Bytes, decompressed.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of these bytes.")


class License(Part):
    """Under which license the phases of a reference are."""

    reference_id: ContentKey = Field(description="The reference.")
    name: Text = Field(description="Its name.")
    date: Text = Field(description="Date of its data.")
    license: Text = Field(description="License of its data, as its source states it.")


class Manifest(Part):
    """Contents of an archive."""

    VERSION: ClassVar[int] = 1

    format: Literal["facet archive"] = Field(default="facet archive", description="What this is.")
    format_version: int = Field(default=VERSION, description="Version of this layout.")
    facet_version: Text = Field(description="Version of Facet that wrote it.")
    created_at: UtcTime = Field(description="When it was written (UTC).")
    campaign_ids: tuple[ContentKey, ...] = Field(description="The campaigns in it.")
    potential_fingerprints: tuple[str, ...] = Field(description="Potentials that relaxed them.")
    licenses: tuple[License, ...] = Field(description="Of the references in it.")
    license_note: Text = Field(
        default="Input crystals and supplied competing phases are under the terms of their "
        "sources, which the campaigns name.",
        description="What the licenses do not say.",
    )
    members: dict[Text, Member] = Field(description="The other files in the archive.")
