"""What a project asks of its people: defaults, templates, taxonomy, the way of settings from one to another."""
