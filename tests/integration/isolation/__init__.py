"""Nobody reaches another's objects (design 5): a worker with tokens, two customers, and every way in."""
