"""Rows into token ids, and token ids into batches."""
