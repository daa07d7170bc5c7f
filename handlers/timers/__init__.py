"""Timed processes: `due` says what is to be done (pure), the loop proposes it to the command path (design 4.8)."""
