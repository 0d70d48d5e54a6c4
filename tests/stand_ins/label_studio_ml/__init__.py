"""Stands in for label-studio-ml 2.x, which no package registry has, with the same names and the same contract."""
