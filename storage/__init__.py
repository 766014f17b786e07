"""Storage: the DuckDB file of a workspace, its records, and all SQL of Hone."""
