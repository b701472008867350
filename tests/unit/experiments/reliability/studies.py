"""All studies of implicit meta-learning."""

from obverse.experiments.reliability.ablations.alpha import Alpha
from obverse.experiments.reliability.ablations.batch_size import BatchSize
from obverse.experiments.reliability.ablations.encoder_decoder import EncoderDecoder
from obverse.experiments.reliability.ablations.in_context import InContext
from obverse.experiments.reliability.ablations.is_is_not import IsIsNot
from obverse.experiments.reliability.ablations.model_size import ModelSize
from obverse.experiments.reliability.ablations.schedules import Schedules
from obverse.experiments.reliability.ablations.sources import NamedSources
from obverse.experiments.reliability.ablations.word_order import AllOrders
from obverse.experiments.reliability.alignment import Alignment
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.set_inclusion import SetInclusion
from obverse.experiments.reliability.set_questions import SetQuestions

STUDIES: tuple[type[Reliability], ...] = (
    Reliability, Alpha, AllOrders, BatchSize, EncoderDecoder, InContext, ModelSize, Schedules,
    SetInclusion, SetQuestions, IsIsNot, NamedSources, Alignment,
)  # fmt: skip
