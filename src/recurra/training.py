"""One training loop around Keras: length buckets, the best epoch, checkpoints, resume.

::

    for epoch in 1 .. epochs:
        visit the training rows once, in an order drawn from (seed, epoch)
        measure the validation loss; keep the weights if it is the lowest so far
        write a checkpoint
        stop after `patience` epochs without a new lowest loss
    restore the weights of the best epoch

All that decides the next epoch (weights, optimizer, random states, history) is in the checkpoint,
so a run that was killed and resumed ends in the same weights as one that was not.
"""

import json
import os
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from recurra.backend import keras
from recurra.errors import RecurraError, RunError
from recurra.optimizers import Adam
from recurra.sequences import Ragged

__all__ = [
    "PREDICTION_ROWS",
    "Call",
    "Example",
    "History",
    "Inputs",
    "Loss",
    "Plan",
    "Predictor",
    "Step",
    "Visitor",
    "Weights",
    "assign_weights",
    "predict",
    "progress",
    "quantile_loss",
    "run_epochs",
    "seeded",
    "train",
    "write_atomically",
]

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Arrays = list[npt.NDArray[Any]]
Weights = dict[str, npt.NDArray[Any]]
Inputs = Ragged | tuple[Ragged, ...]
Loss = str | Callable[[Any, Any], Any]
Call = Callable[[Any], Any]

SHORTEST_BUCKET = 16
PREDICTION_ROWS = 64  # always: a row's score is then the same bits whatever stands beside it


@dataclass(frozen=True)
class Plan:
    """How to train.

    Args:
        epochs: the most visits to the training rows.
        patience: epochs without a lower validation loss before stopping.
        batch_size: rows a step.
        learning_rate: of Adam.
        seed: of the initial weights, the dropout and the order of the rows; each member adds 1.
    """

    epochs: int = 30
    patience: int = 5
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True)
class Example:
    """Sequences with their targets and weights, all in row order.

    Args:
        inputs: one `Ragged`, or one for each input of the network (an encoder–decoder has two).
        targets: (rows,) or (rows, k) float32; or, for a target at every timestep of the last
            input, a `Ragged` as long as it: one int32 column of classes, or k float32 columns.
        weights: (rows,) how much each row counts.
    """

    inputs: Inputs
    targets: Floats | Ragged
    weights: Floats

    def take(self, rows: Rows) -> "Example":
        """Give the chosen rows."""
        targets = self.targets
        return Example(
            tuple(part.take(rows) for part in parts(self.inputs)),
            targets.take(rows) if isinstance(targets, Ragged) else targets[rows],
            self.weights[rows],
        )

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Give all that it holds, for a fingerprint."""
        ragged = [*parts(self.inputs)]
        ragged += [self.targets] if isinstance(self.targets, Ragged) else []
        plain = [] if isinstance(self.targets, Ragged) else [self.targets]
        return [self.weights, *plain, *(array for part in ragged for array in part.arrays())]


def parts(inputs: Inputs) -> tuple[Ragged, ...]:
    """Give the inputs as a tuple, also when there is only one."""
    return (inputs,) if isinstance(inputs, Ragged) else inputs


@dataclass
class History:
    """The curve of one training: a row an epoch, and which epoch was best."""

    rows: list[dict[str, float]] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """The epoch of the lowest validation loss, counted from 1."""
        losses = [row["validation_loss"] for row in self.rows]
        return int(np.argmin(np.nan_to_num(losses, nan=np.inf))) + 1

    def sentence(self) -> str:
        """Read the curve aloud."""
        best, run = self.best_epoch, len(self.rows)
        after = "validation loss rises after" if best < run else "validation loss was still falling"
        return f"best epoch {best} of {run}, {after}"


@dataclass(frozen=True)
class Step:
    """Where training stands, for whoever shows progress."""

    epoch: int
    epochs: int
    done: float
    history: History


Notify = Callable[[int, Step], None]


_drawing = threading.RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let Keras draw its initial weights and dropout seeds from `seed`; restore Python's after.

    Keras takes every seed that is not given from Python's `random`, which all threads share: so
    one thread at a time.
    """
    with _drawing:
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)


