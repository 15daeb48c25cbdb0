"""What every network is shown beside, and may be used in its place: fitted, asked, saved, loaded.

A baseline is a contender like a network. It is saved as JSON and safetensors, without pickle.
"""
