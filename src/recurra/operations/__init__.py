"""What a saved network does, operation by operation, and how it is run without Keras or JAX."""
