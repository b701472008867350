"""All studies of implicit meta-learning."""

from obverse.experiments.reliability.alpha import Alpha
from obverse.experiments.reliability.batch_size import BatchSize
from obverse.experiments.reliability.encoder_decoder import EncoderDecoder
from obverse.experiments.reliability.in_context import InContext
from obverse.experiments.reliability.is_is_not import IsIsNot
from obverse.experiments.reliability.model_size import ModelSize
from obverse.experiments.reliability.reliability import Reliability
from obverse.experiments.reliability.schedules import Schedules
from obverse.experiments.reliability.set_inclusion import SetInclusion
from obverse.experiments.reliability.set_questions import SetQuestions
from obverse.experiments.reliability.sources import NamedSources
from obverse.experiments.reliability.word_order import AllOrders

STUDIES: tuple[type[Reliability], ...] = (
    Reliability, Alpha, AllOrders, BatchSize, EncoderDecoder, InContext, ModelSize, Schedules,
    SetInclusion, SetQuestions, IsIsNot, NamedSources,
)  # fmt: skip
