"""What a run lost of what was known before: earlier test splits and a generic text, before and after."""
