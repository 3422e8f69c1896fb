"""All symptoms, in the order in which of two that begin together the first is taken for the cause."""

from engine.diagnosis.symptoms.base import Symptom
from engine.diagnosis.symptoms.fit import LOSS_STILL, OVERFITTING
from engine.diagnosis.symptoms.flow import EXPLODING, NO_GRADIENT, VANISHING
from engine.diagnosis.symptoms.pace import RATE_HIGH, RATE_LOW, WITHERING
from engine.diagnosis.symptoms.start import ALIKE, UNSCALED, WEIGHTS_LARGE, WEIGHTS_SMALL
from engine.diagnosis.symptoms.units import DEAD, SATURATED

SYMPTOMS: tuple[Symptom, ...] = (
    *(UNSCALED, ALIKE, WEIGHTS_SMALL, WEIGHTS_LARGE),  # there before the first step
    *(EXPLODING, RATE_HIGH, SATURATED, DEAD, NO_GRADIENT, WITHERING),
    *(VANISHING, RATE_LOW, LOSS_STILL, OVERFITTING),
)
