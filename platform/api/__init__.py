"""The REST API: a module for each resource, each route a thin face over one function."""
