"""What every record of Hone has in common: frozen, checked, the same JSON everywhere."""

import hashlib
import json
import os
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen value that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Undefined(Record):
    """A statistic that has no value here, and why. It is never 0, nan or infinity."""

    undefined: str


def now() -> datetime:
    """The time in UTC without a zone, as the store keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def new_id() -> str:
    """A UUID version 7 (RFC 9562): ids made later sort later, to the millisecond."""
    millis = time.time_ns() // 1_000_000
    raw = bytearray(millis.to_bytes(6, "big") + os.urandom(10))
    raw[6] = (raw[6] & 0x0F) | 0x70
    raw[8] = (raw[8] & 0x3F) | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))


def new_ids(count: int) -> list[str]:
    """So many ids at once, in ascending order."""
    millis = (time.time_ns() // 1_000_000).to_bytes(6, "big").hex()
    head = f"{millis[:8]}-{millis[8:]}-7"
    noise = os.urandom(10 * count).hex()
    variants = "89ab" * 4
    each = (noise[at : at + 20] for at in range(0, 20 * count, 20))
    return sorted(f"{head}{n[:3]}-{variants[int(n[3], 16)]}{n[4:7]}-{n[7:19]}" for n in each)


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no spaces, no nan. Hashes are taken of this."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(*parts: str) -> str:
    """Hex digest of texts; each is preceded by its length, so ("ab", "c") differs from ("a", "bc")."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(str(len(raw)).encode() + b":" + raw)
    return digest.hexdigest()
