"""Which requests go to canary: a share of the keys, chosen by a stable hash."""

from __future__ import annotations

import hashlib

# A salt of its own: the same hash as elsewhere (the one that picks the rolling test set) would pick the same texts.
SALT = b"sentiment canary share"


def goes_to_canary(key: str, share: float) -> bool:
    """Tells whether the request with this key goes to canary; `share` (0 to 1) of all keys do.

    Only key and share decide, so a key keeps its side on every machine; a larger share only moves keys to canary.
    """
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8, key=SALT).digest()
    return int.from_bytes(digest, "big") < share * 2**64
