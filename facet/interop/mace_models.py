"""MACE's own names for the models that it publishes, and what their files must be.

Only models whose energies are those of the Materials Project (PBE+U, uncorrected) have a place
here: others would share a hull with energies that mean something else.
"""

from __future__ import annotations

from dataclasses import dataclass

MACE_MP_0_SMALL = "2ddb079cee0e131eaaf6912ba581b394551ead283e95c99cfe78c605d10b5736"
"""SHA-256 of the weights of MACE-MP-0 small (MIT license; Batatia et al., arXiv 2401.00096)."""

RELEASES = "https://github.com/ACEsuit/mace-mp/releases/download"


@dataclass(frozen=True)
class MaceModel:
    """A published model.

    Attributes:
        name: MACE's own.
        label: What readers are shown.
        file: Place below ``RELEASES``.
        sha256: Of the file. That of ``small`` was computed here; the others are those that several
            independent projects found for the same file, so that a wrong one refuses a download
            and never lets another file in.
    """

    name: str
    label: str
    file: str
    sha256: str

    @property
    def url(self) -> str:
        """Where its authors keep it."""
        return f"{RELEASES}/{self.file}"


MODELS = {
    each.name: each
    for each in (
        MaceModel(
            "small",
            "MACE-MP-0 small",
            "mace_mp_0/2023-12-10-mace-128-L0_energy_epoch-249.model",
            MACE_MP_0_SMALL,
        ),
        MaceModel(
            "medium",
            "MACE-MP-0 medium",
            "mace_mp_0/2023-12-03-mace-128-L1_epoch-199.model",
            "01bfe22100139f424713cf921144e5509cbe353d67aa9fa1be9c6e1e0ed35845",
        ),
        MaceModel(
            "large",
            "MACE-MP-0 large",
            "mace_mp_0/MACE_MPtrj_2022.9.model",
            "f80e992b65ab8f88fdf26964511357c022e92704e4d9bcd086652635a8495b32",
        ),
        MaceModel(
            "small-0b",
            "MACE-MP-0b small",
            "mace_mp_0b/mace_agnesi_small.model",
            "7e3a0abcaf41e03a80e69f778e1b11b29de1cca704783dc25917a736392f8cf0",
        ),
        MaceModel(
            "small-0b2",
            "MACE-MP-0b2 small",
            "mace_mp_0b2/mace-small-density-agnesi-stress.model",
            "d5773bf9440e96d6eb8c598f84bd0e6369fcfa432f626a87f890e07da3c651c9",
        ),
        MaceModel(
            "medium-0b2",
            "MACE-MP-0b2 medium",
            "mace_mp_0b2/mace-medium-density-agnesi-stress.model",
            "a90be07c8aa6623c390fcc4653d3e319c4a356f8b4a53d323f96b2012d375caf",
        ),
        MaceModel(
            "medium-0b3",
            "MACE-MP-0b3 medium",
            "mace_mp_0b3/mace-mp-0b3-medium.model",
            "2f2be696351ac9e94fbe01cdfb6f017679acdbd2db7645209ef55fec9826b012",
        ),
        MaceModel(
            "medium-mpa-0",
            "MACE-MPA-0 medium",
            "mace_mpa_0/mace-mpa-0-medium.model",
            "75428afe3a1d7d8062e19bcaabd5c433623cabf308242ec9fb493e38604fb638",
        ),
    )
}
"""By MACE's own names, those whose checksum is known."""

ALIASES = {
    "mp-0-small": "small",
    "mp-0-medium": "medium",
    "mp-0-large": "large",
    "mp-0": "medium",
    "mp-0b3": "medium-0b3",
    "mp-0b3-medium": "medium-0b3",
    "mpa-0": "medium-mpa-0",
    "mpa-0-medium": "medium-mpa-0",
}
"""Other names in use, without ``mace-``; MACE-MP-0 alone has meant the medium one."""


def mace_model(name: str) -> MaceModel | None:
    """Find a published model by one of its names; None where its checksum is not known."""
    plain = name.lower().removeprefix("mace-")
    return MODELS.get(ALIASES.get(plain, plain))


def label_of(sha256: str) -> str | None:
    """Name of a published model for readers, by the checksum of its file."""
    return next((each.label for each in MODELS.values() if each.sha256 == sha256), None)
