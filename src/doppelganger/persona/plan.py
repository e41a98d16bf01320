"""What a series of pictures varies: a set, read from YAML, and the wish it has for each picture.

A mistake in the file becomes a sentence with its line.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import numpy as np
import yaml

from doppelganger import directions
from doppelganger.errors import DoppelgangerError

PALETTE = "palette"
"""Not a direction: the share of another face's fine rows of w+, which hold colours."""
ABSOLUTE = ("yaw", "pitch", "smile", "mouth_open", "brow_raise")
"""Asked as what is to be measured (`directions.reading.ATTRIBUTES` has the units), whatever the persona's own pose and expression
are: who smiles already needs no more of it. All else is asked as a difference from the persona's own."""
MOST_PICTURES = 1000
KEYS = ("name", "vary", "looks", "pictures")


class SetError(DoppelgangerError):
    """The file of a set cannot be used; the sentence has the line."""

    exit_code = 2


@dataclass(frozen=True)
class Wish:
    """One picture as asked. ``values``: what varies → what is to be measured (`ABSOLUTE`), or by how much it is to differ from the
    persona's own, in the direction's unit. ``looks``: kind → name of the look, whose values are among ``values``."""

    values: Mapping[str, float]
    looks: Mapping[str, str]


@dataclass(frozen=True)
class PictureSet:
    """``vary``: name → (from, to). ``looks``: kind → look → direction → value. ``pictures``: given ones, which come first."""

    name: str
    vary: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    looks: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    pictures: Sequence[Wish] = ()

    def wishes(self, count: int, seed: int) -> list[Wish]:
        """``count`` pictures. Each range is cut into as many even parts, one a picture (a Latin hypercube, McKay et al. 1979), and
        the looks of a kind come equally often; which meet is drawn by ``seed``."""
        rng = np.random.default_rng(seed)
        drawn = max(0, count - len(self.pictures))
        columns = {}
        for name, (low, high) in self.vary.items():
            at = np.linspace(0, 1, drawn) if drawn > 1 else np.full(drawn, 0.5)
            columns[name] = low + (high - low) * rng.permutation(at)
        turns = {kind: rng.permutation(np.resize(list(looks), drawn)) for kind, looks in self.looks.items()}
        made = []
        for k in range(drawn):
            looks = {kind: str(names[k]) for kind, names in turns.items()}
            made.append(self._wish({name: float(column[k]) for name, column in columns.items()}, looks))
        return [*self.pictures, *made][:count]

    def _wish(self, values: Mapping[str, float], looks: Mapping[str, str]) -> Wish:
        """What two of them ask of the same thing adds up."""
        total = dict(values)
        for kind, look in looks.items():
            for name, value in self.looks[kind][look].items():
                total[name] = total.get(name, 0.0) + value
        return Wish(total, looks)


def shipped(name: str) -> str | None:
    """The text of a set of the package, None where there is none of this name."""
    file = resources.files("doppelganger.persona.sets").joinpath(f"{name}.yaml")
    return file.read_text("utf-8") if file.is_file() else None


def load_set(source: str) -> PictureSet:
    """A set by its file, or by the name of one that travels with the package. Raises SetError."""
    path = Path(source)
    if not path.exists() and (text := shipped(source)) is not None:
        return parse_set(text, f"{source}.yaml")
    try:
        return parse_set(path.read_text("utf-8"), path.name)
    except OSError as error:
        raise SetError(f"The set {source} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SetError(f"The set {source} is not a text in UTF-8.") from error


def parse_set(text: str, name: str) -> PictureSet:
    """A set from its YAML. ``name``: what errors call the file. Raises SetError."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SetError(f"{name}, line {line}: this is not YAML ({error.problem}).") from error
    except yaml.YAMLError as error:
        raise SetError(f"{name} is not YAML ({error}).") from error
    return _Reader(name).picture_set(node)


class _Reader:
    """Walks the YAML's nodes, which know their lines."""

    def __init__(self, file: str) -> None:
        self._file = file

    def picture_set(self, node: yaml.Node | None) -> PictureSet:
        if node is None:
            raise SetError(f"{self._file} is empty; a set has at least `vary` or `looks`.")
        parts = dict(self._pairs(node, "a set", KEYS))
        vary = {name: self._range(name, value) for name, value in self._entries(parts.get("vary"), "vary")}
        looks = {
            kind: {look: self._strengths(s) for look, s in self._pairs(value, f"the looks of {kind!r}")}
            for kind, value in self._entries(parts.get("looks"), "looks")
        }
        for kind, named in looks.items():
            if not named:
                raise self._error(parts["looks"], f"{kind!r} has no looks")
        title = str(parts["name"].value) if "name" in parts else Path(self._file).stem
        plain = PictureSet(title, vary, looks)
        given = parts.get("pictures")
        items = [] if given is None else self._items(given)
        return PictureSet(title, vary, looks, [self._picture(item, plain) for item in items])

    def _picture(self, node: yaml.Node, plain: PictureSet) -> Wish:
        values, looks = {}, {}
        for name, value in self._pairs(node, "a picture"):
            if name in plain.looks:
                if value.value not in plain.looks[name]:
                    raise self._error(
                        value, f"there is no {name} {value.value!r}; choose from {', '.join(plain.looks[name])}"
                    )
                looks[name] = str(value.value)
            else:
                self._known(name, value)
                values[name] = self._number(value)
        return plain._wish(values, looks)

    def _range(self, name: str, node: yaml.Node) -> tuple[float, float]:
        self._known(name, node)
        ends = [self._number(item) for item in self._items(node)]
        if len(ends) != 2 or ends[0] > ends[1]:
            raise self._error(node, f"{name} needs two numbers, the smaller first: [from, to]")
        return ends[0], ends[1]

    def _strengths(self, node: yaml.Node) -> dict[str, float]:
        found = {}
        for name, value in self._pairs(node, "a look"):
            self._known(name, value)
            found[name] = self._number(value)
        return found

    def _known(self, name: str, node: yaml.Node) -> None:
        if name != PALETTE and name not in directions.load():
            raise self._error(
                node, f"there is no direction {name!r}; choose from {', '.join(directions.load())}, {PALETTE}"
            )

    def _number(self, node: yaml.Node) -> float:
        try:
            value = float(node.value) if isinstance(node, yaml.ScalarNode) else float("nan")
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            raise self._error(node, "a number is needed here")
        return value

    def _items(self, node: yaml.Node) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode):
            raise self._error(node, "a list is needed here")
        return list(node.value)

    def _entries(self, node: yaml.Node | None, what: str) -> Iterator[tuple[str, yaml.Node]]:
        return iter(()) if node is None else self._pairs(node, f"`{what}`")

    def _pairs(self, node: yaml.Node, what: str, known: Sequence[str] = ()) -> Iterator[tuple[str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, f"{what} is written as `name: value`")
        seen = set()
        for key, value in node.value:
            name = str(key.value)
            if known and name not in known:
                raise self._error(key, f"there is no {name!r} in {what}; choose from {', '.join(known)}")
            if name in seen:
                raise self._error(key, f"{name!r} is there twice")
            seen.add(name)
            yield name, value

    def _error(self, node: yaml.Node, sentence: str) -> SetError:
        return SetError(f"{self._file}, line {node.start_mark.line + 1}: {sentence}.")
