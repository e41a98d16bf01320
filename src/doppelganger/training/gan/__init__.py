"""A generator and its detective, which make one another better."""
