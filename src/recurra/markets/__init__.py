"""Markets: prices, indicators, simulation."""
