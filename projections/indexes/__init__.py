"""What rows are found by: index keys, a function of the primary rows, and zones of operations. Pure."""
