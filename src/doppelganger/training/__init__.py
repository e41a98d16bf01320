"""Networks trained here."""
