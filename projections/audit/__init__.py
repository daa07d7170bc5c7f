"""Whether the views are what the log says: the log replayed, rows at one moment, and what differs (design 4)."""
