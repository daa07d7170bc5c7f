"""Who asks, and what he may: identities, tokens and their keys, rights."""