def bucket_of(lengths: Rows) -> Rows:
    """Give the padded length of each sequence: the next power of two, at least 16.

    A text's bucket depends on its own length alone, so its score cannot depend on its neighbours.

    Example:
        >>> bucket_of(np.array([0, 8, 9, 300])).tolist()
        [16, 16, 16, 512]
    """
    exponents = np.ceil(np.log2(np.maximum(lengths, SHORTEST_BUCKET)))
    buckets: Rows = 2 ** exponents.astype(np.int64)
    return buckets


def _batches(inputs: Inputs, order: Rows, size: int) -> list[tuple[list[int], Rows]]:
    """Cut rows, in the order given, into (padded length of each input, rows) of one bucket each."""
    buckets = np.stack([bucket_of(part.lengths[order]) for part in parts(inputs)], axis=1)
    shapes = np.ravel_multi_index(np.log2(buckets).astype(int).T, (64,) * buckets.shape[1])
    cut = []
    for shape in np.unique(shapes):
        here = np.flatnonzero(shapes == shape)
        timesteps, rows = buckets[here[0]].tolist(), order[here]
        cut += [(timesteps, rows[i : i + size]) for i in range(0, len(rows), size)]
    return cut


def _padded(sequences: Ragged, rows: Rows, timesteps: int, size: int) -> npt.NDArray[Any]:
    """Give (size, timesteps[, features]); missing rows are all padding.

    Integers of one column lose that axis, as Keras' embeddings want them.
    """
    table = sequences.table
    padded = np.zeros((size, timesteps, table.shape[1]), table.dtype)
    padded[: len(rows)] = sequences.pad(rows, timesteps)
    return padded[..., 0] if table.shape[1] == 1 and table.dtype == np.int32 else padded


def _arrays(inputs: Inputs, rows: Rows, timesteps: Sequence[int], size: int) -> Any:
    """Give the padded array of the one input, or a list of those of all."""
    arrays = [_padded(p, rows, t, size) for p, t in zip(parts(inputs), timesteps, strict=True)]
    return arrays[0] if len(arrays) == 1 else arrays


