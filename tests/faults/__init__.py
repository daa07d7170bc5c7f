"""Real workers and real brokers under kill -9, pauses, hand-overs and outages, judged from the topic and the rows."""
