"""A stored campaign as an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.documents import CampaignDoc
from db.errors import DbError
from db.indexes import ensure_indexes
from db.queries import campaigns_find, documents_by_id
from screening.rules import FlagRule
from workflows.accounting import account
from workflows.handles.candidates import Candidates, filter_of, sort_of
from workflows.handles.naming import campaign_meant
from workflows.handles.session import Session
from workflows.handles.shown import html_table
from workflows.operations.status import campaign_status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Self

    from pymatgen.analysis.phase_diagram import PhaseDiagram

    from workflows.settings import CampaignSettings


class Campaign:
    """A stored campaign: its candidates, its progress, its hull.

    What it tells is read when it is asked for, so that a campaign that still runs can be watched.

    Args:
        session: The open database.
        campaign_id: Key of a stored campaign.
    """

    def __init__(self, session: Session, campaign_id: str) -> None:
        self._session = session
        self.campaign_id = campaign_id

    @classmethod
    def open(cls, name: str | None = None, uri: str | None = None) -> Self:
        """Open a campaign.

        Args:
            name: Its id, the first digits of it, or its input as it was named when it was
                submitted; None takes the campaign that was saved last.
            uri: Connection string of a MongoDB server; None takes ``FACET_MONGO_URI``, or the
                private server of this machine.

        Raises:
            MissingDocumentError: There is no such campaign.
            DbError: Several are meant, or the server refuses.
            SettingsError: The connection string cannot be used.
        """
        session = Session(uri)
        return cls(session, campaign_meant(session, name))

    @classmethod
    def screen(cls, settings: CampaignSettings) -> Self:
        """Run a campaign in this process, as ``facet screen`` does, and open it.

        Interrupted at any moment, it leaves stored what was relaxed; the same call goes on with
        the rest.

        Args:
            settings: What is asked; the database is the one of the environment.

        Raises:
            InputError: A path does not exist.
            ScreeningError: The reference file cannot be used.
            UnfinishedError: It was told to stop, or the campaign is paused or canceled.
        """
        from workflows.campaign import run_campaign, work_of  # jobflow and torch, when needed
        from workflows.submit import submit

        session = Session()
        with session.asking() as database:
            ensure_indexes(database)
            stored = submit(database, settings).campaign
            run_campaign(database, stored, work_of(database, stored), settings.shard_size)
        return cls(session, stored.campaign_id)

    @classmethod
    def list(cls, uri: str | None = None, limit: int = 20) -> CampaignList:
        """Return the campaigns that were saved last, the latest first.

        Args:
            uri: As for ``open``.
            limit: At most so many.
        """
        session = Session(uri)
        with session.asking() as database:
            found = campaigns_find().run(database, limit=limit)
            return CampaignList(cls(session, str(raw["_id"])) for raw in found)

    @property
    def document(self) -> CampaignDoc:
        """The stored document as it is now.

        Raises:
            MissingDocumentError: It was deleted.
        """
        with self._session.asking() as database:
            return next(documents_by_id(database, CampaignDoc, [self.campaign_id]))

    @property
    def summary(self) -> dict[str, Any]:
        """Counts, and numbers that describe the screened campaign; units in the keys."""
        document = self.document
        return {**document.counts, **document.summary}

    @property
    def rule(self) -> FlagRule:
        """The rule that flags candidates; energies in eV/atom."""
        return FlagRule.from_dict(self.document.rule)

    def candidates(
        self,
        *,
        flagged: bool | None = None,
        sort: str | None = None,
        descending: bool = False,
        limit: int | None = None,
        **conditions: object,
    ) -> Candidates:
        """Return the candidates that meet all conditions; nothing is read yet.

        Args:
            flagged: Only those worth DFT, or only the others.
            sort: ``energy_above_hull``, which is usual, ``rank``, which is usual for flagged ones,
                ``material_id``, ``formation_energy_per_atom``, ``energy_per_atom``, ``nsites`` or
                ``formula``.
            descending: Largest first.
            limit: At most so many.
            **conditions: Fields of ``db.filters.CandidateFilter``, such as ``chemsys="Li-Mn-O"``,
                ``formula``, ``elements_all=("Li", "O")``, ``max_energy_above_hull`` in eV/atom,
                ``max_nsites``, ``verdict``, ``stop_reason``.

        Raises:
            DbError: There is no such condition or order.
        """
        if limit is not None and limit < 1:
            raise DbError(f"A limit of {limit} shows nothing; give one or more, or none.")
        if flagged is not None:
            conditions["is_flagged"] = flagged
        where = filter_of(self.campaign_id, conditions)
        field = sort or ("rank" if where.is_flagged else "energy_above_hull")
        return Candidates(self._session, where, sort_of(field, is_descending=descending), limit)

    def status(self) -> dict[str, Any]:
        """Return how far the campaign is: what ``facet status --json`` prints."""
        with self._session.asking() as database:
            return campaign_status(database, self.campaign_id)

    def account(self, watts: float | None = None) -> dict[str, Any]:
        """Return what it cost: what ``facet account --json`` prints.

        Args:
            watts: Power of one GPU, or of one core; None looks it up.
        """
        with self._session.asking() as database:
            return account(database, self.campaign_id, watts)

    def hull(self, chemsys: str) -> PhaseDiagram:
        """Return the hull of a chemical system with the candidates in it, for ``PDPlotter``.

        Energies are formation energies of the scheme of the campaign's reference, in eV for the
        formula of an entry; entries of candidates have ``attribute["is_candidate"]``.

        Args:
            chemsys: Elements joined by '-', in any order.

        Raises:
            DbError: It is no chemical system.
            MissingDocumentError: The campaign is not screened yet.
        """
        from workflows.handles.diagram import phase_diagram  # pymatgen's hulls take a second

        with self._session.asking() as database:
            return phase_diagram(database, self.document, chemsys)

    def report(self, path: Path | str) -> Path:
        """Write the report of the campaign as one HTML file, as ``facet report`` does.

        Returns:
            The path.
        """
        from pathlib import Path

        from workflows.report.contents import contents_of  # templates and pictures, when needed
        from workflows.report.render import write_report

        target = Path(path)
        with self._session.asking() as database:
            write_report(target, contents_of(database, self.campaign_id))
        return target

    def close(self) -> None:
        """Let go of the database; a private server that nobody else uses stops."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        told = self._told()
        return (
            f"<Campaign {told['campaign']} ({told['input']}): {told['status']}, "
            f"{told['candidates']} candidates, {told['flagged']} flagged>"
        )

    def _repr_html_(self) -> str:
        return html_table([self._told()])

    def _told(self) -> dict[str, Any]:
        document = self.document
        counts = document.counts
        return {
            "campaign": document.campaign_id,
            "input": document.source,
            "potential": document.potential_name,
            "status": document.status,
            "candidates": counts.get("candidates", 0),
            "converged": counts.get("end_converged", 0),
            "flagged": counts.get("flagged", 0),
        }


class CampaignList(list[Campaign]):
    """Campaigns that show themselves as a table."""

    def __init__(self, campaigns: Iterable[Campaign]) -> None:
        super().__init__(campaigns)

    def _repr_html_(self) -> str:
        return html_table([each._told() for each in self])  # noqa: SLF001 (of the same file)
