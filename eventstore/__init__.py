"""What can happen, and the log that keeps what did. Imports nothing of projections or handlers."""
