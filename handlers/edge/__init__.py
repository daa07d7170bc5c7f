"""What all doors share, HTTP and topics: what they work with, and what everyone may ask of runs, checked alike."""
