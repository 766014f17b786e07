"""Models on disk and in memory: found, checked, loaded, published, merged."""
