from __future__ import annotations

from pathlib import Path

import pytest

from sevenfold.runtime.checkpoint import Checkpoints, Draft, checkpoints_at


@pytest.fixture(params=["folder", "store"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The two kinds of store; the object store is played by pyarrow's own file:// one."""
    if request.param == "folder":
        return str(tmp_path)
    (tmp_path / "store").mkdir()
    return (tmp_path / "store").as_uri()


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object store has no folders to make."""
    from sevenfold.runtime import checkpoint

    original = checkpoint._Store.write

    def write(self, name, content):  # type: ignore[no-untyped-def]
        system, path = self._open()
        system.create_dir(path)
        original(self, name, content)

    monkeypatch.setattr(checkpoint._Store, "write", write)


def test_the_next_attempt_finds_it_and_other_work_does_not(address: str) -> None:
    checkpoints_at(address, {"data": 1}).write("fit", b"abc")
    assert checkpoints_at(address, {"data": 1}).read("fit") == b"abc"
    assert checkpoints_at(address, {"data": 1}).read("other") is None
    assert checkpoints_at(address, {"data": 2}).read("fit") is None


def test_finished_work_leaves_nothing(address: str, tmp_path: Path) -> None:
    for work in ("one", "two"):
        checkpoints_at(address, work).write("fit", b"abc")
    checkpoints_at(address, "one").remove()
    checkpoints_at(address, "never begun").remove()
    assert checkpoints_at(address, "one").read("fit") is None
    assert checkpoints_at(address, "two").read("fit") == b"abc"


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:40], lambda b: b"", lambda b: b[:-1] + b"X"])
def test_a_damaged_checkpoint_is_none(tmp_path: Path, damage) -> None:
    kept = checkpoints_at(str(tmp_path), "work")
    kept.write("fit", b"abcdef")
    [path] = tmp_path.rglob("fit")
    path.write_bytes(damage(path.read_bytes()))
    assert kept.read("fit") is None


def test_a_store_that_takes_nothing_costs_no_more_than_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    messages: list[str] = []
    kept = checkpoints_at(str(tmp_path / "file"), "work", messages.append)
    assert not kept.write("fit", b"abc")
    assert not kept.write("fit", b"abc")
    kept.remove()
    assert len(messages) == 1
    assert "goes on without" in messages[0]


def test_nowhere_keeps_nothing() -> None:
    for address in (None, ""):
        kept = checkpoints_at(address, "work")
        assert not kept.kept
        assert not kept.write("fit", b"abc")
        assert kept.read("fit") is None
    draft = Draft(Checkpoints(), "fit")
    draft.offer(lambda: pytest.fail("nothing should be made for nowhere"))


class Counted(Checkpoints):
    """Keeps in memory; a write takes `cost` seconds of the test's clock."""

    def __init__(self, cost: float) -> None:
        super().__init__()
        self.now, self.cost, self.files, self.writes = 0.0, cost, dict[str, bytes](), list[float]()

    @property
    def kept(self) -> bool:
        return True

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def write(self, name: str, content: bytes) -> bool:
        self.now += self.cost
        self.writes.append(self.now)
        self.files[name] = content
        return True


@pytest.mark.parametrize("cost", [0.01, 1.0, 5.0])
@pytest.mark.parametrize("epoch", [0.05, 3.0, 60.0])
def test_writing_takes_a_small_share_of_the_time(cost: float, epoch: float) -> None:
    kept = Counted(cost)
    draft = Draft(kept, "fit", clock=lambda: kept.now)
    for _ in range(500):
        kept.now += epoch
        draft.offer(lambda: b"state")
    assert len(kept.writes) * cost <= 0.025 * kept.now + cost
    gaps = [after - before for before, after in zip(kept.writes, kept.writes[1:], strict=False)]
    assert all(gap >= 2 for gap in gaps)
    if cost == 0.01:
        assert kept.writes[0] <= 2 + epoch + cost
        assert all(gap <= 30 + 2 * epoch + 2 * cost for gap in gaps)


def test_the_last_state_is_at_hand_when_the_end_comes() -> None:
    kept = Counted(0.0)
    draft = Draft(kept, "fit", clock=lambda: kept.now)
    for epoch in range(4):
        kept.now += 0.45
        draft.offer(str(epoch).encode)
    assert kept.writes == []
    draft.flush()
    draft.flush()
    assert len(kept.writes) == 1
    assert draft.read() == b"2", "taken at most once a second"
    assert Draft(kept, "fit", of="another trial").read() is None
