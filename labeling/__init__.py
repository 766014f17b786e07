"""Labeling: pairs come in, experts review them, the approved ones are frozen into a batch."""
