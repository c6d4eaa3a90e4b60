"""Records of the `pools` topic: compiled pools and their trained models, content-addressed, in chunks, manifest last."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.events.fields import Hash, Millis, Record

CHUNK_BYTES = 360 * 1024  # of content; 480 KiB as base64, below MAX_RECORD_BYTES


class PoolChunk(Record):
    topic: ClassVar[str] = "pools"

    type: Literal["pool_chunk"] = "pool_chunk"
    hash: Hash
    index: int = Field(ge=0)
    data: str = Field(description="Base64 of this part of the content.")

    def key(self) -> str:
        return f"{self.hash}/{self.index}"


class PoolManifest(Record):
    """Written after all chunks: a blob exists when its manifest does. A pool names the model that it was tested with."""

    topic: ClassVar[str] = "pools"

    type: Literal["pool_manifest"] = "pool_manifest"
    hash: Hash
    kind: Literal["pool", "model"]
    size: int = Field(ge=0, description="Bytes of the content.")
    chunks: int = Field(ge=1)
    model: Hash | None = None
    at: Millis

    def key(self) -> str:
        return self.hash


PoolRecord = Annotated[PoolChunk | PoolManifest, Field(discriminator="type")]
