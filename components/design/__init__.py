"""Stage 1, design: profile a table, propose a plan, run a notebook."""
