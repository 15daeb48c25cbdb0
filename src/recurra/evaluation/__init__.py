"""Honest evaluation: splits, metrics, baselines, leak probes, the verdict, the report.

Nothing here knows Keras: a baseline and a network are judged by the same code.
"""
