"""Which stored reference a name stands for now."""

from typing import ClassVar

from pydantic import Field

from db.documents.base import BaseDoc
from db.documents.fields import ContentKey, Text, UtcTime


class ReferenceNameDoc(BaseDoc):
    """A name that people gave to a reference; references themselves never change."""

    collection: ClassVar[str] = "reference_names"
    id_field: ClassVar[str] = "name"

    name: Text = Field(description="The name.")
    reference_id: ContentKey = Field(description="Reference that it stands for.")
    num_phases: int = Field(description="Phases of that reference.")
    previous: tuple[ContentKey, ...] = Field(
        default=(), description="References that it stood for before, oldest first."
    )
    updated_at: UtcTime = Field(description="Server's time at which it began to.")
