"""Training: a frozen batch becomes a model, in a run folder that needs neither database nor network."""
