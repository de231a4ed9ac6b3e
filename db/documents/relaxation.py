"""How a crystal ended: one document for each structure, potential and settings."""

from typing import Annotated, ClassVar, Self

from pydantic import ConfigDict, Field, model_validator

from db.documents.base import BaseDoc
from db.documents.blob import Blob
from db.documents.fields import ContentKey, Finite, JsonObject, StopReasonName, Text, UtcTime
from db.documents.geometry import PackedGeometry

SpaceGroupNumber = Annotated[int | None, Field(ge=1, le=230)]


class RelaxationDoc(BaseDoc):
    """The end of one relaxation; a number that was not finite is stored as None.

    So is what was not known to whoever wrote it: documents that were migrated from an older layout
    lack what came later.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    collection: ClassVar[str] = "relaxations"
    id_field: ClassVar[str] = "relaxation_id"
    large_fields: ClassVar[tuple[str, ...]] = ("geometry",)
    blob_fields: ClassVar[tuple[str, ...]] = ("trajectory",)

    schema_version: int = Field(default=2, description="Version of this document's layout.")
    relaxation_id: ContentKey = Field(
        description="Hash of structure_id, potential fingerprint and settings."
    )
    structure_id: ContentKey = Field(description="The crystal that was relaxed.")
    potential_fingerprint: str = Field(
        description="SHA-256 of the potential's weights and config, which tells them both."
    )
    energy_scheme: str = Field(description="Functional and corrections of the energies.")
    settings: JsonObject = Field(description="Relaxation settings, in the units they name.")
    stop_reason: StopReasonName = Field(description="Which of the six ends.")
    message: Text = Field(description="One sentence that says why it ended.")
    nsites: int = Field(ge=1, description="Number of sites.")
    geometry: PackedGeometry = Field(description="The last good sites and cell, in angstrom.")
    energy: Finite = Field(description="Total energy at the stored geometry in eV.")
    energy_per_atom: Finite = Field(description="Energy divided by the sites, in eV/atom.")
    fmax: Finite = Field(description="Largest norm of a force on an atom in eV/angstrom.")
    smax: Finite = Field(description="Largest component of stress plus pressure in GPa.")
    num_steps: int = Field(ge=0, description="Optimizer steps taken.")
    num_evaluations: int | None = Field(
        default=None, ge=0, description="Times that the potential was asked."
    )
    initial_space_group: SpaceGroupNumber = Field(
        default=None, description="International number of the input, within 0.1 angstrom."
    )
    space_group: SpaceGroupNumber = Field(
        default=None, description="The same of the stored geometry; None where none can be told."
    )
    symmetric_energy: Finite = Field(
        default=None,
        description="Energy in eV where it first came to rest, if it was rattled after that.",
    )
    trajectory: Blob | None = Field(
        default=None, description="What it passed: a compressed npz archive, if asked for."
    )
    num_frames: int = Field(default=0, ge=0, description="Geometries in the trajectory.")
    energy_curve: bytes | None = Field(
        default=None,
        description="Total energy in eV at every evaluation, float32 little-endian; 2,000 of them, "
        "evenly chosen with the first and the last, where there were more.",
    )
    fmax_curve: bytes | None = Field(
        default=None, description="Largest force in eV/angstrom at the same evaluations, likewise."
    )
    member_offsets: bytes | None = Field(
        default=None,
        description="Energy by each member of the potential's committee less energy_per_atom, in "
        "eV/atom, float32 little-endian; None where nobody asked a committee.",
    )
    wall_share: float = Field(description="Share of the batches' wall time in seconds.")
    device: str = Field(description="Where it ran, e.g. cpu or cuda:0.")
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
    versions: JsonObject = Field(description="Versions of the programs that made it.")
    created_at: UtcTime = Field(description="When it ended (UTC).")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.nsites != self.geometry.num_sites:
            raise ValueError("nsites and geometry are of different size")
        return self
