"""A recipe is what a run is trained by: what candidates of the tuning differ in, and the params.yaml that gives it."""

import math
from collections.abc import Mapping

from pipeline.engine.run import Augment, Run
from pipeline.params import Params, trainable

FIELDS = {  # what candidates differ in, by its name in params and tables: the field of a run
    "learning_rate": "protocol.learning_rate",
    "batch_size": "protocol.batch_size",
    "dropout": "network.dropout",
    "batch_norm": "network.batch_norm",
    "aux_weight": "protocol.aux_weight",
}
AT_ROOT = (  # keys of params.yaml that are no architecture's, and what they are in a run
    ("comparator_reads", "network.comparator_reads"),
    ("comparator", "network.comparator"),
    ("schedule", "protocol.schedule"),
    ("test_shift", "protocol.test_shift"),
    ("data.pairing", "data.pairing"),
)
OF_ARCHITECTURE = (
    "protocol.optimizer",
    "protocol.learning_rate",
    "protocol.batch_size",
    "protocol.epochs",
    "network.batch_norm",
    "network.dropout",
    "data.standardize",
)


def own(study: Params, architecture: str, technique: str) -> Run:
    """The run that params.yaml describes, for seed 0."""
    return study.runs(study.combo(architecture, technique), [0])[0]


def of(run: Run) -> dict[str, float | bool]:
    """What candidates differ in, of this run; NaN for the aux_weight of one without an auxiliary loss."""
    found = {name: value(run, field) for name, field in FIELDS.items()}
    return found | ({"aux_weight": math.nan} if found["aux_weight"] is None else {})


def changed(run: Run, recipe: Mapping[str, object]) -> Run:
    """This run by another recipe, some of FIELDS; ValueError if one of them cannot have its value.

    A run without an auxiliary loss stays without.
    """
    plain = run.protocol.aux_weight is None
    fields = {FIELDS[name]: v for name, v in recipe.items() if not (plain and name == "aux_weight")}
    return trainable(run.with_fields(fields))


def keys(run: Run) -> dict[str, object]:
    """The keys of params.yaml that decide how this run is trained, with the values that give it."""
    place = f"architectures.{run.network.architecture}"
    found = {f"{place}.{field.split('.')[1]}": value(run, field) for field in OF_ARCHITECTURE}
    found |= {key: value(run, field) for key, field in AT_ROOT}
    augment = run.data.augment or Augment(shift=0.0, rotation=0.0, scale=0.0)
    found |= {f"data.augment.{name}": value for name, value in augment.model_dump().items()}
    return found if run.protocol.aux_weight is None else found | {"aux_weight": run.protocol.aux_weight}


def value(run: Run, field: str) -> object:
    """The value of a field, named as `Run.with_fields` takes it; ValueError if there is none."""
    part, _, name = field.rpartition(".")
    of_part = run.model_dump().get(part)
    if not isinstance(of_part, dict) or name not in of_part:
        raise ValueError(f"a run has no field {field}")
    return of_part[name]
