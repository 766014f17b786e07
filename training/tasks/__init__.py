"""What a base can be taught: to go on with a text, to turn one text into another, or to choose a label."""
