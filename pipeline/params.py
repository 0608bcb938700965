"""params.yaml, typed and validated; it yields the study's runs.

`load()` returns it as a `Params`, or raises one StudyError whose single line names every bad key. The comments in
params.yaml say what each key means; this module says which values it may take.
"""

import difflib
import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline import paths
from pipeline.cli import StudyError
from pipeline.datasets import DATA_SETS
from pipeline.engine import run


def listed_once(items: list) -> list:
    """The items; ValueError if one stands there twice."""
    for item in items:
        if items.count(item) > 1:
            raise ValueError(f"{item} is listed twice")
    return items


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]  # becomes part of stage and file names
Names = Annotated[list[Name], Field(min_length=1), AfterValidator(listed_once)]
Content = TypeVar("Content", bound=BaseModel)
AVERAGE = "average"  # in place of an architecture, in tables and metrics.json
RESERVED = {AVERAGE, "data_set", "device"}  # what stands beside the architectures in metrics.json
# What these names mean wherever effects are spoken of: (encoder, answer, whether there is an auxiliary loss).
MEANINGS = {
    "two_channel": ("two_channel", "comparator", False),
    "baseline": ("separate", "comparator", False),
    "weight_sharing": ("shared", "comparator", False),
    "aux_loss": ("separate", "comparator", True),
    "weight_sharing_aux_loss": ("shared", "comparator", True),
    "digits_only": ("shared", "digits", False),
    "latent_digits": ("shared", "latent_digits", False),
    "latent_digits_aux_loss": ("shared", "latent_digits", True),
}


