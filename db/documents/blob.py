"""Bytes of a document that may be many: inside it when few, beside it in GridFS when not."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from db.documents.fields import ContentKey, Part


class Blob(Part):
    """Some bytes, or the key under which ``db.blobs`` keeps them."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )

    content: bytes | None = Field(default=None, description="The bytes, when they are few.")
    key: ContentKey | None = Field(default=None, description="SHA-256 of bytes kept in GridFS.")
    num_bytes: int = Field(ge=0, description="How many bytes they are.")

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Hold bytes inside; the writer of the document moves them out when they are many."""
        return cls(content=content, num_bytes=len(content))

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        if (self.content is None) == (self.key is None):
            raise ValueError("the bytes of a blob are either inside it or under a key")
        if self.content is not None and len(self.content) != self.num_bytes:
            raise ValueError("num_bytes is not the number of bytes")
        return self
