"""The sets that travel with the package."""
