"""What all estimators share: members that are trained and averaged, saving and loading."""

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from recurra.answers.model import FittedModel
from recurra.arrays import Array, Floats, Rows
from recurra.backend import check_process
from recurra.bundle import Bundle, opened, write_bundle
from recurra.errors import SettingsError
from recurra.estimators.encoders import Sides
from recurra.estimators.settings import check_settings, plain, settings_type
from recurra.judging.splits import stratified_group_split
from recurra.listeners import Listener, Listeners
from recurra.notebook import watching_here
from recurra.plans import plan_of
from recurra.plots import draw_curves
from recurra.stored import Stored
from recurra.training import (
    Blocks,
    Example,
    History,
    Inputs,
    Loss,
    NetworkWeights,
    Plan,
    Predictor,
    needed_weights,
    parts,
    seeded,
    train,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NetworkEstimator"]

NOTHING_SAVED = ("_predictor",)
_building = threading.RLock()


class _Stored(Stored):
    settings: dict[str, Any]
    members: Annotated[int, Field(ge=1, le=1000)]


@dataclass(kw_only=True, eq=False, repr=False)  # the fields are the settings, as scikit-learn asks
class NetworkEstimator(FittedModel, BaseEstimator):  # type: ignore[misc]
    """One or more networks of one architecture, trained from different seeds and averaged.

    A subclass adds settings as fields, and gives these four:

    - `build()`: a fresh Keras model for what was fitted,
    - `_encoder_json()`: what turns data into sequences, for encoder.json,
    - `_learnt()`: what else `fit` found out, for config.json; `_restore()` takes both back, if
      they are what the settings need.

    `fit` ends with `_train`; `predict` begins with `_outputs`.

    Args:
        model: the architecture by name.
        validation_split: the share of rows held out for validation.
        epochs: the most epochs.
        patience: epochs without a lower validation loss, after which training stops.
        batch_size: rows a step of training, None for what suits the architecture.
        learning_rate: of Adam, None for what suits the architecture.
        random_state: the seed. The same seed and rows give the same weights on one machine.

    Attributes:
        sides_: for each member the rows that trained it and those that validated it.
        histories_: the curve of each member.
        weights_: the weights of each member, by variable name.
    """

    USUAL: ClassVar[Mapping[str, Any]] = {"batch_size": 64, "learning_rate": 1e-3}

    model: str = field(default="gru", kw_only=False)
    validation_split: float = 0.2
    epochs: int | None = 30
    patience: int = 5
    batch_size: int | None = None
    learning_rate: float | None = None
    random_state: int = 0

    sides_: Sides = field(init=False)
    histories_: list[History] = field(init=False)
    weights_: list[NetworkWeights] = field(init=False)

    @property
    def history_(self) -> "pd.DataFrame":
        """The curves of all networks as a table: network, epoch, loss, validation_loss, …."""
        import pandas as pd

        self._check_fitted()
        curves = [pd.DataFrame(history.rows) for history in self.histories_]
        table = pd.concat(curves, keys=range(1, len(curves) + 1), names=["network", None])
        return table.reset_index(level="network").astype({"epoch": int}).reset_index(drop=True)

    def plot_history(self, axes: Any = None) -> Any:
        """Draw the losses of each network by epoch, its best epoch marked.

        Args:
            axes: matplotlib's, to draw on; None makes new ones.

        Returns:
            The axes, to be changed further: `model.plot_history().set_title(…)`.
        """
        self._check_fitted()
        if axes is None:
            from matplotlib import pyplot

            axes = pyplot.subplots(layout="constrained")[1]
        draw_curves(axes, [history.rows for history in self.histories_])
        return axes

    def usual(self, rows: Any) -> dict[str, Any]:
        """Give what counts where a setting is None, by its name, for a fit of such rows."""
        return dict(self.USUAL)

    def build(self) -> Any:
        """Give a fresh Keras model of this architecture for what was fitted."""
        raise NotImplementedError

    def _encoder_json(self) -> dict[str, Any]:
        raise NotImplementedError

    def _learnt(self) -> dict[str, Any]:
        raise NotImplementedError

    # ---- fitting

    def _check_settings(self) -> None:
        check_settings(self.get_params())

    def _split(
        self,
        strata: Array,
        groups: Rows,
        members: int,
        sides: Sides | None = None,
        validated: bool = True,
    ) -> Sides:
        """Give the rows each member learns from and is validated on; another part for each.

        Without validation all rows teach every member.
        """
        if sides is not None:
            return list(sides)
        if not validated:
            return [(np.arange(len(groups)), np.zeros(0, np.int64))] * members
        return [
            stratified_group_split(strata, groups, self.validation_split, self.random_state, turn)
            for turn in range(members)
        ]

    def _train(
        self,
        example: Example,
        *,
        loss: Loss,
        batch_size: int,
        learning_rate: float,
        epochs: int = 30,
        falling: bool = False,
        least: int = 0,
        last: bool = False,
        blocks: Blocks | None = None,
        checkpoints: Path | None = None,
        listeners: Sequence[Listener] = (),
        facts: Iterable[Array] = (),
    ) -> None:
        """Train the members on `sides_`; the three numbers count where no setting says otherwise.

        Args:
            falling, least: as in `Plan`.
            last: whether the rows held out choose no epoch, and the last is kept.
            blocks: as in `train`.
            facts: arrays beside the example that must be the same when a run is gone on with.
        """
        check_process()
        arrays = [*example.arrays(), *facts]
        listener = Listeners(listeners or watching_here())
        listener.ready(self)
        trained = train(
            self.build,
            example,
            [(training, held[:0]) for training, held in self.sides_] if last else self.sides_,
            replace(self._plan(batch_size, learning_rate, epochs), falling=falling, least=least),
            loss=loss,
            blocks=blocks,
            checkpoints=checkpoints,
            fingerprint=self._fingerprint(arrays) if checkpoints else "",
            listener=listener,
        )
        self._keep(trained)

    def _plan(self, batch_size: int, learning_rate: float, epochs: int = 30) -> Plan:
        return Plan(
            epochs=self.epochs or epochs,
            patience=self.patience,
            batch_size=self.batch_size or batch_size,
            learning_rate=self.learning_rate or learning_rate,
            seed=int(self.random_state),
        )

    def _keep(self, trained: Sequence[tuple[NetworkWeights, History]]) -> None:
        self.__dict__.pop("_predictor", None)  # a network of an earlier fit
        self.weights_ = [weights for weights, _ in trained]
        self.histories_ = [history for _, history in trained]
        self._network()

    def _fingerprint(self, arrays: Iterable[Array]) -> str:
        digest = hashlib.sha256(json.dumps(self.get_params(), sort_keys=True, default=str).encode())
        digest.update(json.dumps(self._encoder_json()).encode())
        for array in (*arrays, *(rows for side in self.sides_ for rows in side)):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    # ---- predicting

    def _network(self) -> Predictor:
        check_process()
        with _building:
            if not hasattr(self, "_predictor"):
                with seeded(0):
                    self._predictor = Predictor(self.build())
            return self._predictor

    def _check_fitted(self) -> None:
        check_is_fitted(self, "weights_")

    def _outputs(self, inputs: Inputs) -> Floats:
        self._check_fitted()
        outputs = [self._member_outputs(weights, inputs) for weights in self.weights_]
        mean: Floats = np.mean(outputs, axis=0)
        return mean

    def _member_outputs(self, weights: NetworkWeights, inputs: Inputs) -> Floats:
        return self._network()(weights, inputs)

    def _validated(self, inputs: Inputs) -> tuple[Rows, Floats]:
        """Give the validation rows of all members, and each one's output for its own."""
        rows = [validation for _, validation in self.sides_]
        outputs = [
            self._member_outputs(weights, tuple(part.take(validation) for part in parts(inputs)))
            for weights, validation in zip(self.weights_, rows, strict=True)
        ]
        return np.concatenate(rows), np.concatenate(outputs)

    # ---- saving and loading

    def save(self, folder: str | Path, card: str = "", **facts: Any) -> None:
        """Write the fitted model to a folder: JSON and safetensors, checksummed.

        Args:
            folder: where.
            card: Markdown for people.
            facts: what else config.json shall say, such as the recipe.
        """
        self._check_fitted()
        config = {
            "estimator": type(self).__name__,
            "settings": {name: plain(value) for name, value in self.get_params().items()},
            "members": len(self.weights_),
            **self._learnt(),
            **facts,
        }
        weights = {
            f"{member}/{name}": value
            for member, arrays in enumerate(self.weights_)
            for name, value in arrays.items()
        }
        weights |= self._arrays_beside()
        plan = self._plan_json()
        write_bundle(
            Path(folder), Bundle(config, self._encoder_json(), weights, card, network=plan)
        )

    def _plan_json(self) -> dict[str, Any] | None:
        """Give what the network does, for network.json; None where that is not written down."""
        return plan_of(self._network().model).model_dump(mode="json")

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a model that `save` wrote. It predicts; to train on, fit a new one.

        Raises:
            BundleError: the folder is not a saved model of this kind, or is damaged.
        """
        with opened(folder, cls.__name__) as bundle:
            stored = bundle.config_as(_Stored.model_validate)
            model = bundle.config_as(lambda _: cls._with(stored.settings))
            model._restore(bundle)
            model._take(bundle, [f"{member}/" for member in range(stored.members)])
            if bundle.network is not None and bundle.network != model._plan_json():
                raise SettingsError("network.json must be of the model that config.json names.")
        return model

    @classmethod
    def _with(cls, settings: Mapping[str, Any]) -> Self:
        """Give an estimator with settings that were saved."""
        model = cls(**dict(settings_type(cls).model_validate(settings)))
        model._check_settings()
        return model

    def _take(self, bundle: Bundle, members: Sequence[str]) -> None:
        """Take the weights of members, named so in a bundle, if they are what the network needs."""
        needed = needed_weights(self.build)
        named = {f"{at}{name}": size for at in members for name, size in needed.items()}
        found = bundle.arrays(named | self._needed_beside())
        self.weights_ = [{name: found[f"{at}{name}"] for name in needed} for at in members]
        self._network()

    def __getstate__(self) -> dict[str, Any]:
        # compiled networks do not pickle; the weights do, and the network is built again
        state: dict[str, Any] = dict(super().__getstate__())
        for name in NOTHING_SAVED:
            state.pop(name, None)
        return state
