"""What is wrong with a run, said in words and numbers from the scalars that a worker sees; and what may cure it."""

from engine.diagnosis.diagnosis import Diagnosis, Finding, Health
from engine.diagnosis.edits import Remedy, edited

__all__ = ["Diagnosis", "Finding", "Health", "Remedy", "edited"]
