"""All studies of implicit meta-learning."""

from obverse.experiments.reliability.ablation_definitions import AllOrders, Alpha, InContext, TagKinds
from obverse.experiments.reliability.ablation_models import EncoderDecoder, ModelSize, SetInclusion
from obverse.experiments.reliability.ablation_training import BatchSize, Schedules
from obverse.experiments.reliability.reliability import Reliability

STUDIES: tuple[type[Reliability], ...] = (
    Reliability, Alpha, AllOrders, BatchSize, EncoderDecoder, InContext, ModelSize, Schedules,
    SetInclusion, TagKinds,
)  # fmt: skip
