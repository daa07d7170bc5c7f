"""How RocksDB keeps a partition's rows: Faust's table opens its files by these options."""

from typing import Any

from faust.stores.rocksdb import RocksDBOptions

#: Part of a memtable that holds a filter of its keys: for entries of 200 bytes about 32 bits each.
FILTER_SHARE = 0.02


class DiskOptions(RocksDBOptions):
    """Faust's, with a filter before the memtable.

    A row is looked for before it is folded or restored, mostly in vain. Every look-up begins in the memtable, where a
    filter says no at a fraction of a walk through its skip list; the files behind it have filters anyway.
    """

    def as_options(self) -> Any:
        """See RocksDBOptions."""
        options = super().as_options()
        options.set_memtable_whole_key_filtering(True)
        options.set_memtable_prefix_bloom_ratio(FILTER_SHARE)
        return options


def disk_options() -> DiskOptions:
    """Of one partition: 32 MiB of cache, two buffers of 8 MiB.

    Faust's defaults are 2 GiB of cache and 192 MiB of buffers per partition, and filters of three bits a key that let a
    quarter of the look-ups for what is not there through to the disk; ten let one in a hundred.
    """
    return DiskOptions(
        block_cache_size=32 << 20,
        write_buffer_size=8 << 20,
        max_write_buffer_number=2,
        max_open_files=256,
        bloom_filter_size=10,
    )
