"""``facet compare``: what is compared, and how the report is shown."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from db.client import open_database
from facet.errors import ConfigError
from workflows.cli.compare_text import print_report
from workflows.cli.files import check_writable
from workflows.cli.progress import working
from workflows.cli.tables import print_json
from workflows.comparison.maker import CompareMaker
from workflows.comparison.peers import peers_named
from workflows.comparison.request import CompareSettings
from workflows.comparison.run import compare
from workflows.comparison.sampling import Stratum
from workflows.devices import check_device
from workflows.environments import python_of
from workflows.launch import add_flow, launchpad
from workflows.operations.queue import stored_campaign
from workflows.settings import CampaignSettings
from workflows.submit import submit

if TYPE_CHECKING:
    from pathlib import Path

    from db.client import MongoDatabase
    from facet.relaxation.settings import RelaxSettings

BUNDLED = "facet-s"


@dataclass(frozen=True)
class CompareRequest:
    """A comparison in the words of the command line.

    Attributes:
        candidates: Files of crystals; none where a campaign is named.
        campaign_id: A campaign that is submitted already.
        potential: The first potential; None is that of the campaign, or the bundled one.
        others: Those that are compared with it.
        reference: Competing phases of the files.
        element_energies: Elemental energies of such a reference.
        relax: How files are relaxed; a campaign has its own settings.
        sample: Compare at most this many.
        stratify: Over what the sample is spread.
        pool: Crystals that energies are aligned on.
        device: Where potentials run.
    """

    candidates: tuple[Path, ...]
    campaign_id: str | None
    potential: str | None
    others: tuple[str, ...]
    reference: Path | None
    element_energies: Path | None
    relax: RelaxSettings
    sample: int | None
    stratify: str
    pool: Path | None
    device: str | None

    def settings_in(self, database: MongoDatabase, *, runs_here: bool) -> CompareSettings:
        """Find or submit the campaign that is meant, and look at the potentials.

        Args:
            database: Holds the campaign.
            runs_here: Whether this machine computes, and needs the environments.

        Raises:
            ConfigError: It is not clear what is to be compared, or an environment is missing.
            FacetError: A file or a potential cannot be used.
            DbError: There is no such campaign.
        """
        if self.stratify not in get_args(Stratum):
            raise ConfigError(
                f"A sample cannot be spread over {self.stratify!r}; use chemsys, nelements or none."
            )
        if bool(self.candidates) == bool(self.campaign_id):
            raise ConfigError("Name either files of crystals or a campaign with --campaign.")
        if self.campaign_id:
            campaign_id = self.campaign_id
            name = self.potential or stored_campaign(database, campaign_id).potential_name
        else:
            name = self.potential or BUNDLED
        peers = peers_named([name, *self.others])  # before anything is stored
        for environment in {each.environment for each in peers} - {""} if runs_here else ():
            python_of(environment)
        if not self.campaign_id:
            asked = self._campaign(name)
            with working("reading and storing candidates"):
                campaign_id = submit(database, asked).campaign.campaign_id
        return CompareSettings(
            campaign_id=campaign_id,
            peers=peers,
            sample=self.sample,
            stratify=self.stratify,  # type: ignore[arg-type]
            pool=self.pool,
            device=self.device,
        )

    def _campaign(self, potential: str) -> CampaignSettings:
        if self.reference is None:
            raise ConfigError(
                "Files of crystals need --reference, the phases that they compete with: decisions "
                "are compared too."
            )
        return CampaignSettings(
            candidates=self.candidates,
            reference=self.reference,
            element_energies=self.element_energies,
            potential=potential,
            relax=self.relax,
        )


def run_compare(request: CompareRequest, *, queue: bool, html: Path | None, as_json: bool) -> int:
    """Compare here, or leave it to workers; show the report and return the exit code.

    Raises:
        FacetError: A file, a potential or its environment cannot be used.
        DbError: The database cannot be used, or there is no such campaign.
    """
    check_device(None if queue else request.device)
    if html is not None:
        check_writable(html, ".html")
    with open_database() as database:
        settings = request.settings_in(database, runs_here=not queue)
        if queue:
            _print_queued(_queued(database, settings), as_json=as_json)
            return 0
        with working("comparing"):
            report = compare(database, settings)
    if html is not None:
        from workflows.comparison.page import write_page

        write_page(report, html)
    if as_json:
        print_json(report)
    else:
        print_report(report)
    return 0


def _queued(database: MongoDatabase, settings: CompareSettings) -> dict[str, Any]:
    flow = CompareMaker().make(database, settings)
    pad = launchpad(database)
    # Its own name, so that the campaign's unfinished jobs do not stand in its way.
    added = add_flow(pad, flow, f"compare-{settings.campaign_id}")
    return {
        "campaign_id": settings.campaign_id,
        "num_jobs_added": len(flow.jobs) if added.is_new else 0,
        "has_earlier_jobs": not added.is_new,
        "categories": sorted({each.category for each in settings.peers}),
    }


def _print_queued(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    if told["has_earlier_jobs"]:
        sys.stdout.write("An earlier comparison of this campaign has not ended: none added.\n")
        return
    workers = ", ".join(f"`facet worker --category {each}`" for each in told["categories"])
    sys.stdout.write(
        f"{told['num_jobs_added']} jobs added for {workers}; the same command without --queue "
        "reports when they are done.\n"
    )
