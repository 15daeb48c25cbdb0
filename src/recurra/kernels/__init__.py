"""Whole sequences through a recurrent cell, by the fastest path that can do it."""
