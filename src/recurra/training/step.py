"""One step of training, compiled as a whole."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from recurra.backend import keras
from recurra.training.losses import Loss
from recurra.training.predictor import Call, stateless
from recurra.training.variables import assign

__all__ = ["Tell", "Visitor"]

Tell = Callable[[float], None]  # is told the share of an epoch that is done


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
        self._outputs = stateless(model) if on_jax else None

    def visit(self, batches: Any, tell: Tell) -> float:
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
            assign(group, values)
        total, weight = map(float, sums)
        return total / weight

    def _variables(self) -> tuple[list[Any], ...]:
        model = self.model
        return model.trainable_variables, model.non_trainable_variables, model.optimizer.variables

    def _fit(self, batches: Any, tell: Tell) -> float:
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
