"""Values of a column that look like one: OpenRefine's clusters, by a key that they share or by their distance."""
