"""What a model knew before a run and knows after it: the test splits of all batches so far, and plain English."""
