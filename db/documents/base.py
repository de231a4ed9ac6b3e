"""What every stored document has: a key, a schema version, and a way to and from MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field

from db.documents.fields import Part
from db.errors import MissingDocumentError, SchemaMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping

PARKED = "parked"
"""Where a stored document lists the fields that are kept in GridFS; see ``db.storing``."""


class BaseDoc(Part):
    """Base of all documents.

    The key comes from the content and is stored as ``_id``, so that writing twice is writing once.
    A class whose layout changed has a higher default of ``schema_version``, and ``db.migrations``
    a step to it.

    Attributes:
        collection: The MongoDB collection that holds these documents.
        id_field: The attribute that is stored as ``_id``.
        large_fields: Fields that move to GridFS when the document is large.
        blob_fields: Fields of type ``Blob`` whose bytes do so when they are many.
    """

    collection: ClassVar[str]
    id_field: ClassVar[str]
    large_fields: ClassVar[tuple[str, ...]] = ()
    blob_fields: ClassVar[tuple[str, ...]] = ()

    schema_version: int = Field(default=1, description="Version of this document's layout.")

    @property
    def document_id(self) -> str:
        """The key that is stored as ``_id``."""
        return str(getattr(self, self.id_field))

    def to_mongo(self) -> dict[str, Any]:
        """Return the document as MongoDB stores it, large or not."""
        return {"_id": self.document_id, **self.model_dump(exclude={self.id_field})}

    @classmethod
    def from_mongo(cls, raw: Mapping[str, Any]) -> Self:
        """Read a stored document that is all there.

        Raises:
            SchemaMismatchError: Another version of Facet wrote it.
            MissingDocumentError: Some of its fields are parked in GridFS.
        """
        cls.check_version(raw)
        if raw.get(PARKED):
            raise MissingDocumentError(
                f"Document {raw['_id']!r} in {cls.collection} has fields in GridFS; read it with "
                "db.storing.read_document."
            )
        fields = {key: value for key, value in raw.items() if key != "_id"}
        if cls.id_field in cls.model_fields:
            fields[cls.id_field] = raw["_id"]
        return cls.model_validate(fields)

    @classmethod
    def check_version(cls, raw: Mapping[str, Any]) -> None:
        """Refuse a stored document that another version of Facet wrote.

        Raises:
            SchemaMismatchError: One did.
        """
        known = cls.model_fields["schema_version"].default
        found = raw.get("schema_version")
        if found == known:
            return
        is_older = isinstance(found, int) and found < known
        mend = "run `facet db migrate`" if is_older else "use a newer Facet"
        raise SchemaMismatchError(
            f"Document {raw.get('_id')!r} in {cls.collection} has schema version {found}, and this "
            f"Facet reads version {known}; {mend}."
        )
