"""The engine of netviz: projects, networks and their training. It knows no window."""

from engine.diagnosis import Diagnosis
from engine.divergence import DivergenceError
from engine.ensemble import Ensemble
from engine.errors import DeviceError, ProjectError
from engine.project import Project, load_project, save_project
from engine.trainer import Snapshot, StepRecord, Trainer
from engine.views import Views

__all__ = [
    "DeviceError",
    "Diagnosis",
    "DivergenceError",
    "Ensemble",
    "Project",
    "ProjectError",
    "Snapshot",
    "StepRecord",
    "Trainer",
    "Views",
    "load_project",
    "save_project",
]
