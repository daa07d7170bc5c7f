"""Bodies that come compressed (RFC 9110 8.4.1), opened no further than is wanted. Pure.

Ours and not aiohttp's, which opens what remains of a body once its request is answered, to have done with it: of a
kilobyte that is a megabyte, and of one that is refused for its size, all of it.
"""

import zlib

from handlers.wire.parsing import Malformed

GZIP = frozenset({"gzip", "x-gzip"})
#: What is not opened here, and is surely not JSON either.
FOREIGN = frozenset({"br", "compress", "x-compress", "zstd"})
#: A gzip body may consist of several, one behind the other; more than these have nothing in them.
MEMBERS = 100


def opened(body: bytes, encoding: str, most: int) -> bytes:
    """A body without its Content-Encoding, at most `most` + 1 bytes of it; raises Malformed.

    Words that name no compression mean nothing, as ever.
    """
    said = encoding.strip().lower()
    if said in FOREIGN:
        raise Malformed(f"expected a body that is compressed by gzip or deflate, or not at all, found {said}")
    if not body or (said not in GZIP and said != "deflate"):
        return body
    found = _inflated(body, _window(body, said), most)
    if found is None:
        raise Malformed(f"expected a body as its Content-Encoding says, found none ({encoding})")
    return found


def _window(body: bytes, said: str) -> int:
    if said in GZIP:
        return zlib.MAX_WBITS + 16
    # Some say deflate and leave out its frame (RFC 1950), whose first byte tells.
    return zlib.MAX_WBITS if body[0] & 0xF == zlib.DEFLATED else -zlib.MAX_WBITS


def _inflated(body: bytes, window: int, most: int) -> bytes | None:
    found, rest = bytearray(), body
    try:
        for _ in range(MEMBERS):
            stream = zlib.decompressobj(window)
            found += stream.decompress(rest, most + 1 - len(found))
            rest = stream.unused_data
            if len(found) > most or (stream.eof and not rest):
                return bytes(found)
            if not stream.eof:
                return None
    except zlib.error:
        pass
    return None
