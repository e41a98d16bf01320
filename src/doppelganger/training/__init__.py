"""Networks that people train themselves, on their own pictures."""
