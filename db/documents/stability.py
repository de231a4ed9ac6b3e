"""How a relaxed crystal answers to small motions and strains: a document for each measurement."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from db.documents.base import BaseDoc
from db.documents.fields import ContentKey, Finite, JsonObject, Part, Text, UtcTime

StabilityKind = Literal["phonons", "elastic"]
Row3 = tuple[int, int, int]
Row6 = tuple[float, float, float, float, float, float]


class PhononPart(Part):
    """Harmonic phonons."""

    lowest_frequency: float = Field(description="Lowest frequency in THz, imaginary negative.")
    wave_vector: tuple[float, float, float] = Field(
        description="Where that is, in the reciprocal basis of the relaxed cell."
    )
    lowest_commensurate: Finite = Field(
        description="Lowest in THz on wave vectors that need no interpolation."
    )
    supercell: tuple[Row3, Row3, Row3] = Field(
        description="Vectors of the supercell in units of the cell's, as rows."
    )
    num_atoms: int = Field(ge=1, description="Atoms in the supercell.")
    image_distance: float = Field(description="Of an atom from its own image, in angstrom.")
    num_displacements: int = Field(ge=1, description="Displaced supercells that were evaluated.")
    phonopy_version: str = Field(description="Version of phonopy.")


class ElasticPart(Part):
    """The elastic tensor with ions at rest."""

    eigenvalues: Row6 = Field(
        description="Of the stiffness in an orthonormal basis, in GPa, lowest first."
    )
    stiffness: tuple[Row6, Row6, Row6, Row6, Row6, Row6] = Field(
        description="C11 to C66 in GPa, in the order xx yy zz yz xz xy."
    )
    bulk_modulus: Finite = Field(
        description="Voigt-Reuss-Hill average in GPa; None where some strain costs no energy."
    )
    shear_modulus: Finite = Field(description="The same average of the shear modulus, in GPa.")


class StabilityDoc(BaseDoc):
    """One measurement of one relaxed crystal, or why it failed."""

    collection: ClassVar[str] = "stabilities"
    id_field: ClassVar[str] = "stability_id"

    stability_id: ContentKey = Field(description="Hash of relaxation, kind and settings.")
    relaxation_id: ContentKey = Field(description="The relaxed crystal.")
    kind: StabilityKind = Field(description="What was measured.")
    potential_fingerprint: str = Field(
        description="SHA-256 of the potential that relaxed the crystal and was measured."
    )
    settings: JsonObject = Field(description="How it was measured, in the units they name.")
    phonons: PhononPart | None = Field(default=None, description="If phonons were measured.")
    elastic: ElasticPart | None = Field(default=None, description="If strains were measured.")
    fault: Text | None = Field(default=None, description="Why nothing could be measured.")
    seconds: float = Field(description="Time that it took, its share of batches included.")
    campaign_id: ContentKey | None = Field(
        default=None, description="The campaign whose expense it was; others found it known."
    )
    device: Text | None = Field(default=None, description="Where it ran, e.g. cpu or cuda:0.")
    device_name: Text | None = Field(
        default=None, description="What the device calls itself, e.g. NVIDIA H200."
    )
    num_threads: int | None = Field(
        default=None, ge=1, description="Processor cores that the process used."
    )
    device_id: Text | None = Field(
        default=None,
        description="Tells a GPU from all others, however many processes share it: its UUID.",
    )
    process: Text | None = Field(
        default=None, description="Random name of the process that made it, which no other has."
    )
    created_at: UtcTime = Field(description="When it was measured (UTC).")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = {"phonons": self.phonons, "elastic": self.elastic, "fault": self.fault}
        told = [name for name, value in said.items() if value is not None]
        if told not in (["fault"], [self.kind]):
            raise ValueError("it must hold what its kind says, or a fault")
        return self
