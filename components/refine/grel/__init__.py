"""GREL, the expression language of OpenRefine: read once, evaluated for many cells."""
