"""Where a run works: this process, several under torchrun, or a Ray cluster."""
