"""Which campaign a user means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.documents import CampaignDoc
from db.errors import DbError, MissingDocumentError
from db.queries import campaigns_find, known_ids

if TYPE_CHECKING:
    from workflows.handles.session import Session

FEWEST_DIGITS = 4
NAMED_AT_MOST = 5


def campaign_meant(session: Session, name: str | None) -> str:
    """Return the id of the campaign that is meant.

    Args:
        session: The open database.
        name: Its id, the first digits of it, or its input as it was named; None is the campaign
            that was saved last.

    Raises:
        MissingDocumentError: There is none.
        DbError: Several are meant.
    """
    with session.asking() as database:
        if name is not None and known_ids(database, CampaignDoc, [str(name)]):
            return name
        stored = {str(raw["_id"]): str(raw["source"]) for raw in campaigns_find().run(database)}
    if name is None:
        meant = list(stored)[:1]
    else:
        meant = [key for key, source in stored.items() if _is_meant(name, key, source)]
    if len(meant) == 1:
        return meant[0]
    if not meant:
        raise MissingDocumentError(
            f"The database holds no campaign {name!r}; `Campaign.list()` shows those it holds."
            if name is not None
            else "The database holds no campaign yet; run `facet screen` first."
        )
    raise DbError(
        f"{name!r} means {len(meant)} campaigns ({', '.join(meant[:NAMED_AT_MOST])}); give an id."
    )


def _is_meant(name: str, campaign_id: str, source: str) -> bool:
    is_beginning = len(name) >= FEWEST_DIGITS and campaign_id.startswith(name)
    return is_beginning or name == source
