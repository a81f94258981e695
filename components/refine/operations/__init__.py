"""The operations of a history, a file per family, each a typed record that can be applied to a table."""
