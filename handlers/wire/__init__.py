"""POP's JSON: what comes in and what goes out (spec 1.1, 2.2, 2.3). Imports no aiohttp."""
