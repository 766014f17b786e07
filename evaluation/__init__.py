"""Evaluation: metrics, blind matchups, and the report that says better, worse, or cannot tell yet."""
