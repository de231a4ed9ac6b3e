"""One screening campaign: what was asked, with which potential, rule and reference."""

from typing import ClassVar

from pydantic import Field

from db.documents.base import BaseDoc
from db.documents.fields import (
    CampaignControl,
    CampaignStatus,
    ContentKey,
    Counts,
    JsonObject,
    Text,
    UtcTime,
)


class CampaignDoc(BaseDoc):
    """One campaign; what was asked never changes, ``mutable_fields`` follow the work."""

    collection: ClassVar[str] = "campaigns"
    id_field: ClassVar[str] = "campaign_id"
    mutable_fields: ClassVar[tuple[str, ...]] = ("status", "counts", "summary", "updated_at")

    schema_version: int = Field(default=2, description="Version of this document's layout.")
    campaign_id: ContentKey = Field(description="Hash of input, potential, settings and rule.")
    created_at: UtcTime = Field(description="When it was first submitted (UTC).")
    updated_at: UtcTime | None = Field(
        default=None, description="When it was last saved (UTC); set by every save."
    )
    source: Text = Field(description="The input as the user named it.")
    potential_name: Text = Field(description="Bundled name or file name of the potential.")
    potential_fingerprint: str = Field(description="SHA-256 of the potential's weights and config.")
    energy_scheme: str = Field(description="Functional and corrections of the potential.")
    relax_settings: JsonObject = Field(description="Relaxation settings, in units they name.")
    rule: JsonObject = Field(description="The rule that flags candidates; energies in eV/atom.")
    reference_id: ContentKey | None = Field(
        default=None, description="A stored reference; None relaxes the supplied phases."
    )
    reference_name: Text | None = Field(default=None, description="The hull's reference.")
    reference_scheme: Text | None = Field(default=None, description="Its energy scheme.")
    parent: ContentKey | None = Field(
        default=None, description="The campaign whose candidates this one relaxes anew."
    )
    priority: int = Field(default=0, description="Higher goes first; set apart from the rest.")
    control: CampaignControl = Field(
        default="active", description="What the user wants of it; set apart from the rest."
    )
    status: CampaignStatus = Field(default="submitted", description="Place in its life.")
    counts: Counts = Field(default_factory=dict, description="Numbers of crystals, by kind.")
    summary: JsonObject = Field(default_factory=dict, description="Results; units in the keys.")
