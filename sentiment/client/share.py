"""Decides which requests go to canary: a share of the keys, chosen by a stable hash."""

from __future__ import annotations

import hashlib

# Its own salt: the hash that picks the rolling test set would pick the same texts.
SALT = b"sentiment canary share"


def goes_to_canary(key: str, share: float) -> bool:
    """Tells whether the request with this key goes to canary, as `share` (0 to 1) of all keys do.

    Only the key and the share decide, so a key stays on its side on every machine; a larger share only adds keys.
    """
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8, key=SALT).digest()
    return int.from_bytes(digest, "big") < share * 2**64
