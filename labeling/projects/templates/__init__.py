"""What projects of a field usually ask: one file for each, and the shelf where they stand."""
