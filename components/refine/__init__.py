"""Refining: the cell values and the expression language of OpenRefine, which its recorded histories are written in."""
