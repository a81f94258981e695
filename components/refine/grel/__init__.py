"""GREL, the expression language of OpenRefine: read once, evaluated for many cells.

::

    expression = compile_expression("grel:value.trim().toLowercase()")
    expression.evaluate({"value": " Zürich "})  # 'zürich'
"""

from sevenfold.refine.grel.expression import Expression, compile_expression
from sevenfold.refine.grel.fields import storable

__all__ = ["Expression", "compile_expression", "storable"]
