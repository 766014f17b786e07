"""Who may come in: sign-in pages, sessions, the gate that every request passes."""
