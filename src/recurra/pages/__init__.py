"""All that is looked at in a browser: one file that needs nothing else, plots drawn inline."""
