# SPDX-License-Identifier: MIT
"""The kind of lit test that hew has. A module of its own because lit's worker processes look the class up by name."""
import lit.formats


class TestsWithRunLines(lit.formats.ShTest):
    """ShTest that leaves files without a RUN line to others: inputs, and whole Lua programs."""

    def getTestsInDirectory(self, suite, path, lit_config, local):
        for test in super().getTestsInDirectory(suite, path, lit_config, local):
            with open(test.getSourcePath(), encoding='utf-8', errors='replace') as f:
                if 'RUN:' in f.read(4096):
                    yield test
