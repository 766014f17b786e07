"""The pages of the web app: each asks the shell who is here, asks one function what to show, and draws it."""
