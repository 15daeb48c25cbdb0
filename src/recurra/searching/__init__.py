"""Settings looked for honestly: inside the training rows, and the winner judged once on the test.

::

    rows ── test, held out: nothing below sees it until the end
     └── known ── held within: a trial is measured here              `within`
          └── trained and validated on: a trial is fitted here       `trials`
    the settings of the best trial, on all known rows → judged once on the test, beside the default
    and all baselines; the report says how many were tried, and what came of each    `choice`

Optuna says what is tried next (a tree-structured Parzen estimator), and keeps it in SQLite. Trials
are asked for in rounds of a fixed size and told in their order: so what is found does not depend on
how many are done at once, and a search that was killed goes on to the same end.

Source: J. Bergstra et al., Algorithms for hyper-parameter optimization, NeurIPS 2011.
"""
