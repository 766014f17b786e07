"""Batches: what would be in, its splits, what must stay out; frozen, compared."""
