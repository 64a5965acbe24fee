"""The Singer target for W50."""

from target_w50.target.target import TargetW50

__all__ = ["TargetW50"]
