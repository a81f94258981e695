"""The distance by prediction: how much longer two texts are compressed apart than each beside itself.

Each byte is coded by what followed the bytes before it so far, up to eight of them, and an arithmetic coder counts the
bits. Sources: J. Cleary and I. Witten, "Data compression using adaptive coding and partial string matching" (1984);
A. Moffat, "Implementing the PPM data compression scheme" (1990), whose estimate for new bytes is method C; I. Witten,
R. Neal and J. Cleary, "Arithmetic coding for data compression" (1987). Where these leave a choice, such as the order of
bytes, it is that of OpenRefine's library.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from sevenfold.refine.utf16 import joined

__all__ = ["Ppm", "compressed_bytes"]

CONTEXT: Final = 8  # bytes
_BYTES: Final = 256
_TOP: Final = (1 << 27) - 1
_QUARTER: Final = 1 << 25
_HALF: Final = 1 << 26


class Ppm:
    """Ten times the share by which two texts compress worse together than each with itself."""

    def compare(self, texts: Sequence[str], start: int, radius: float) -> tuple[int, list[tuple[int, int]]]:
        """Compare one text with those after it."""
        one, near = _coded(texts[start]), []
        for place in range(start + 1, len(texts)):
            other = _coded(texts[place])
            if 10.0 * (_together(one, other) / (_doubled(one) + _doubled(other)) - 1.0) <= radius:
                near.append((start, place))
        return start + 1, near


def _coded(text: str) -> bytes:
    return joined(text).encode("utf-8", "replace")


@lru_cache(maxsize=1 << 17)
def _doubled(text: bytes) -> int:
    return compressed_bytes(text + text)


@lru_cache(maxsize=1 << 20)
def _together(one: bytes, other: bytes) -> int:
    # Two texts meet in every block that they share.
    return compressed_bytes(one + other) + compressed_bytes(other + one)


def compressed_bytes(text: bytes) -> int:
    """Return into how many bytes a text is compressed. Texts of more than 8,000 bytes may be off."""
    model, coder = _Model(), _Coder()
    for byte in text:
        model.code(byte, coder)
    model.code(_BYTES, coder)
    return coder.bytes()


class _Node:
    """A byte that came after others: how often it did, and what came after it, the latest first."""

    __slots__ = ("byte", "count", "followers")

    def __init__(self, byte: int) -> None:
        self.byte = byte
        self.count = 1
        self.followers: list[_Node] = []

    def follower(self, byte: int) -> _Node | None:
        for node in self.followers:
            if node.byte == byte:
                return node
        return None

    def learn(self, text: bytes) -> None:
        """Count that a text came after the byte; the follower moves to the front."""
        node = self
        for byte in text:
            follower = node.follower(byte)
            if follower is None:
                follower = _Node(byte)
            else:
                node.followers.remove(follower)
                follower.count += 1
            node.followers.insert(0, follower)
            node = follower


class _Model:
    """What followed what, and the context by which the next byte is coded."""

    def __init__(self) -> None:
        self.roots: dict[int, _Node] = {}
        self.recent = b""
        self.length = 0
        self.context: _Node | None = None
        self.excluded: set[int] = set()
        self.singles = [1] * (_BYTES + 1)

    def code(self, symbol: int, coder: _Coder) -> None:
        """Code a byte, or the end as 256: an escape per context in which it has not come yet, then itself."""
        while self.context is not None and (symbol == _BYTES or self.context.follower(symbol) is None):
            followers = self.context.followers
            total = len(followers) + sum(node.count for node in followers if node.byte not in self.excluded)
            coder.code(total - len(followers), total, total)
            self.excluded.update(node.byte for node in followers)
            self.length -= 1
            self._back_off()
        if self.context is None:
            self._code_alone(symbol, coder)
        else:
            self._code_after(self.context, symbol, coder)
        if symbol != _BYTES:
            self._learn(symbol)

    def _code_after(self, context: _Node, symbol: int, coder: _Coder) -> None:
        total, low, high = len(context.followers), 0, 0
        below = True
        for node in context.followers:
            if node.byte in self.excluded:
                continue
            if node.byte == symbol:
                below = False
                high = low + node.count
            elif below:
                low += node.count
            total += node.count
        coder.code(low, high, total)

    def _code_alone(self, symbol: int, coder: _Coder) -> None:
        counts, excluded = self.singles, self.excluded
        total = sum(counts) - sum(counts[byte] for byte in excluded if byte != symbol)
        low = sum(counts[:symbol]) - sum(counts[byte] for byte in excluded if byte < symbol)
        coder.code(low, low + counts[symbol], total)
        counts[symbol] += 1

    def _learn(self, byte: int) -> None:
        self.recent = (self.recent + bytes((byte,)))[-CONTEXT - 1 :]
        first = self.roots.setdefault(self.recent[0], _Node(self.recent[0]))
        first.learn(self.recent[1:])
        self.length = min(CONTEXT, len(self.recent))
        self._choose()
        self.excluded.clear()

    def _choose(self) -> None:
        """Take as context the shortest after which one byte came alone, else the longest; halving the lengths."""
        low, high = 1, self.length
        self.length, self.context = 0, None
        alone = False
        while high >= low:
            length = (high + low) // 2
            node = self._node(length)
            if node is None or self._nothing_left(node):
                high = length if length < high else high - 1
                continue
            single = len(node.followers) == 1
            if single or not alone:
                self.length, self.context = length, node
            if single:
                alone = True
                high = length if length < high else high - 1
            else:
                low = length if length > low else low + 1

    def _back_off(self) -> None:
        """Take the longest context that is left, and a shorter one while one byte alone came after it."""
        while self.length >= 1:
            node = self._node(self.length)
            if node is None or self._nothing_left(node):
                self.length -= 1
                continue
            while self.length > 1 and len(node.followers) == 1:
                shorter = self._node(self.length - 1)
                if shorter is None or len(shorter.followers) != 1:
                    break
                node = shorter
                self.length -= 1
            self.context = node
            return
        self.context = None

    def _nothing_left(self, node: _Node) -> bool:
        return all(each.byte in self.excluded for each in node.followers)

    def _node(self, length: int) -> _Node | None:
        """Return where the last bytes lead, None where they have not come like this."""
        text = self.recent[len(self.recent) - length :]
        node = self.roots.get(text[0])
        for byte in text[1:]:
            if node is None:
                return None
            node = node.follower(byte)
        return node


class _Coder:
    """An arithmetic coder that counts bits and writes none."""

    def __init__(self) -> None:
        self.low, self.high = 0, _TOP
        self.bits = self.pending = 0

    def code(self, low: int, high: int, total: int) -> None:
        width = self.high - self.low + 1
        self.high = self.low + width * high // total - 1
        self.low += width * low // total
        while True:
            if self.high < _HALF or self.low >= _HALF:
                self.bits += 1 + self.pending
                self.pending = 0
                moved = _HALF if self.low >= _HALF else 0
            elif self.low >= _QUARTER and self.high < _HALF + _QUARTER:
                self.pending += 1
                moved = _QUARTER
            else:
                return
            self.low = (self.low - moved) << 1
            self.high = ((self.high - moved) << 1) + 1

    def bytes(self) -> int:
        """Return the bytes that all bits fill, with those that end the code."""
        return -(-(self.bits + self.pending + 2) // 8)
