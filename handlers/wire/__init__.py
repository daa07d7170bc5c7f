"""POP's JSON: what comes in, what goes out, and the references in it (spec 1.1, 2.2, 2.3, 5.2). Imports no aiohttp."""
