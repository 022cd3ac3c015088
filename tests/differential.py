# SPDX-License-Identifier: MIT
"""Programs that make random inputs and run them through a slow and a fast twin. Used by run.py (a fixed number from a fixed
seed) and fuzz.py (as many as time allows, from fresh seeds).

A program takes a count and a seed, prints the seed of what disagreed, and fails if anything did.
"""
from collections import namedtuple


class Row(namedtuple('Row', 'name template count')):
    """{tree} build tree, {n} how many, {seed} the first seed; count: how many in one test run"""

    def argv(self, tree, n, seed):
        return self.template.format(tree=tree, n=n, seed=seed).split()


ROWS = [
    # name                                    command                                           in one test run
]
