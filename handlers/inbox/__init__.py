"""Publishing by topic (design 4.9): what a message on the inbox means, its way to the owner, and what is refused."""
