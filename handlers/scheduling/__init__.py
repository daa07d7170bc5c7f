"""Who is next: pictures of what is ready, algorithms that choose, and the loop that hands out (design 4.2)."""