class Section(BaseModel):
    """A part of a file of parameters: no unknown key, no silent conversion, no NaN or infinity."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Draws(Section):
    """Of how many seeds pairs are drawn, and how many times of seed 0."""

    seeds: int = Field(ge=1, le=10_000)
    of_seed_0: int = Field(ge=1, le=100)


class Data(Section):
    source: Literal[tuple(DATA_SETS)]
    draws: Draws
    train_pairs: int = Field(ge=2)
    test_pairs: int = Field(ge=1)
    pairing: Literal["drawn", "renewed"]
    digit_labels: Literal["all"] | Annotated[int, Field(ge=1)]
    augment: run.Augment  # all zero: none

    @model_validator(mode="after")
    def _pairs_exist(self) -> "Data":
        for split, images in DATA_SETS[self.source].images.items():
            wanted = getattr(self, f"{split}_pairs")
            if 2 * wanted > images:
                raise ValueError(
                    f"{split}_pairs: {wanted:,} pairs need {2 * wanted:,} images, {self.source} has {images:,}; "
                    f"at most {images // 2:,} pairs can be had"
                )
        return self


class Recipe(Section):
    """How one architecture is trained, the same for all techniques."""

    optimizer: Literal["adam", "sgd"]
    learning_rate: float = Field(gt=0, le=10)
    batch_size: int = Field(ge=2, le=1_000_000)
    epochs: int = Field(ge=1, le=10_000)
    standardize: bool
    batch_norm: bool
    dropout: float = Field(ge=0, lt=1)


class Technique(Section):
    """The switches of a technique; whether it has the auxiliary loss is the group that lists it."""

    encoder: Literal["two_channel", "separate", "shared"]
    answer: Literal["comparator", "digits", "latent_digits"]


class Techniques(Section):
    plain: dict[Name, Technique]
    auxiliary: dict[Name, Technique]

    @model_validator(mode="after")
    def _names_mean_what_they_say(self) -> "Techniques":
        if not self.plain and not self.auxiliary:
            raise ValueError("none is listed, neither under plain nor under auxiliary")
        for name in self.plain.keys() & self.auxiliary.keys():
            raise ValueError(f"{name} is listed under plain and under auxiliary: rename one")
        for group, listed in (("plain", self.plain), ("auxiliary", self.auxiliary)):
            for name, technique in listed.items():
                encoder, answer, auxiliary = MEANINGS.get(name, (technique.encoder, technique.answer, group != "plain"))
                if (technique.encoder, technique.answer, group != "plain") != (encoder, answer, auxiliary):
                    place = "auxiliary" if auxiliary else "plain"
                    raise ValueError(
                        f"{group}.{name}: tables and page take {name} for encoder: {encoder}, answer: {answer}, listed "
                        f"under {place}; restore that, or give these switches another name"
                    )
        return self


class Combo(BaseModel):
    """One architecture with one technique: what a training stage trains, over all seeds."""

    model_config = ConfigDict(frozen=True)

    architecture: str
    technique: str
    network: run.Network
    protocol: run.Protocol

    @property
    def key(self) -> str:
        """The combo's name in stages and files, as DVC's ${key} forms it."""
        return f"{self.architecture}-{self.technique}"

    @property
    def has_aux_loss(self) -> bool:
        return self.protocol.aux_weight is not None


class Params(Section):
    device: Literal["auto", "cuda", "cpu"]
    precision: Literal["fp32", "tf32", "bf16"]
    seeds: int = Field(ge=1, le=1_000)
    aux_weight: float = Field(ge=0, le=1_000)
    comparator_reads: Literal["own", "logits", "probabilities"]
    comparator: Literal["own", "linear", "hidden"]
    schedule: Literal["constant", "cosine"]
    test_shift: int = Field(ge=0, le=3)
    data: Data
    architectures: dict[Name, Recipe] = Field(min_length=1)
    techniques: Techniques

    @model_validator(mode="after")
    def _fits_together(self) -> "Params":
        for name in RESERVED & self.architectures.keys():
            raise ValueError(f"architectures.{name}: metrics.json has a {name} of its own; choose another name")
        if self.seeds > self.data.draws.seeds:
            raise ValueError(
                f"seeds: {self.seeds}, but data.draws.seeds is {self.data.draws.seeds}; raise that one too"
            )
        for name in self.architectures:
            if not paths.architecture(name).is_file():
                raise ValueError(
                    f"architectures.{name}: no network of that name; write pipeline/architectures/{name}.py"
                )
        for architecture, technique in itertools.product(self.architectures, self.technique_names()):
            try:
                self.runs(self.combo(architecture, technique), [0])
            except ValueError as error:
                raise ValueError(f"{architecture} with {technique}: {said(error)}") from None
        return self

    def technique_names(self) -> list[str]:
        """All techniques, from the least to the most that is switched on: the order of every table and figure."""
        listed = [(name, switches, False) for name, switches in self.techniques.plain.items()]
        listed += [(name, switches, True) for name, switches in self.techniques.auxiliary.items()]
        answers = ("comparator", "latent_digits", "digits")
        listed.sort(
            key=lambda t: (answers.index(t[1].answer), t[1].encoder != "two_channel", t[2], t[1].encoder == "shared")
        )
        return [name for name, _, _ in listed]

    def combo(self, architecture: str, technique: str) -> Combo:
        """The combo of these two names; StudyError if params.yaml does not list one of them."""
        switches = self.techniques.plain | self.techniques.auxiliary
        for kind, name, known in (
            ("architecture", architecture, self.architectures),
            ("technique", technique, switches),
        ):
            if name not in known:
                raise StudyError(f"{paths.PARAMS}: no {kind} {name!r}{_suggestion(name, known)}")
        recipe = self.architectures[architecture].model_dump(exclude={"standardize"})
        parts = {"batch_norm": recipe.pop("batch_norm"), "dropout": recipe.pop("dropout")}
        parts |= {"comparator_reads": self.comparator_reads, "comparator": self.comparator}
        aux_weight = self.aux_weight if technique in self.techniques.auxiliary else None
        beside = {"precision": self.precision, "schedule": self.schedule, "test_shift": self.test_shift}
        return Combo(
            architecture=architecture,
            technique=technique,
            network=run.Network(architecture=architecture, **switches[technique].model_dump(), **parts),
            protocol=run.Protocol(**recipe, aux_weight=aux_weight, **beside),
        )

    def runs(self, combo: Combo, seeds: Iterable[int] | None = None) -> list[run.Run]:
        """The runs of a combo with these seeds, all of the study's by default: run k draws its pairs from seed k."""
        data, augment = self.data, self.data.augment
        shared = {
            "source": data.source,
            "train_pairs": data.train_pairs,
            "test_pairs": data.test_pairs,
            "standardize": self.architectures[combo.architecture].standardize,
            "pairing": data.pairing,
            "digit_labels": None if data.digit_labels == "all" else data.digit_labels,
            "augment": augment if any(augment.model_dump().values()) else None,
        }
        found = [
            run.Run(
                network=combo.network,
                protocol=combo.protocol,
                data=run.Data(draw=run.Draw(seed=seed), **shared),
                seed=seed,
            )
            for seed in (range(self.seeds) if seeds is None else seeds)
        ]
        return [trainable(one) for one in found]

    def combos(self) -> list[Combo]:
        """Every architecture with every technique, in the order of tables and figures."""
        return [self.combo(a, t) for a in self.architectures for t in self.technique_names()]


