"""A search for good settings: trials by cross-validation, never on the test split."""
