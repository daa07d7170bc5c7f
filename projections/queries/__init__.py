"""What is read out of partitions: objects by their ids, lists a page at a time, counts, and what is old. Pure."""
