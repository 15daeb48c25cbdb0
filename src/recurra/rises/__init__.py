"""Will it rise? Networks that add what they know of direction to what volatility tells."""

from recurra.rises.model import RiseModel
from recurra.rises.networks import NETWORKS
from recurra.rises.report import RiseReport
from recurra.rises.settings import RiseSettings

__all__ = ["NETWORKS", "RiseModel", "RiseReport", "RiseSettings"]
