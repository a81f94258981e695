"""Tables: reading one, once, for `init` and for preparation alike."""
