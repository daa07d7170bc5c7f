"""Workflows of others made into agendas, and how fast such an agenda can be. Pure; imports no handler outside."""