def trainable(one: run.Run) -> run.Run:
    """The run as `engine.network.canonical` describes it, for which torch is imported only where that matters.

    Raises ValueError if batch norm would meet a batch of one pair, whose statistics are none.
    """
    train_pairs, batch_size = one.data.train_pairs, one.protocol.batch_size
    if one.data.fold is not None:
        train_pairs -= train_pairs // one.data.fold.count
    if one.network.batch_norm and train_pairs % batch_size == 1:
        raise ValueError(
            f"{train_pairs} training pairs leave a last batch of one (batch_size {batch_size}), which batch norm "
            "cannot use; change one of the two"
        )
    if (one.network.comparator_reads, one.network.comparator, one.data.digit_labels) == ("own", "own", None):
        return one
    from pipeline.engine.network import canonical

    return canonical(one)


def load(path: Path = paths.PARAMS) -> Params:
    """Read and validate params.yaml; StudyError names the file, each bad key, and what is allowed."""
    return read(path, Params)


def parse(text: str) -> object:
    """The content of a YAML file, read as DVC reads it (YAML 1.2: `yes` is text, `010` is ten)."""
    return YAML(typ="safe", pure=True).load(text)


def read(path: Path, model: type[Content]) -> Content:
    """Read and validate any file of parameters; StudyError names the file, each bad key, and what is allowed."""
    try:
        content = parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"{path}: not found; run from the project's root, or restore it with git checkout") from None
    # Of values that only look like a date or a number, the parser raises what Python does.
    except (YAMLError, UnicodeDecodeError, ValueError, TypeError, RecursionError, AttributeError) as error:
        said = " ".join(str(error).split())[:300]
        raise StudyError(f"{path}: not valid YAML: {said}; mend it, or restore it with git checkout") from None
    if not isinstance(content, dict):
        raise StudyError(f"{path}: expected keys and values; restore it with git checkout")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise StudyError(f"{path}: " + "; ".join(_describe(e, model) for e in error.errors())) from None


@contextmanager
def naming(place: str) -> Iterator[None]:
    """What is found wrong in here, as a StudyError that names this place."""
    try:
        yield
    except (StudyError, ValueError) as error:
        raise StudyError(f"{place}: {said(error)}") from None


def said(error: Exception) -> str:
    """What is wrong with a value, on one line; of pydantic's findings the first, with its field."""
    text = str(error)
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        text = ": ".join([*[".".join(map(str, first["loc"]))] * bool(first["loc"]), first["msg"]])
    return " ".join(text.replace("Value error, ", "").split())[:300]


def _describe(error: dict, model: type[BaseModel]) -> str:
    """One pydantic error as `key: what is wrong`, with the nearest known key for a mistyped one."""
    location = [str(part) for part in error["loc"] if part != "[key]"]
    key = ".".join(location)
    if error["type"] == "extra_forbidden":
        return f"unknown key {key}{_suggestion(location[-1], _known_keys(location[:-1], model))}"
    if error["type"] == "missing":
        return f"missing key {key}"
    if error["type"] == "too_short":
        return f"{key}: none is listed"
    if error["type"] in ("dict_type", "model_type"):
        return f"{key}: expected keys with values, not {error['input']!r}"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return f"{key}: {message}" if key else message
    return f"{key}: {message[0].lower()}{message[1:]}, not {error['input']!r}"


def _known_keys(section: list[str], model: type[BaseModel]) -> list[str]:
    """The keys that the section at this path may have, in a file of this model; none where they are not listed."""
    kind = model
    for part in section:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[part].annotation
        else:
            kind = get_args(kind)[-1]  # of a mapping, what its keys have
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []


def _suggestion(name: str, known) -> str:
    """`; did you mean X?`, or the known names where none is near."""
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known: {', '.join(known)}" if known else ""
