"""Face recognisers with thresholds, and the panel that asks several of them."""
