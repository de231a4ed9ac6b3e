"""Works that a report rests on, as people cite them and as BibTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHERS = " and others"
LABELS_OF = ("facet-s",)
"""Bundled potentials whose training frames were labeled by another."""


class Work(NamedTuple):
    """A publication.

    Attributes:
        key: Of its BibTeX entry.
        authors: As BibTeX separates them.
        title: Of the work.
        where: Journal, volume and pages, in words.
        year: Of publication.
        doi: Its digital object identifier, or that of its preprint.
        role: What it was used for.
    """

    key: str
    authors: str
    title: str
    where: str
    year: int
    doi: str
    role: str

    @property
    def sentence(self) -> str:
        """The work as people read it."""
        names = self.authors.replace(OTHERS, " et al.").replace(" and ", ", ")
        return f"{names}: {self.title}. {self.where} ({self.year})."

    @property
    def bibtex(self) -> str:
        """The work as BibTeX reads it."""
        return (
            f"@article{{{self.key},\n  author = {{{self.authors}}},\n"
            f"  title = {{{{{self.title}}}}},\n  journal = {{{self.where}}},\n"
            f"  year = {{{self.year}}},\n  doi = {{{self.doi}}}\n}}"
        )


PYMATGEN = Work(
    "ong2013pymatgen", "Ong, S. P. and others",
    "Python Materials Genomics (pymatgen): A robust, open-source python library for materials "
    "analysis",
    "Computational Materials Science 68, 314-319", 2013, "10.1016/j.commatsci.2012.10.028",
    "hulls, corrections, matching of structures",
)  # fmt: skip
MP2020 = Work(
    "wang2021corrections", "Wang, A. and others",
    "A framework for quantifying uncertainty in DFT energy corrections",
    "Scientific Reports 11, 15496", 2021, "10.1038/s41598-021-94550-5",
    "corrections of energies (MP2020)",
)  # fmt: skip
MATERIALS_PROJECT = Work(
    "jain2013materials", "Jain, A. and others",
    "Commentary: The Materials Project: A materials genome approach to accelerating materials "
    "innovation",
    "APL Materials 1, 011002", 2013, "10.1063/1.4812323",
    "scheme of the energies; phases of the reference where they are its own",
)  # fmt: skip
JOBFLOW = Work(
    "rosen2024jobflow", "Rosen, A. S. and others",
    "Jobflow: Computational Workflows Made Simple",
    "Journal of Open Source Software 9(93), 5995", 2024, "10.21105/joss.05995",
    "workflows",
)  # fmt: skip
FIREWORKS = Work(
    "jain2015fireworks", "Jain, A. and others",
    "FireWorks: a dynamic workflow system designed for high-throughput applications",
    "Concurrency and Computation: Practice and Experience 27, 5037-5059", 2015, "10.1002/cpe.3505",
    "queue of the jobs",
)  # fmt: skip
ATOMATE2 = Work(
    "ganose2025atomate2", "Ganose, A. M. and others",
    "Atomate2: modular workflows for materials science",
    "Digital Discovery 4, 1944-1973", 2025, "10.1039/D5DD00019J",
    "DFT calculations",
)  # fmt: skip
SPGLIB = Work(
    "togo2024spglib", "Togo, A. and Shinohara, K. and Tanaka, I.",
    "Spglib: a software library for crystal symmetry search",
    "Science and Technology of Advanced Materials: Methods 4, 2384822", 2024,
    "10.1080/27660400.2024.2384822", "symmetry",
)  # fmt: skip
MATTERSIM = Work(
    "yang2024mattersim", "Yang, H. and others",
    "MatterSim: A Deep Learning Atomistic Model Across Elements, Temperatures and Pressures",
    "arXiv 2405.04967", 2024, "10.48550/arXiv.2405.04967",
    "labels of the frames that the potential was trained on",
)  # fmt: skip
MACE = Work(
    "batatia2023foundation", "Batatia, I. and others",
    "A foundation model for atomistic materials chemistry",
    "arXiv 2401.00096", 2023, "10.48550/arXiv.2401.00096",
    "the potential that was compared",
)  # fmt: skip


def works_behind(potential: str, labels: Mapping[str, bool]) -> list[Work]:
    """Return what to cite beside Facet itself.

    Args:
        potential: Name of the potential.
        labels: Whether a part of the work was done, by ``dft``, ``queue`` and ``mace``.
    """
    works = [MATERIALS_PROJECT, MP2020, PYMATGEN, JOBFLOW, SPGLIB]
    if potential in LABELS_OF:
        works.append(MATTERSIM)
    if labels.get("queue"):
        works.append(FIREWORKS)
    if labels.get("dft"):
        works.append(ATOMATE2)
    if labels.get("mace"):
        works.append(MACE)
    return works


def software_bibtex(version: str, fingerprint: str, year: int) -> str:
    """Return the entry of Facet with the weights that were used.

    Args:
        version: Of Facet.
        fingerprint: SHA-256 of weights and config.
        year: In which the campaign was made.
    """
    return (
        f"@software{{facet,\n  title = {{{{Facet: high-throughput relaxation and stability "
        f"screening of crystals}}}},\n  version = {{{version}}},\n  year = {{{year}}},\n"
        f"  note = {{Weights with SHA-256 {fingerprint}}}\n}}"
    )
