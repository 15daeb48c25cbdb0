"""Honest evaluation: splits, evidence, measures, the decision, probes, the report; run and compare.

Nothing here knows Keras: a baseline and a network are fitted, asked and judged by the same code.
"""
