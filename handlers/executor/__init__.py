"""Executes agendas: pulls over HTTP, runs operations as their dependencies allow, reports (spec 10, design 4.8)."""
