"""Keys that OpenRefine's own classes give, asked in this process: of two methods the rules exist in Java alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from sevenfold.contracts.errors import DataError, MissingExtraError
from sevenfold.refine.utf16 import units

__all__ = ["OPENREFINE_KEYERS", "keys_of"]

OPENREFINE_KEYERS: Final[Mapping[str, str]] = {"metaphone3": "Metaphone3Keyer", "beider-morse": "BeiderMorseKeyer"}
_PACKAGE: Final = "com.google.refine.clustering.binning"
# Where an unpacked OpenRefine has its jars and classes: for Linux and Windows, for macOS, and as built from source.
_ROOTS: Final = ("", "Contents/Resources", "*.app/Contents/Resources", "main")
_JARS: Final = ("*.jar", "lib/*.jar", "server/target/lib/*.jar", "Contents/Java/*.jar", "*.app/Contents/Java/*.jar")
# Metaphone3 takes capital letters as the machine's language has them: Turkish gives other keys. Signals stay Python's,
# and no file is left under /tmp.
_JVM: Final = (
    *("-Duser.language=en", "-Duser.country=US", "-Djava.awt.headless=true"),
    *("-Xrs", "-Xmx512m", "-XX:+UseSerialGC", "-XX:-UsePerfData", "--enable-native-access=ALL-UNNAMED"),
)
_EVERY: Final = 1_000  # keys between two words of progress


class _Keyer(Protocol):
    def key(self, text: object) -> object: ...


def keys_of(
    texts: Iterable[str], name: str, folder: Path, on_progress: Callable[[int], None] | None = None
) -> dict[str, str]:
    """Return the key of each text as OpenRefine's own keyer gives it.

    The first call of a process starts Java in it, which ends with the process.

    Args:
        texts: what to give keys.
        name: one of `OPENREFINE_KEYERS`.
        folder: an unpacked OpenRefine 3.9, or a folder with its jars and that of commons-codec.
        on_progress: called with the number of keys done, now and then.

    Raises:
        MissingExtraError: without JPype.
        DataError: ``openrefine_folder`` for a folder without the keyer; ``openrefine_java`` where no Java is found or
            it does not start; ``openrefine_keyer`` for a text to which OpenRefine gives no key.
    """
    keyer = _keyer(name, folder.absolute())
    import jpype

    keys: dict[str, str] = {}
    for number, text in enumerate(texts, 1):
        try:
            keys[text] = str(keyer.key(_java_text(text)))
        except jpype.JException as failure:
            raise DataError(
                "openrefine_keyer",
                f"Each value must have a key, but OpenRefine gives {text[:80]!r} none by {name}: {failure}.",
                remedy="Cluster by another method.",
            ) from failure
        if on_progress is not None and number % _EVERY == 0:
            on_progress(number)
    return keys


def _java_text(text: str) -> object:
    """Return a text as JPype takes it: half of a pair, which has no bytes in UTF-8, only as a text of Java."""
    import jpype

    if text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    return jpype.JClass("java.lang.String")(jpype.JArray(jpype.JChar)(list(map(ord, units(text)))))


def _keyer(name: str, folder: Path) -> _Keyer:
    kind = f"{_PACKAGE}.{OPENREFINE_KEYERS[name]}"
    places = _class_path(folder)
    if not places:
        raise _without(folder, "holds no jars and no classes of it")
    _start_java()
    import jpype

    try:
        keyer: _Keyer = jpype.JClass(kind, loader=_loader(places))()
    except (jpype.JException, TypeError) as failure:
        raise _without(folder, f"holds no {kind} that can be used ({failure})") from failure
    return keyer


def _class_path(folder: Path) -> tuple[str, ...]:
    """Return the jars and folders of classes of an OpenRefine; of a folder of jars those.

    Raises:
        DataError: ``openrefine_folder`` for one that cannot be read.
    """
    found: dict[str, None] = {}
    try:
        for pattern in (*_JARS, *(f"{root}/webapp/WEB-INF/lib/*.jar".lstrip("/") for root in _ROOTS)):
            found.update(dict.fromkeys(str(path) for path in sorted(folder.glob(pattern)) if path.is_file()))
        for root in _ROOTS:
            pattern = f"{root}/webapp/WEB-INF/classes".lstrip("/")
            found.update(dict.fromkeys(str(path) for path in folder.glob(pattern) if path.is_dir()))
    except OSError as failure:
        raise _without(folder, f"cannot be read: {failure}") from failure
    return tuple(found)


def _start_java() -> None:
    """Start Java in this process, once, without handlers of signals and without a word."""
    try:
        import jpype
    except ImportError as error:
        raise MissingExtraError("JPype1", "openrefine") from error
    if jpype.isJVMStarted():
        return
    try:
        jpype.startJVM(*_JVM, classpath=[], ignoreUnrecognized=True, convertStrings=False, interrupt=True)
    except (jpype.JVMNotFoundException, jpype.JVMNotSupportedException, OSError, RuntimeError) as failure:
        raise DataError(
            "openrefine_java",
            f"OpenRefine's own keys need Java, but none was found that starts here: {failure}",
            remedy="Install a Java runtime (11 or later, without a compiler), or set JAVA_HOME to one.",
        ) from failure


@lru_cache(maxsize=8)
def _loader(places: tuple[str, ...]) -> Any:
    """Return what loads classes from jars and folders, and from Java itself, but from no other class path."""
    import jpype

    file = jpype.JClass("java.io.File")
    platform = jpype.JClass("java.lang.ClassLoader").getPlatformClassLoader()
    return jpype.JClass("java.net.URLClassLoader")([file(place).toURI().toURL() for place in places], platform)


def _without(folder: Path, found: str) -> DataError:
    return DataError(
        "openrefine_folder",
        f"--openrefine or OPENREFINE_HOME must name the folder of OpenRefine 3.9, but {folder} {found}.",
        remedy="Name the folder in which OpenRefine was unpacked, or one with all its jars.",
    )
