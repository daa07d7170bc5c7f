"""A cipher whose seals of one value are never equal bytes, so that nobody comes to rely on that. What was sealed for a
customer it opens for nobody else.
"""

import hmac
import os
from base64 import b64decode, b64encode

from eventstore.model import Sealed


class RandomisingCipher:
    """Hides the JSON behind a random pad; the MAC alone tells equal values."""

    def seal(self, customer_id: str, plain: bytes) -> Sealed:
        """See eventstore.sealing.Cipher."""
        pad = os.urandom(len(plain))
        hidden = bytes(left ^ right for left, right in zip(plain, pad, strict=True))
        return f"test:{_mac(customer_id, plain)}:{b64encode(pad + hidden).decode()}"

    def open(self, customer_id: str, sealed: Sealed) -> bytes:
        """See eventstore.sealing.Cipher."""
        _, mac, data = sealed.split(":", 2)
        both = b64decode(data)
        half = len(both) // 2
        plain = bytes(left ^ right for left, right in zip(both[:half], both[half:], strict=True))
        assert mac == _mac(customer_id, plain), f"expected what was sealed for {customer_id}, found another's"
        return plain


def _mac(customer_id: str, plain: bytes) -> str:
    return b64encode(hmac.digest(customer_id.encode() or b"-", plain, "sha256")[:15]).decode()
