"""Input crystals, each stored once whatever campaigns it is part of."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from db.documents.base import BaseDoc
from db.documents.fields import ContentKey, ElementSymbol, JsonValues, Part, Text
from db.documents.geometry import PackedGeometry


class SiteProperty(Part):
    """One named property with a value for each site; the name is text, never a key."""

    name: Text = Field(description="Name of the property, e.g. magmom (Bohr magnetons).")
    values: JsonValues = Field(description="One value for each site, in the site order.")


class StructureDoc(BaseDoc):
    """One input crystal, keyed by its content."""

    collection: ClassVar[str] = "structures"
    id_field: ClassVar[str] = "structure_id"
    large_fields: ClassVar[tuple[str, ...]] = ("geometry", "site_properties")

    structure_id: ContentKey = Field(description="Hash of the canonical crystal.")
    formula_pretty: Text = Field(description="Reduced formula.")
    chemsys: str = Field(description="Element symbols in alphabetical order, joined by '-'.")
    elements: tuple[ElementSymbol, ...] = Field(description="Element symbols, alphabetical.")
    nelements: int = Field(ge=1, description="Number of different elements.")
    nsites: int = Field(ge=1, description="Number of sites.")
    geometry: PackedGeometry = Field(description="Sites and cell as given, in angstrom.")
    site_properties: tuple[SiteProperty, ...] = Field(
        default=(), description="What the input said of its sites, in the units it used."
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.chemsys != "-".join(sorted(self.elements)) or self.nelements != len(self.elements):
            raise ValueError("chemsys, elements and nelements contradict each other")
        if self.nsites != self.geometry.num_sites:
            raise ValueError("nsites and geometry are of different size")
        if any(len(each.values) != self.nsites for each in self.site_properties):
            raise ValueError("a site property does not have one value for each site")
        return self
