"""How rows get from the log to the changelog and the disk, and back: what a worker owns or keeps warm (design 4.4)."""
