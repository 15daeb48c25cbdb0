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

What is where: `batches`, `step` (compiled), `losses`, `epochs`, `checkpoints`, `predictor` (what a
network says), `teaching` (teacher forcing: rows of another kind), `variables`.
"""

from recurra.listeners import History, Progress
from recurra.training.batches import PREDICTION_ROWS, Example, Inputs, bucket_of, parts
from recurra.training.epochs import Blocks, Plan, Sides, run_epochs, train
from recurra.training.losses import Loss, mean_loss, quantile_loss
from recurra.training.predictor import Call, Predictor, predict
from recurra.training.step import Visitor
from recurra.training.variables import NetworkWeights, assign_weights, needed_weights, seeded

__all__ = [
    "PREDICTION_ROWS",
    "Blocks",
    "Call",
    "Example",
    "History",
    "Inputs",
    "Loss",
    "NetworkWeights",
    "Plan",
    "Predictor",
    "Progress",
    "Sides",
    "Visitor",
    "assign_weights",
    "bucket_of",
    "mean_loss",
    "needed_weights",
    "parts",
    "predict",
    "quantile_loss",
    "run_epochs",
    "seeded",
    "train",
]
