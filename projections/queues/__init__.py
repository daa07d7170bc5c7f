"""What stands in the queues of one owned partition: who is ready, who was served when, whom a timer watches. Pure."""
