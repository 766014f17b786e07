"""Runs: asked for by a lead, carried out by child processes, watched and taken in by the supervisor."""
