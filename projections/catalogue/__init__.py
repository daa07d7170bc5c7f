"""The catalogue as every worker holds it whole: its fold, its tail, and its snapshot on the disk (design 4.6)."""
