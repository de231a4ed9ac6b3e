"""What every stored document has: a key, a schema version, and a way to and from MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field

from db.documents.fields import Part
from db.errors import SchemaMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping


class BaseDoc(Part):
    """Base of all documents.

    The key comes from the content and is stored as ``_id``, so that writing twice is writing once.

    Attributes:
        collection: The MongoDB collection that holds these documents.
        id_field: The attribute that is stored as ``_id``.
    """

    collection: ClassVar[str]
    id_field: ClassVar[str]

    schema_version: int = Field(default=1, description="Version of this document's layout.")

    @property
    def document_id(self) -> str:
        """The key that is stored as ``_id``."""
        return str(getattr(self, self.id_field))

    def to_mongo(self) -> dict[str, Any]:
        """Return the document as MongoDB stores it."""
        return {"_id": self.document_id, **self.model_dump(exclude={self.id_field})}

    @classmethod
    def from_mongo(cls, raw: Mapping[str, Any]) -> Self:
        """Read a stored document.

        Raises:
            SchemaMismatchError: Another version of Facet wrote it.
        """
        known = cls.model_fields["schema_version"].default
        if raw.get("schema_version") != known:
            raise SchemaMismatchError(
                f"Document {raw.get('_id')!r} in {cls.collection} has schema version "
                f"{raw.get('schema_version')}, and this Facet reads version {known}; "
                "use the version of Facet that wrote it."
            )
        fields = {key: value for key, value in raw.items() if key != "_id"}
        if cls.id_field in cls.model_fields:
            fields[cls.id_field] = raw["_id"]
        return cls.model_validate(fields)