class _Epoch(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of one epoch, every one of `batch_size` rows: one compiled shape a bucket."""

    def __init__(self, example: Example, batch_size: int, rng: np.random.Generator) -> None:
        super().__init__()
        self.example, self.batch_size = example, batch_size
        order = rng.permutation(len(example.weights))
        self.batches = _batches(example.inputs, order, batch_size)
        rng.shuffle(self.batches)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        timesteps, rows = self.batches[index]
        arrays = _arrays(self.example.inputs, rows, timesteps, self.batch_size)
        return arrays, *self._targets(rows, timesteps[-1])

    def _targets(self, rows: Rows, timesteps: int) -> tuple[Any, Any]:
        """Give targets and weights; what is padding weighs nothing."""
        given, size = self.example.targets, self.batch_size
        weights = np.zeros(size, np.float32)
        weights[: len(rows)] = self.example.weights[rows]
        if isinstance(given, Ragged):
            inside = np.zeros((size, timesteps), np.float32)
            inside[: len(rows)] = np.arange(timesteps) < given.lengths[rows][:, None]
            return _padded(given, rows, timesteps, size), weights[:, None] * inside
        targets = np.zeros((size, *(given.shape[1:] or (1,))), np.float32)
        targets[: len(rows)] = given[rows].reshape(len(rows), -1)
        return targets, weights


def predict(model: Any, inputs: Inputs) -> npt.NDArray[np.float64]:
    """Give the model's output for each row, in row order.

    Returns:
        (rows,) where the network gives one number a row, (rows, k) where it gives more; where it
        gives k numbers a timestep, (timesteps of all rows, k), as `offsets` of the last input cuts.
    """
    return _outputs(model.predict_on_batch, inputs)


def _outputs(call: Call, inputs: Inputs) -> npt.NDArray[np.float64]:
    last = parts(inputs)[-1]
    outputs: npt.NDArray[np.float64] = np.empty(len(last))
    for timesteps, rows in _batches(inputs, np.arange(len(last)), PREDICTION_ROWS):
        found = np.asarray(call(_arrays(inputs, rows, timesteps, PREDICTION_ROWS)))[: len(rows)]
        steps = found.ndim == 3
        if outputs.ndim == 1 and found.shape[-1] > 1 - steps:
            outputs = np.empty((last.offsets[-1] if steps else len(last), found.shape[-1]))
        if not steps:
            outputs[rows] = found[:, 0] if outputs.ndim == 1 else found
            continue
        inside = np.arange(timesteps[-1]) < last.lengths[rows][:, None]
        outputs[(last.offsets[rows][:, None] + np.arange(timesteps[-1]))[inside]] = found[inside]
    return outputs


def assign_weights(network: Any, weights: Weights) -> None:
    """Put weights, by variable name, into a network."""
    for variable in network.weights:
        variable.assign(weights[variable.path])


class Predictor:
    """A network to be called with weights given: nothing in it changes, so threads may share it.

    Args:
        model: a Keras model; what its variables hold does not matter.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._lock = threading.Lock()
        self._traced: set[Any] = set()
        self._compiled = _stateless(model) if keras.backend.backend() == "jax" else None

    def __call__(self, weights: Weights, inputs: Inputs) -> npt.NDArray[np.float64]:
        """Give what `predict` gives for the model with these weights, by variable name."""
        return _outputs(self.call_with(weights), inputs)

    def call_with(self, weights: Weights) -> Call:
        """Give the network with these weights as a function of one padded batch."""
        if self._compiled is None:
            return partial(self._assigned, weights)
        # what is no weight is the state of random numbers, of which prediction draws none
        known = {v.path: weights[v.path] for v in self.model.weights}
        trainable, fixed = (
            [keras.ops.convert_to_tensor(known.get(v.path, v.value)) for v in variables]
            for variables in (self.model.trainable_variables, self.model.non_trainable_variables)
        )
        return partial(self._call, trainable, fixed)

    def _assigned(self, weights: Weights, arrays: Any) -> Any:
        with self._lock:
            assign_weights(self.model, weights)
            return self.model.predict_on_batch(arrays)

    def _call(self, trainable: list[Any], fixed: list[Any], arrays: Any) -> Any:
        shapes = tuple(array.shape for array in keras.tree.flatten(arrays))
        if shapes in self._traced:
            return self._compiled(trainable, fixed, arrays)  # type: ignore[misc]
        with self._lock:  # a Keras model is traced by one thread at a time
            found = self._compiled(trainable, fixed, arrays)  # type: ignore[misc]
            self._traced.add(shapes)
        return found


def _stateless(model: Any) -> Callable[..., Any]:
    """Compile (trainable, fixed, inputs) → outputs."""
    import jax

    def call(trainable: list[Any], fixed: list[Any], arrays: Any) -> Any:
        return model.stateless_call(trainable, fixed, arrays, training=False)[0]

    compiled: Callable[..., Any] = jax.jit(call)
    return compiled


class _Reduced(keras.losses.Loss):  # type: ignore[misc]
    """One loss of a batch; Keras leaves out what is masked."""

    def __init__(self, function: Callable[[Any, Any], Any], reduction: str) -> None:
        super().__init__(reduction=reduction)
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.function(y_true, y_pred)


class Visitor:
    """Takes a network through its training rows, a step of the optimizer for every batch.

    ::

        loss = Σ weights · loss(targets, network(inputs)) / number of losses that are not masked
        weights of the network ← optimizer(gradient of the loss)

    On JAX the whole step is one compiled function. Keras' `fit` does the same work, but on short
    sequences takes longer around it than in it; on other backends it is used.

    Args:
        model: a fresh Keras model.
        optimizer: a fresh Keras optimizer.
        loss: the name of a Keras loss, or a function (targets, outputs) → losses.
        reduction: Keras' name for what becomes of the losses of a batch.
    """

    def __init__(
        self, model: Any, optimizer: Any, loss: Loss, reduction: str = "sum_over_batch_size"
    ) -> None:
        function = keras.losses.get(loss) if isinstance(loss, str) else loss
        mean = keras.metrics.MeanMetricWrapper(function, name="mean_of_loss")
        model.compile(optimizer, _Reduced(function, reduction), weighted_metrics=[mean])
        optimizer.build(model.trainable_variables)
        self.model = model
        on_jax = keras.backend.backend() == "jax"
        self._step = _compiled_step(model, function) if on_jax else None
        self._outputs = _stateless(model) if on_jax else None

    def visit(self, batches: Any, tell: Callable[[float], None]) -> float:
        """Visit all batches once; tell how much is done; give the weighted mean of the losses."""
        if self._step is None:
            return self._fit(batches, tell)
        variables = self._variables()
        state = [[v.value for v in group] for group in variables]
        sums = (np.float32(0), np.float32(0))
        for i in range(len(batches)):
            state, sums = self._step(state, sums, *batches[i])
            tell((i + 1) / len(batches))
        for group, values in zip(variables, state, strict=True):
            _assign(group, values)
        total, weight = map(float, sums)
        return total / weight

    def _variables(self) -> tuple[list[Any], ...]:
        model = self.model
        return model.trainable_variables, model.non_trainable_variables, model.optimizer.variables

    def _fit(self, batches: Any, tell: Callable[[float], None]) -> float:
        step = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: tell((batch + 1) / len(batches))
        )
        logs = self.model.fit(batches, verbose=0, shuffle=False, callbacks=[step]).history
        return float(logs["mean_of_loss"][0])

    def network(self) -> Call:
        """Give the network, as it is now, as a function of one padded batch."""
        if self._outputs is None:
            return self.model.predict_on_batch  # type: ignore[no-any-return]
        trainable, fixed, _ = ([v.value for v in group] for group in self._variables())
        return partial(self._outputs, trainable, fixed)


