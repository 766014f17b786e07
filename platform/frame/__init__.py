"""What every page stands in: shell, theme, drawn parts, and the one door through which text becomes HTML."""
