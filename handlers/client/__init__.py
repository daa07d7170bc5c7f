"""The typed asyncio client of the HTTP API: how executor and command line talk to a service."""
