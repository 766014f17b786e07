"""A trained model at work: answers to the test split, suggestions for open pairs."""
