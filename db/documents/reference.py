"""The phases that candidates compete with, all in one energy scheme."""

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from db.documents.base import BaseDoc
from db.documents.fields import ContentKey, ElementSymbol, Part, Text


@with_config(ConfigDict(extra="forbid"))
class ReferencePhaseDoc(TypedDict):
    """One competing phase: a plain dict, for a reference has tens of thousands."""

    phase_id: Annotated[Text, Field(description="Id of the phase, e.g. mp-149.")]
    formula: Annotated[Text, Field(description="Its formula.")]
    formation_energy_per_atom: Annotated[float, Field(description="Formation energy in eV/atom.")]


class OmittedPhaseDoc(Part):
    """A phase that could not be placed, and why."""

    phase_id: Text = Field(description="Id of the phase.")
    reason: Text = Field(description="One sentence that says why.")


class ReferenceDoc(BaseDoc):
    """A named reference, of any number of phases."""

    collection: ClassVar[str] = "references"
    id_field: ClassVar[str] = "reference_id"
    large_fields: ClassVar[tuple[str, ...]] = ("omitted", "phases")

    schema_version: int = Field(default=2, description="Version of this document's layout.")
    reference_id: ContentKey = Field(description="Hash of the content.")
    name: Text = Field(description="Name that people read.")
    scheme: Text = Field(description="Energy scheme of every number in it.")
    date: Text = Field(description="Date of the data as its source gives it.")
    license: Text = Field(description="License of the data.")
    source: Text = Field(default="unknown", description="Where its energies came from, in words.")
    pymatgen_version: Text = Field(
        default="unknown", description="Version whose corrections its energies carry."
    )
    coverage: Text = Field(description="Whether it holds some phases or all that are known.")
    omitted: tuple[OmittedPhaseDoc, ...] = Field(
        default=(), description="Phases that could not be placed."
    )
    element_energies: dict[ElementSymbol, float] = Field(
        description="Energy of each element's reference phase in eV/atom."
    )
    phases: tuple[ReferencePhaseDoc, ...] = Field(description="The phases.")
