"""What Unicode counts as white space; what Java's own methods count differs."""

from __future__ import annotations

__all__ = ["WHITE"]

_LIST = "09 0a 0b 0c 0d 20 85 a0 1680 2000 2001 2002 2003 2004 2005 2006 2007 2008 2009 200a 2028 2029 202f 205f 3000"
WHITE = "".join(chr(int(point, 16)) for point in _LIST.split())
