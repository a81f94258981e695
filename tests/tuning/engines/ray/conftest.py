from __future__ import annotations

from ray_nodes import head, installed, start_node, token

__all__ = ["head", "installed", "start_node", "token"]