def _compiled_step(model: Any, loss: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Compile (state, sums, inputs, targets, weights) → state and sums after the step."""
    import jax

    def loss_of(
        trainable: list[Any], fixed: list[Any], arrays: Any, targets: Any, weights: Any
    ) -> tuple[Any, Any]:
        outputs, fixed, added = model.stateless_call(
            trainable, fixed, arrays, training=True, return_losses=True
        )
        mean = model.loss(targets, outputs, sample_weight=weights)
        return mean + sum(added), ((loss(targets, outputs) * weights).sum(), fixed)

    gradient = jax.grad(loss_of, has_aux=True)

    def step(
        state: list[list[Any]], sums: tuple[Any, Any], arrays: Any, targets: Any, weights: Any
    ) -> tuple[list[list[Any]], tuple[Any, Any]]:
        trainable, fixed, optimizer = state
        slopes, (total, fixed) = gradient(trainable, fixed, arrays, targets, weights)
        trainable, optimizer = model.optimizer.stateless_apply(optimizer, slopes, trainable)
        return [trainable, fixed, optimizer], (sums[0] + total, sums[1] + weights.sum())

    compiled: Callable[..., Any] = jax.jit(step, donate_argnums=0)
    return compiled


def log_loss(targets: Floats, scores: npt.NDArray[np.float64], weights: Floats) -> float:
    """Give the weighted mean of -target log(score) - (1 - target) log(1 - score)."""
    p = np.clip(scores, 1e-7, 1 - 1e-7)
    losses = -targets * np.log(p) - (1 - targets) * np.log(1 - p)
    return float(np.average(losses if losses.ndim == 1 else losses.mean(1), weights=weights))


def quantile_loss(levels: Sequence[float]) -> Callable[[Any, Any], Any]:
    """Give the pinball loss of predictions of quantiles, one column a level.

    ::

        loss = mean_k max(level_k (y_k - p_k), (level_k - 1) (y_k - p_k))
    """

    def quantile(truth: Any, predicted: Any) -> Any:
        above = keras.ops.cast(truth, predicted.dtype) - predicted
        level = keras.ops.convert_to_tensor(np.asarray(levels, np.float32))
        return keras.ops.mean(keras.ops.maximum(level * above, (level - 1) * above), axis=-1)

    return quantile


def mean_loss(loss: Loss, example: Example, outputs: npt.NDArray[np.float64]) -> float:
    """Give the weighted mean of a loss over the rows, or timesteps, of an example."""
    targets, weights = example.targets, example.weights
    if isinstance(targets, Ragged):
        weights = np.repeat(weights, targets.lengths)
        targets = targets.table[targets.codes]
        targets = targets[:, 0] if targets.dtype == np.int32 else targets
    if loss == "binary_crossentropy":
        return log_loss(targets.reshape(outputs.shape), outputs, weights)
    if outputs.ndim == 1:
        outputs, targets = outputs[:, None], targets.reshape(-1, 1)
    losses = keras.losses.get(loss)(targets, outputs.astype(np.float32))
    return float(np.average(keras.ops.convert_to_numpy(losses), weights=weights))


def train(
    build: Callable[[], Any],
    example: Example,
    sides: Sequence[tuple[Rows, Rows]],
    plan: Plan,
    *,
    loss: Loss = "binary_crossentropy",
    checkpoints: Path | None = None,
    fingerprint: str = "",
    notify: Notify | None = None,
) -> list[tuple[Weights, History]]:
    """Train networks one after the other, each from a seed and with validation rows of its own.

    Args:
        build: gives a fresh Keras model of named layers; one of several inputs takes a list.
        example: all rows.
        sides: for each network the rows it learns from, and those its best epoch is read off.
        plan: how.
        loss: the name of a Keras loss, or a function (targets, outputs) → one loss a row; its
            weighted mean over the validation rows decides which epoch is best.
        checkpoints: a folder; a checkpoint there is written after every epoch, and gone on from.
        fingerprint: says which data and settings this is; a checkpoint of others is refused.
        notify: called after every batch and every epoch.

    Returns:
        For each member the weights of its best epoch, by variable name, and its curve.

    Raises:
        RunError: a checkpoint is damaged or belongs to other data or settings.
    """
    with seeded(plan.seed):
        model = build()
    visitor = Visitor(model, Adam(plan.learning_rate), loss)
    untouched = _values(model.optimizer.variables)
    trained = []
    for member, (training, validation) in enumerate(sides):
        with seeded(plan.seed + member):
            fresh = build()
        # the compiled steps belong to the model object: new values in it save compiling again
        _assign(model.variables, _values(fresh.variables))
        _assign(model.optimizer.variables, untouched)
        checkpoint = checkpoints and checkpoints / f"member-{member + 1}.safetensors"
        tell = partial(notify, member + 1) if notify else lambda step: None
        rows = example.take(training), example.take(validation)
        loop = _Loop(visitor, *rows, loss, plan, plan.seed + member, tell)
        trained.append(
            run_epochs(
                model,
                loop.epoch,
                plan,
                checkpoint=checkpoint,
                fingerprint=f"{fingerprint} member {member + 1}",
                tell=tell,
            )
        )
    return trained


@dataclass
class _Loop:
    """The epochs of one member."""

    visitor: Visitor
    training: Example
    validation: Example
    loss: Loss
    plan: Plan
    seed: int
    tell: Callable[[Step], None]

    def epoch(self, history: History) -> dict[str, float]:
        """Visit the training rows once; measure both losses."""
        rng = np.random.default_rng([self.seed, len(history.rows) + 1])
        batches = _Epoch(self.training, self.plan.batch_size, rng)
        loss = self.visitor.visit(batches, progress(self.plan, history, self.tell))
        outputs = _outputs(self.visitor.network(), self.validation.inputs)
        return {"loss": loss, "validation_loss": mean_loss(self.loss, self.validation, outputs)}


def progress(plan: Plan, history: History, tell: Callable[[Step], None]) -> Callable[[float], None]:
    """Give who tells how much of the epoch is done."""
    epoch = len(history.rows) + 1
    return lambda done: tell(Step(epoch, plan.epochs, done, history))


def run_epochs(
    model: Any,
    epoch: Callable[[History], dict[str, float]],
    plan: Plan,
    *,
    checkpoint: Path | None = None,
    fingerprint: str = "",
    tell: Callable[[Step], None] = lambda step: None,
) -> tuple[Weights, History]:
    """Run epochs to the end, from a checkpoint where there is one.

    Args:
        model: a compiled Keras model.
        epoch: takes one, and gives `loss` and `validation_loss`.
        plan: how many, and when to stop.
        checkpoint: the file, None for none.
        fingerprint: a checkpoint of another is refused.
        tell: called after every epoch.

    Returns:
        The weights of the best epoch, by variable name, and the curve.

    Raises:
        RunError: the checkpoint is damaged or belongs to other data or settings.
        RecurraError: the loss is not finite after the first epoch.
    """
    history, best = History(), _values(model.weights)
    if checkpoint is not None and checkpoint.exists():
        history, best = _restore(checkpoint, model, fingerprint)
    while not _finished(history, plan):
        history.rows.append({"epoch": len(history.rows) + 1, **epoch(history)})
        if not np.isfinite(history.rows[0]["validation_loss"]):
            raise RecurraError(
                "the loss must stay a finite number, but after the first epoch it is not. "
                "Give a lower learning rate."
            )
        if history.best_epoch == len(history.rows):
            best = _values(model.weights)
        if checkpoint is not None:
            _write_checkpoint(checkpoint, model, best, history, fingerprint)
        tell(Step(len(history.rows), plan.epochs, 1.0, history))
    names = [weight.path for weight in model.weights]
    return dict(zip(names, best, strict=True)), history


def _finished(history: History, plan: Plan) -> bool:
    run = len(history.rows)
    return run >= plan.epochs or (run > 0 and run - history.best_epoch >= plan.patience)


def _values(variables: list[Any]) -> Arrays:
    # a copy: the next step may reuse the memory
    return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in variables]


def _assign(variables: list[Any], values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _state(model: Any) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def _write_checkpoint(
    path: Path, model: Any, best: Arrays, history: History, fingerprint: str
) -> None:
    """Write one file that holds everything: it is there as a whole or not at all."""
    tensors = {f"state/{i}": value for i, value in enumerate(_values(_state(model)))}
    tensors |= {f"best/{i}": value for i, value in enumerate(best)}
    metadata = {"fingerprint": fingerprint, "history": json.dumps(history.rows)}
    write_atomically(path, save(tensors, metadata))


def _restore(path: Path, model: Any, fingerprint: str) -> tuple[History, Arrays]:
    try:
        with safe_open(path, "numpy") as stored:
            metadata = stored.metadata()
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise RunError(
            f"a checkpoint must be whole, but {path} cannot be read ({error}). "
            "Delete the run folder and start over."
        ) from None
    if metadata["fingerprint"] != fingerprint:
        raise RunError(
            f"a run can only be resumed with the data and settings it was started with, but {path} "
            "was written with others. Give the same ones, or start over with --overwrite."
        )
    state = _state(model)
    _assign(state, [tensors[f"state/{i}"] for i in range(len(state))])
    best = [tensors[f"best/{i}"] for i in range(len(model.weights))]
    return History(json.loads(metadata["history"])), best


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that whoever looks finds the old content or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.partial")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
