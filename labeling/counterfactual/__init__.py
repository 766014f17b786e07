"""Counterfactuals: the same text about somebody else."""
