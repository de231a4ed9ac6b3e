"""Between the database and a spool: crystals out, results in."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from db.documents import StructureDoc
from db.progress import note_ends
from db.queries import documents_by_id, known_ids
from db.tasks import close_known
from db.writes import write_relaxations
from facet.errors import ConfigError
from workflows.campaign import work_of
from workflows.keys import deciding, relaxation_key
from workflows.operations.queue import stored_campaign
from workflows.operations.spool.files import (
    SpoolError,
    SpoolHeader,
    read_header,
    read_results,
    write_crystals,
    write_header,
)
from workflows.progress import noted, report
from workflows.screen import screen

if TYPE_CHECKING:
    from pathlib import Path

    from db.client import MongoDatabase
    from db.documents import CampaignDoc, RelaxationDoc

A_PART = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True)
class Part:
    """One of several parts of a campaign; the same crystals are always in the same part.

    Attributes:
        number: Which, from 1.
        out_of: How many parts there are.
    """

    number: int = 1
    out_of: int = 1

    @classmethod
    def from_text(cls, text: str) -> Part:
        """Read ``N/M``.

        Raises:
            ConfigError: It is something else.
        """
        found = A_PART.fullmatch(text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise ConfigError(f"{text!r} is no part of a campaign; write 1/4 for the first of 4.")
        return cls(int(found[1]), int(found[2]))

    def holds(self, structure_id: str) -> bool:
        """Whether a crystal is in this part."""
        number = int(hashlib.sha256(structure_id.encode()).hexdigest()[:16], 16)
        return number % self.out_of == self.number - 1


class BroughtIn(NamedTuple):
    """What a spool brought.

    Attributes:
        campaign_id: The campaign that had asked.
        num_new: Results that the database did not have.
        num_known: Results that it had.
        num_left: Crystals of the campaign that still have none.
        status: Of the campaign.
    """

    campaign_id: str
    num_new: int
    num_known: int
    num_left: int
    status: str


def write_out(database: MongoDatabase, campaign_id: str, part: Part, folder: Path) -> SpoolHeader:
    """Write what is left of a part of a campaign into a folder.

    Raises:
        MissingDocumentError: There is no such campaign.
        SpoolError: The folder holds a spool already, or cannot be written.
    """
    campaign = stored_campaign(database, campaign_id)
    keys = [each for each in work_of(database, campaign).missing if part.holds(each)]
    crystals = documents_by_id(database, StructureDoc, keys)
    written = noted(crystals, "crystals written", len(keys))
    num_crystals, checksum = write_crystals(folder, written)
    header = SpoolHeader(
        campaign_id=campaign_id,
        part=f"{part.number}/{part.out_of}",
        potential_name=campaign.potential_name,
        potential_fingerprint=campaign.potential_fingerprint,
        relax_settings=dict(campaign.relax_settings),
        num_crystals=num_crystals,
        crystals_sha256=checksum,
    )
    write_header(folder, header)
    return header


def bring_in(database: MongoDatabase, folder: Path) -> BroughtIn:
    """Store the results of a spool; twice is once, and what is stored already stays.

    A campaign of which nothing is left then is screened.

    Raises:
        SpoolError: A file is damaged, or a result is not of what this campaign asked.
        MissingDocumentError: The database does not hold the campaign.
    """
    header = read_header(folder)
    campaign = stored_campaign(database, header.campaign_id)
    num_new = num_known = 0
    for results in read_results(folder):
        _check(database, campaign, results, folder)
        count = write_relaxations(database, results)
        close_known(database, [each.relaxation_id for each in results])
        note_ends(database, {each.relaxation_id: each.stop_reason for each in results})
        num_new += count.num_new
        num_known += count.num_known
        report("results stored", num_new + num_known, header.num_crystals)
    work = work_of(database, campaign)
    if not (work.missing or campaign.status == "finished"):
        campaign = screen(database, campaign.campaign_id)
    return BroughtIn(campaign.campaign_id, num_new, num_known, len(work.missing), campaign.status)


def _check(
    database: MongoDatabase, campaign: CampaignDoc, results: list[RelaxationDoc], folder: Path
) -> None:
    """Refuse results of other weights, other settings or other crystals."""
    asked = deciding(campaign.relax_settings)
    for each in results:
        if each.potential_fingerprint != campaign.potential_fingerprint:
            raise SpoolError(
                f"{folder} holds results of the weights {each.potential_fingerprint[:12]}, and "
                f"campaign {campaign.campaign_id} asks for "
                f"{campaign.potential_fingerprint[:12]}; run it with those."
            )
        key = relaxation_key(each.structure_id, each.potential_fingerprint, each.settings)
        if deciding(each.settings) != asked or each.relaxation_id != key:
            raise SpoolError(
                f"{folder} holds results of other settings than campaign "
                f"{campaign.campaign_id} asks for; run it again as `facet spool out` wrote it."
            )
    ids = {each.structure_id for each in results}
    if known_ids(database, StructureDoc, ids) != ids:
        raise SpoolError(
            f"{folder} holds results of crystals that the database does not hold; bring it into "
            "the database that it came from."
        )
