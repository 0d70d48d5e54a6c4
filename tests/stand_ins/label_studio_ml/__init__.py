"""Stands in for label-studio-ml 2.x, which no package registry has: the same names, the same contract."""
