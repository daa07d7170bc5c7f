"""The command path: lock the stream, decide, append one record, wait for its verdict. The only caller of deciders."""
