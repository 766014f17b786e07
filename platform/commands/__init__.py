"""The `hone` commands: a module for each part of the loop; each command is a call of the API."""
